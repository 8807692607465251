// Allotments of a month under caps and tiers: a table of cases, and independence of the list's
// order.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { groupOf } from '../../../domain/commission/group.ts';
import fc from 'fast-check';
import { allotMonth, type RankedSlot } from '../../../domain/commission/allotment.ts';
import type { WireComponent } from '../../../domain/commission/terms.ts';
import { aVersion, NOON } from '../../support/builders.ts';

/**
 * CPA slots of one customer each, named by seconds after noon; `-` marks a charged back deposit.
 */
function rankedSlots(
  component: WireComponent,
  seconds: readonly string[],
  metric: bigint | null = null,
): RankedSlot[] {
  const version = aVersion({ components: [component] });
  const { terms } = version;
  return seconds.map((name) => {
    const eventId = name.replace('-', '');
    const common = {
      originalEventId: eventId,
      revision: 0,
      amountMinor: 100n,
      basisMinor: 100n,
      volumeE4: 0n,
      whole: true,
      fx: null,
      customer: null,
      payment: null,
      cancels: null,
    };
    const earned = { ...common, eventId, type: 'ftd' as const, occurredAt: NOON + Number(eventId) };
    const chargeback = { ...common, eventId: 'n', type: 'chargeback' as const, occurredAt: NOON + 999 };
    const groups = [groupOf([earned, ...(name.startsWith('-') ? [chargeback] : [])], version)];
    return { id: name, component: terms.components[0]!, terms, groups, metric };
  });
}

const tiers = (mode: 'marginal' | 'retroactive') => ({
  metric: 'ftd_count' as const,
  mode,
  steps: [
    { from: '0', amount: '1' },
    { from: '3', amount: '2' },
  ],
});

describe('monthly allotment', () => {
  const cases: readonly [string, WireComponent, readonly string[], readonly bigint[], bigint?][] = [
    ['a month without a cap pays every CPA', { kind: 'cpa', amount: '1' }, ['1', '2'], [100n, 100n]],
    [
      'a cap of two pays the two earliest deposits, however they are listed',
      { kind: 'cpa', amount: '1', cap: { count: 2 } },
      ['3', '1', '2'],
      [0n, 100n, 100n],
    ],
    [
      'a chargeback frees a place under the cap for the next deposit',
      { kind: 'cpa', amount: '1', cap: { count: 2 } },
      ['-1', '2', '3'],
      [0n, 100n, 100n],
    ],
    [
      'a cap by amount pays the last deposit the part that is left',
      { kind: 'cpa', amount: '1', cap: { amount: '2.50' } },
      ['1', '2', '3', '4'],
      [100n, 100n, 50n, 0n],
    ],
    [
      'of a cap by count and by amount, the one reached first applies',
      { kind: 'cpa', amount: '1', cap: { count: 3, amount: '1.20' } },
      ['1', '2', '3'],
      [100n, 20n, 0n],
    ],
    [
      'marginal tiers pay each CPA by its own place in the month',
      { kind: 'cpa', tiers: tiers('marginal') },
      ['1', '2', '3', '4'],
      [100n, 100n, 200n, 200n],
    ],
    [
      'retroactive tiers pay every CPA at the step that the month reached',
      { kind: 'cpa', tiers: tiers('retroactive') },
      ['1', '2', '3'],
      [200n, 200n, 200n],
    ],
    [
      'retroactive tiers fall to the lower step when a chargeback lowers the count',
      { kind: 'cpa', tiers: tiers('retroactive') },
      ['1', '2', '-3'],
      [100n, 100n, 0n],
    ],
    [
      'retroactive tiers by revenue pay every CPA at the step that revenue reached',
      {
        kind: 'cpa',
        amount: '1',
        tiers: { metric: 'revenue', mode: 'retroactive', steps: [{ from: '5', amount: '7' }] },
      },
      ['1', '2'],
      [700n, 700n],
      500n,
    ],
  ];
  for (const [title, component, names, expected, metric] of cases) {
    test(title, () => {
      const given = allotMonth(rankedSlots(component, names, metric));
      assert.deepEqual(
        names.map((name) => given.get(name)?.minor),
        expected,
      );
    });
  }

  test('allotments ignore the list’s order and pay out the cap, or every CPA below the cap', () => {
    const listed = fc.shuffledSubarray(['1', '2', '3', '4', '5', '6'], { minLength: 1 });
    fc.assert(
      fc.property(
        listed,
        fc.integer({ min: 1, max: 5 }),
        fc.bigInt({ min: 1n, max: 700n }),
        (names, count, most) => {
          const cap = { count, amount: `${most / 100n}.${String(most % 100n).padStart(2, '0')}` };
          const allotted = (order: readonly string[]) =>
            allotMonth(rankedSlots({ kind: 'cpa', amount: '1', cap }, order));
          const given = allotted(names);
          assert.deepEqual(given, allotted(names.toSorted()));
          const sum = [...given.values()].reduce((total, { minor }) => total + minor, 0n);
          const wanted = 100n * BigInt(Math.min(count, names.length));
          assert.equal(sum, wanted < most ? wanted : most);
        },
      ),
    );
  });
});
