// Whenever versions of deals are agreed, before the events of their time, between them or after, the books end the same.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hashOf } from '../../domain/slot.ts';
import { postedOf } from '../../domain/ledger.ts';
import type { WireTerms } from '../../domain/terms.ts';
import type { ClawbackPolicy, ConversionEvent, DealVersion, EventType } from '../../domain/types.ts';
import { anEvent, aVersion, DAY_MS } from '../support/builders.ts';
import { createMemorySettling, type MemorySettling } from '../support/memory-settling.ts';

const START = Date.UTC(2026, 1, 20);
const BOUND_TO = { c1: 'aff_a', c2: 'aff_a', c3: 'aff_b' };
const PARENTS = { aff_a: ['aff_p', 'aff_q'], aff_b: ['aff_p'] };

type Components = WireTerms['components'];

/** Components of one name in several shapes, so that versions continue, change and drop what others pay. */
const cpa = fc.constantFrom<Components>(
  [],
  [{ kind: 'cpa', amount: '50' }],
  [{ kind: 'cpa', amount: '40', min_amount: '1.00' }],
  [{ kind: 'cpa', amount: '30', cap: { count: 1 } }],
  [{ kind: 'cpa', on: ['ftd', 'deposit'], amount: '70', min_amount: '3.00', qualify: 'cumulative', within_days: 20 }],
  [{ kind: 'cpa', amount: '20', tiers: { metric: 'ftd_count', mode: 'retroactive', steps: [{ from: '2', amount: '25' }] } }],
);
const percent = fc.constantFrom<Components>(
  [],
  [{ kind: 'percent', on: 'sale', percent: '33.3333' }],
  [{ kind: 'percent', on: 'sale', percent: '10', cap: { amount: '0.25' } }],
  [{ kind: 'percent', on: ['sale', 'deposit'], percent: '5' }],
);
const share = fc.constantFrom<Components>(
  [],
  [{ kind: 'revshare', percent: '25' }],
  [{ kind: 'revshare', percent: '45.5555', negative: 'carry' }],
  [
    {
      kind: 'revshare',
      tiers: {
        metric: 'revenue',
        mode: 'marginal',
        steps: [
          { from: '0', percent: '20' },
          { from: '2', percent: '40' },
        ],
      },
    },
  ],
  [
    {
      kind: 'revshare',
      percent: '10',
      tiers: { metric: 'ftd_count', mode: 'retroactive', steps: [{ from: '1', percent: '30' }] },
    },
  ],
);
const policy = fc.constantFrom<ClawbackPolicy>('full', 'proportional', 'none');

const wire = fc
  .record({
    parts: fc.tuple(cpa, percent, share).filter((parts) => parts.some((part) => part.length > 0)),
    clawback: fc.record({
      days: fc.constantFrom(3, 90),
      chargeback: policy,
      refund: policy,
      bonus_abuse: policy,
      fraud: policy,
      account_closure: policy,
    }),
    payout: fc.constantFrom<WireTerms['payout']>('ignore', 'ignore', 'accept'),
    overrides: fc.constantFrom<WireTerms['overrides']>(
      undefined,
      undefined,
      [{ percent: '10' }],
      [{ percent: '5' }, { percent: '50' }],
    ),
  })
  .map(({ parts, ...rest }): Partial<WireTerms> => ({ ...rest, components: parts.flat() }));

/** Up to five versions of the default deal and of one of `aff_a`, in the order in which they are agreed, with dates in any order. */
const versions = fc
  .array(fc.record({ own: fc.boolean(), day: fc.nat({ max: 40 }), wire }), { minLength: 1, maxLength: 5 })
  .map((agreed) =>
    agreed.map(({ own, day, wire: form }, index): DealVersion => {
      const earlier = agreed.slice(0, index).filter((one) => one.own === own).length;
      const of = own ? { dealId: 'deal_own', affiliateId: 'aff_a' } : {};
      // A deal has one version of a date.
      return aVersion(form, { ...of, version: earlier + 1, effectiveFrom: START + day * DAY_MS + index });
    }),
  );

const reference = fc.nat({ max: 5 }).map((number) => `t-${number}`);
const customerId = fc.constantFrom(...Object.keys(BOUND_TO));
const occurredAt = fc.nat({ max: 40 }).map((day) => START + day * DAY_MS);
const cents = fc.bigInt({ min: 1n, max: 300n });

const conversion = fc
  .record({
    type: fc.constantFrom<EventType>('ftd', 'ftd', 'deposit', 'sale', 'sale', 'revenue', 'revenue'),
    transactionId: reference,
    customerId,
    amountMinor: cents,
    payoutMinor: fc.option(cents, { freq: 2 }),
    loses: fc.boolean(),
    occurredAt,
  })
  .map(({ loses, ...fields }) => ({
    ...fields,
    amountMinor: fields.type === 'revenue' && loses ? -fields.amountMinor : fields.amountMinor,
  }));

const against = fc.record({
  type: fc.constantFrom<EventType>('refund', 'chargeback', 'chargeback_won', 'fraud', 'bonus_abuse', 'account_closure'),
  reference: fc.option(reference, { freq: 4 }),
  customerId,
  amountMinor: fc.option(cents, { freq: 4 }),
  occurredAt,
});

type Step = { events: ConversionEvent[] } | { version: DealVersion };

const story = fc
  .record({
    versions,
    conversions: fc.uniqueArray(conversion, {
      minLength: 1,
      maxLength: 8,
      selector: ({ type, transactionId }) => `${type} ${transactionId}`,
    }),
    said: fc.array(against, { maxLength: 5 }),
    sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
    seed: fc.array(fc.nat(), { minLength: 13, maxLength: 13 }),
    places: fc.array(fc.nat(), { minLength: 5, maxLength: 5 }),
  })
  .map(({ versions: agreed, conversions, said, sizes, seed, places }) => {
    const events = [...conversions, ...said].map((fields: Partial<ConversionEvent>, index) =>
      anEvent({ ...fields, id: `evt_${String(index).padStart(2, '0')}` }),
    );
    const heard = events.map((event, index) => ({ event, at: seed[index]! })).toSorted((a, b) => a.at - b.at);
    const steps: Step[] = [];
    for (let at = 0, turn = 0; at < heard.length; turn++) {
      const size = sizes[turn % sizes.length]!;
      steps.push({ events: heard.slice(at, at + size).map(({ event }) => event) });
      at += size;
    }
    // Versions keep the order of their numbers, wherever they fall between the events.
    const where = agreed.map((_, index) => places[index]! % (steps.length + 1)).toSorted((a, b) => a - b);
    agreed.forEach((version, index) => steps.splice(where[index]! + index, 0, { version }));
    return { agreed, heard: heard.map(({ event }) => event), steps };
  });

function played(steps: readonly Step[]): MemorySettling {
  const settling = createMemorySettling([], { boundTo: BOUND_TO, parents: PARENTS });
  for (const step of steps) {
    if ('events' in step) settling.settle(step.events);
    else settling.agree(step.version, 2);
  }
  return settling;
}

/** What each slot holds, by its key; nothing for those that hold nothing. */
function booked({ slots }: MemorySettling): Map<string, bigint> {
  return new Map(
    Array.from(slots.values(), ({ name, money }) => [name.key, postedOf(money)] as const)
      .filter(([, minor]) => minor !== 0n)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

test('a month that a later agreement empties forgets no loss that was carried through it', () => {
  const revshare = (negative: 'carry' | 'reset', version: number, effectiveFrom: number): DealVersion =>
    aVersion({ components: [{ kind: 'revshare', percent: '50', negative }] }, { version, effectiveFrom });
  const revenue = (amountMinor: bigint, at: number): ConversionEvent =>
    anEvent({ type: 'revenue', customerId: 'c1', amountMinor, occurredAt: at });
  const [january, march, may] = [Date.UTC(2026, 0, 10), Date.UTC(2026, 2, 10), Date.UTC(2026, 4, 10)];
  const agreed = [revshare('carry', 1, 0), revshare('reset', 2, january + 1), revshare('carry', 3, january + 2)];
  const heard = [revenue(-100_00n, january), revenue(10_00n, march), revenue(70_00n, may)];
  const first = createMemorySettling(agreed, { boundTo: BOUND_TO });
  first.settle(heard);
  const later = createMemorySettling(agreed.slice(0, 2), { boundTo: BOUND_TO });
  later.settle(heard);
  later.agree(agreed[2]!);
  assert.deepEqual(booked(first), new Map());
  assert.deepEqual(booked(later), new Map());
});

const RUNS = 2000;

describe('versions agreed at any time between the events', () => {
  test('leave every slot and total as if they had been there first', () => {
    fc.assert(
      fc.property(story, ({ agreed, heard, steps }) => {
        const first = createMemorySettling(agreed, { boundTo: BOUND_TO, parents: PARENTS });
        first.settle(heard);
        assert.deepEqual(booked(played(steps)), booked(first));
      }),
      { numRuns: RUNS, includeErrorInReport: true },
    );
  });

  test('are told by deltas that add up to the books, of every conversion after it was created', () => {
    fc.assert(
      fc.property(story, ({ steps }) => {
        const settling = played(steps);
        const byAffiliate = new Map<string, bigint>();
        const created = new Set<string>();
        for (const {
          type,
          affiliateId,
          via,
          conversion: { id },
          event,
          deltaMinor,
        } of settling.messages) {
          if (type === 'conversion.created' && via === null) created.add(id);
          assert.ok(created.has(id), `${type} of ${id} before it was created`);
          if (type === 'conversion.adjusted') assert.deepEqual([event, deltaMinor === 0n], [null, false]);
          byAffiliate.set(affiliateId, (byAffiliate.get(affiliateId) ?? 0n) + deltaMinor);
        }
        for (const { affiliateId, money } of settling.slots.values())
          byAffiliate.set(affiliateId, (byAffiliate.get(affiliateId) ?? 0n) - postedOf(money));
        assert.deepEqual(
          [...byAffiliate.values()].filter((minor) => minor !== 0n),
          [],
        );
      }),
      { numRuns: RUNS / 4, includeErrorInReport: true },
    );
  });

  test('leave the sums of every slot as its facts say', () => {
    fc.assert(
      fc.property(story, ({ steps }) => {
        for (const { groups, sums, name } of played(steps).slots.values()) {
          const facts = [...groups.values()].flatMap(({ earned, others }) => [earned, ...others]);
          assert.equal(facts.length, sums.factsCount, name.key);
          assert.equal(
            facts.map(hashOf).reduce((a, b) => a ^ b, 0n),
            sums.factsHash,
            name.key,
          );
        }
      }),
      { numRuns: RUNS / 4, includeErrorInReport: true },
    );
  });
});
