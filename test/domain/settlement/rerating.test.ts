// Whenever versions of deals are agreed, before the events of their time, between them or after,
// and however often events are amended, the books end the same.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { postedOf } from '../../../domain/ledger/transfers.ts';
import { hashOf } from '../../../domain/settlement/slot.ts';
import type { WireTerms } from '../../../domain/commission/terms.ts';
import {
  type ClawbackPolicy,
  type ConversionEvent,
  type DealVersion,
  type EventType,
  isConversion,
} from '../../../domain/types.ts';
import { anEvent, aVersion, DAY_MS } from '../../support/builders.ts';
import { createMemorySettling, type MemorySettling } from '../../support/memory-store.ts';

const START = Date.UTC(2026, 1, 20);
const BOUND_TO = { c1: 'aff_a', c2: 'aff_a', c3: 'aff_b' };
const PARENTS = { aff_a: ['aff_p', 'aff_q'], aff_b: ['aff_p'] };

type Components = WireTerms['components'];

/**
 * Components of one name in several shapes, so that versions continue, change and drop what others
 * pay.
 */
const cpa = fc.constantFrom<Components>(
  [],
  [{ kind: 'cpa', amount: '50' }],
  [{ kind: 'cpa', amount: '40', min_amount: '1.00' }],
  [{ kind: 'cpa', amount: '30', cap: { count: 1 } }],
  [
    {
      kind: 'cpa',
      on: ['ftd', 'deposit'],
      amount: '70',
      min_amount: '3.00',
      qualify: 'cumulative',
      within_days: 20,
    },
  ],
  [
    {
      kind: 'cpa',
      amount: '20',
      tiers: { metric: 'ftd_count', mode: 'retroactive', steps: [{ from: '2', amount: '25' }] },
    },
  ],
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

/**
 * Up to five versions of the default deal and of one of `aff_a`, in the order in which they are
 * agreed, with dates in any order.
 */
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
    operatorPayoutMinor: fc.option(cents, { freq: 2 }),
    loses: fc.boolean(),
    occurredAt,
  })
  .map(({ loses, ...fields }) => ({
    ...fields,
    amountMinor: fields.type === 'revenue' && loses ? -fields.amountMinor : fields.amountMinor,
  }));

const negativeFields = fc.record({
  type: fc.constantFrom<EventType>(
    'refund',
    'chargeback',
    'chargeback_won',
    'fraud',
    'bonus_abuse',
    'account_closure',
  ),
  reference: fc.option(reference, { freq: 4 }),
  customerId,
  amountMinor: fc.option(cents, { freq: 4 }),
  occurredAt,
});

/** Values of a conversion before its amendment. */
const draft = fc.record({
  amountMinor: fc.option(fc.bigInt({ min: 0n, max: 300n }), { freq: 6 }),
  operatorPayoutMinor: fc.option(cents, { freq: 2 }),
});
type Values = Pick<ConversionEvent, 'amountMinor' | 'operatorPayoutMinor'>;

type Amendment = { eventId: string; values: Values; number: number };
type Step = { events: ConversionEvent[] } | { version: DealVersion } | { amendment: Amendment };

/**
 * The same steps, but some conversions are first sent with other values (drafts) and amended to
 * their own later: each somewhere after its own event, in order.
 */
function withDrafts(
  steps: readonly Step[],
  drafts: readonly { index: number; values: Values; wait: number }[],
): Step[] {
  let all = [...steps];
  for (const index of new Set(drafts.map((one) => one.index))) {
    const id = idOf(index);
    const at = all.findIndex(
      (step) => 'events' in step && step.events.some((event) => event.id === id && isConversion(event.type)),
    );
    if (at < 0) continue;
    const own = drafts.filter((one) => one.index === index);
    const { events } = all[at] as { events: ConversionEvent[] };
    const { amountMinor, operatorPayoutMinor } = events.find((event) => event.id === id)!;
    const first = {
      events: events.map((event) => (event.id === id ? { ...event, ...own[0]!.values } : event)),
    };
    all = all.with(at, first);
    const values = [...own.slice(1).map((one) => one.values), { amountMinor, operatorPayoutMinor }];
    values.reduce((after, value, turn) => {
      const place = after + 1 + (own[turn]!.wait % (all.length - after));
      all.splice(place, 0, { amendment: { eventId: id, values: value, number: turn + 1 } });
      return place;
    }, at);
  }
  return all;
}

const idOf = (index: number): string => `evt_${String(index).padStart(2, '0')}`;

const story = fc
  .record({
    versions,
    conversions: fc.uniqueArray(conversion, {
      minLength: 1,
      maxLength: 8,
      selector: ({ type, transactionId }) => `${type} ${transactionId}`,
    }),
    negativeEvents: fc.array(negativeFields, { maxLength: 5 }),
    sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
    seed: fc.array(fc.nat(), { minLength: 13, maxLength: 13 }),
    places: fc.array(fc.nat(), { minLength: 5, maxLength: 5 }),
    drafts: fc.array(fc.record({ index: fc.nat({ max: 7 }), values: draft, wait: fc.nat() }), {
      maxLength: 4,
    }),
  })
  .map(({ versions: agreed, conversions, negativeEvents, sizes, seed, places, drafts }) => {
    const events = [...conversions, ...negativeEvents].map((fields: Partial<ConversionEvent>, index) =>
      anEvent({ ...fields, id: idOf(index) }),
    );
    const arrivals = events
      .map((event, index) => ({ event, at: seed[index]! }))
      .toSorted((a, b) => a.at - b.at);
    const steps: Step[] = [];
    for (let at = 0, turn = 0; at < arrivals.length; turn++) {
      const size = sizes[turn % sizes.length]!;
      steps.push({ events: arrivals.slice(at, at + size).map(({ event }) => event) });
      at += size;
    }
    // Versions keep the order of their numbers, wherever they fall between the events.
    const where = agreed.map((_, index) => places[index]! % (steps.length + 1)).toSorted((a, b) => a - b);
    agreed.forEach((version, index) => steps.splice(where[index]! + index, 0, { version }));
    return { agreed, arrivals: arrivals.map(({ event }) => event), steps: withDrafts(steps, drafts) };
  });

function played(steps: readonly Step[]): MemorySettling {
  const settling = createMemorySettling([], { affiliateByCustomer: BOUND_TO, parents: PARENTS });
  for (const step of steps) {
    if ('events' in step) settling.settle(step.events);
    else if ('version' in step) settling.addVersion(step.version, 2);
    else settling.amend(step.amendment.eventId, step.amendment.values);
  }
  return settling;
}

/** Booked amount of each slot by key; empty slots are absent. */
function booked({ slots }: MemorySettling): Map<string, bigint> {
  return new Map(
    Array.from(slots.values(), ({ name, money }) => [name.key, postedOf(money)] as const)
      .filter(([, minor]) => minor !== 0n)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

const RUNS = 2000;

test('a month whose conversions all came to another version makes no loss of another month forgotten', () => {
  const of = { dealId: 'deal_own', affiliateId: 'aff_a' };
  const paying = (negative: 'reset' | 'carry', rate: string) => ({
    components: [{ kind: 'revshare' as const, percent: rate, negative }],
  });
  const first = aVersion(paying('reset', '25'), { ...of, version: 1, effectiveFrom: START });
  const second = aVersion(paying('carry', '50'), { ...of, version: 2, effectiveFrom: START + 1 });
  const revenue = (id: string, day: number, amountMinor: bigint) =>
    anEvent({
      id,
      type: 'revenue',
      transactionId: id,
      customerId: 'c1',
      amountMinor,
      occurredAt: START + day * DAY_MS,
    });
  const settling = createMemorySettling([first], { affiliateByCustomer: BOUND_TO });
  settling.settle([revenue('evt_march', 10, 10_00n)]);
  settling.addVersion(second);
  settling.settle([revenue('evt_february', 1, -4_00n)]);
  assert.deepEqual([...booked(settling).values()], [3_00n]);
});

describe('deal versions agreed and events amended at any time', () => {
  test('versions and amendments at any time leave every slot and total as if they had applied from the start', () => {
    fc.assert(
      fc.property(story, ({ agreed, arrivals, steps }) => {
        const first = createMemorySettling(agreed, { affiliateByCustomer: BOUND_TO, parents: PARENTS });
        first.settle(arrivals);
        assert.deepEqual(booked(played(steps)), booked(first));
      }),
      { numRuns: RUNS, includeErrorInReport: true },
    );
  });

  test('versions and amendments at any time have reported deltas that add up to the balances, each conversion first as created', () => {
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

  test('versions and amendments at any time leave the sums of every slot equal to those of its facts', () => {
    fc.assert(
      fc.property(story, ({ steps }) => {
        const settling = played(steps);
        for (const { sums, name } of settling.slots.values()) {
          const facts = settling.facts.get(name.key) ?? [];
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
