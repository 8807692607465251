// What a month's caps and steps leave to each of its members, as a table: by their places in time, not by their places in the list.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { allotMonth, type RankedSlot } from '../../../domain/commission/allotment.ts';
import type { WireComponent } from '../../../domain/commission/terms.ts';
import { aVersion, NOON } from '../../support/builders.ts';

/** CPAs of one customer each, `seconds` after noon; a member named with `-` was charged back. */
function members(
  component: WireComponent,
  seconds: readonly string[],
  metric: bigint | null = null,
): RankedSlot[] {
  const version = aVersion({ components: [component] });
  const { terms } = version;
  return seconds.map((name) => {
    const eventId = name.replace('-', '');
    const about = {
      originalEventId: eventId,
      rating: null,
      amountMinor: 100n,
      basisMinor: 100n,
      volumeE4: 0n,
      whole: true,
      fx: null,
      customer: null,
    };
    const earned = { ...about, eventId, type: 'ftd' as const, occurredAt: NOON + Number(eventId) };
    const against = { ...about, eventId: 'n', type: 'chargeback' as const, occurredAt: NOON + 999 };
    const groups = [{ earned, version, others: name.startsWith('-') ? [against] : [] }];
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

describe('a month leaves', () => {
  const cases: readonly [string, WireComponent, readonly string[], readonly bigint[], bigint?][] = [
    ['everything without a cap', { kind: 'cpa', amount: '1' }, ['1', '2'], [100n, 100n]],
    [
      'the first two their pay',
      { kind: 'cpa', amount: '1', cap: { count: 2 } },
      ['3', '1', '2'],
      [0n, 100n, 100n],
    ],
    [
      'a place to the next when one is charged back',
      { kind: 'cpa', amount: '1', cap: { count: 2 } },
      ['-1', '2', '3'],
      [0n, 100n, 100n],
    ],
    [
      'the last one a part of what an amount allows',
      { kind: 'cpa', amount: '1', cap: { amount: '2.50' } },
      ['1', '2', '3', '4'],
      [100n, 100n, 50n, 0n],
    ],
    [
      'whichever of two caps is reached first',
      { kind: 'cpa', amount: '1', cap: { count: 3, amount: '1.20' } },
      ['1', '2', '3'],
      [100n, 20n, 0n],
    ],
    [
      'each the step of its own place',
      { kind: 'cpa', tiers: tiers('marginal') },
      ['1', '2', '3', '4'],
      [100n, 100n, 200n, 200n],
    ],
    [
      'all the step that was reached',
      { kind: 'cpa', tiers: tiers('retroactive') },
      ['1', '2', '3'],
      [200n, 200n, 200n],
    ],
    [
      'all the lower step after a chargeback',
      { kind: 'cpa', tiers: tiers('retroactive') },
      ['1', '2', '-3'],
      [100n, 100n, 0n],
    ],
    [
      'all the step that something else has reached',
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
      const given = allotMonth(members(component, names, metric));
      assert.deepEqual(
        names.map((name) => given.get(name)?.minor),
        expected,
      );
    });
  }

  test('the same to everybody however they are listed, never more than the cap, and nothing to spare while it is not reached', () => {
    const listed = fc.shuffledSubarray(['1', '2', '3', '4', '5', '6'], { minLength: 1 });
    fc.assert(
      fc.property(
        listed,
        fc.integer({ min: 1, max: 5 }),
        fc.bigInt({ min: 1n, max: 700n }),
        (names, count, most) => {
          const cap = { count, amount: `${most / 100n}.${String(most % 100n).padStart(2, '0')}` };
          const of = (order: readonly string[]) =>
            allotMonth(members({ kind: 'cpa', amount: '1', cap }, order));
          const given = of(names);
          assert.deepEqual(given, of(names.toSorted()));
          const sum = [...given.values()].reduce((total, { minor }) => total + minor, 0n);
          const wanted = 100n * BigInt(Math.min(count, names.length));
          assert.equal(sum, wanted < most ? wanted : most);
        },
      ),
    );
  });
});
