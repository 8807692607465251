// Whatever the order and the batches in which a history is heard of, and however often, it comes to the same money: that of the model.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hashOf } from '../../domain/books.ts';
import { postedOf } from '../../domain/ledger.ts';
import type { WireTerms } from '../../domain/terms.ts';
import type { ConversionEvent, EventType } from '../../domain/types.ts';
import { formatDecimal } from '../../domain/money.ts';
import { anEvent, aVersion, DAY_MS } from '../support/builders.ts';
import { expectedEarnings, type ModelDeal } from '../support/commission-model.ts';
import { createMemorySettling, type MemorySettling } from '../support/memory-settling.ts';

const START = Date.UTC(2026, 1, 20);
const BOUND_TO: Record<string, string> = { c1: 'aff_a', c2: 'aff_a', c3: 'aff_b' };

const DEALS: readonly ModelDeal[] = [
  {
    from: 0,
    rounding: 'half_even',
    cpaMinor: 200_01n,
    minimumMinor: 100n,
    revenuePpm: 250_000n,
    salePpm: 333_333n,
    perLotMinor: 4_01n,
    windowDays: 20,
    refundsInFull: false,
  },
  {
    from: START + 15 * DAY_MS,
    rounding: 'half_up',
    cpaMinor: 300_00n,
    minimumMinor: 50n,
    revenuePpm: 455_555n,
    salePpm: 100_000n,
    perLotMinor: 5_00n,
    windowDays: 5,
    refundsInFull: true,
  },
];

const VERSIONS = DEALS.map((deal, index) => aVersion(wireOf(deal), { version: index + 1, effectiveFrom: deal.from }));

function wireOf(deal: ModelDeal): Partial<WireTerms> {
  const percent = (ppm: bigint): string => formatDecimal(ppm, 4);
  const full = { chargeback: 'full', bonus_abuse: 'full', fraud: 'full', account_closure: 'none' } as const;
  return {
    rounding: deal.rounding,
    clawback: { days: deal.windowDays, refund: deal.refundsInFull ? 'full' : 'proportional', ...full },
    components: [
      { kind: 'cpa', amount: formatDecimal(deal.cpaMinor, 2), min_amount: formatDecimal(deal.minimumMinor, 2) },
      { kind: 'revshare', on: 'revenue', percent: percent(deal.revenuePpm) },
      { kind: 'percent', on: 'sale', percent: percent(deal.salePpm) },
      { kind: 'per_lot', on: 'trade', amount: formatDecimal(deal.perLotMinor, 2) },
    ],
  };
}

// Few transaction ids, customers and days, so that events meet.
const reference = fc.nat({ max: 7 }).map((number) => `t-${number}`);
const customerId = fc.constantFrom(...Object.keys(BOUND_TO));
const occurredAt = fc.nat({ max: 40 }).map((day) => START + day * DAY_MS);
const cents = fc.bigInt({ min: 1n, max: 300n });

const conversion = fc
  .record({
    type: fc.constantFrom<EventType>('ftd', 'sale', 'revenue', 'trade', 'kyc'),
    transactionId: reference,
    customerId,
    amountMinor: cents,
    volumeE4: fc.bigInt({ min: 0n, max: 3_0000n }),
    loses: fc.boolean(),
    occurredAt,
  })
  .map(({ loses, ...fields }) => ({
    ...fields,
    amountMinor: fields.type === 'revenue' && loses ? -fields.amountMinor : fields.amountMinor,
  }));

const byReference = fc.record({
  type: fc.constantFrom<EventType>('refund', 'chargeback', 'chargeback_won', 'fraud', 'account_closure'),
  reference,
  referenceType: fc.constantFrom<EventType | null>(null, null, 'sale', 'ftd', 'revenue'),
  customerId: fc.option(customerId),
  amountMinor: fc.option(cents),
  occurredAt,
});

const byCustomer = fc.record({
  type: fc.constantFrom<EventType>('chargeback', 'bonus_abuse', 'fraud', 'account_closure'),
  customerId,
  amountMinor: fc.option(cents),
  occurredAt,
});

type Fields = Partial<ConversionEvent>;

/** Events with different keys, as intake lets in, and the batches in which they are heard of: some twice, in any order. */
const story = fc
  .record({
    conversions: fc.uniqueArray(conversion, {
      minLength: 1,
      maxLength: 10,
      selector: ({ type, transactionId }) => `${type} ${transactionId}`,
    }),
    against: fc.array(fc.oneof(byReference, byCustomer), { maxLength: 6 }),
  })
  .map(({ conversions, against }): ConversionEvent[] =>
    [...conversions, ...against].map((fields: Fields, index) => anEvent({ ...fields, id: `evt_${index}` })),
  )
  .chain((history) =>
    fc.record({
      history: fc.constant(history),
      heard: fc
        .tuple(fc.shuffledSubarray(history, { minLength: history.length }), fc.subarray(history))
        .chain(([all, repeated]) => fc.shuffledSubarray([...all, ...repeated], { minLength: all.length + repeated.length })),
      sizes: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 }),
    }),
  );

function settleInBatches(heard: readonly ConversionEvent[], sizes: readonly number[]): MemorySettling {
  const settling = createMemorySettling(VERSIONS, { boundTo: BOUND_TO });
  for (let at = 0, turn = 0; at < heard.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    settling.settle(heard.slice(at, at + size));
    at += size;
  }
  return settling;
}

/** What is booked, in the words of the model. */
function earningsOf({ slots }: MemorySettling): Map<string, bigint> {
  const earnings = new Map<string, bigint>();
  for (const { name, affiliateId, version, money, groups } of slots.values()) {
    const [conversionId] = groups.keys();
    const monthly = `${affiliateId} ${name.period} from ${version.effectiveFrom}`;
    const words = {
      cpa: `cpa ${name.key.split(' ').at(-1)}`,
      percent: `percent ${conversionId}`,
      revshare: `revenue ${monthly}`,
      per_lot: `trade ${monthly}`,
    };
    if (postedOf(money) !== 0n) earnings.set(words[name.kind as keyof typeof words], postedOf(money));
  }
  return earnings;
}

describe('a history heard of in any order, in any batches, some of it twice', () => {
  /** Runs a check over many stories; on failure fast-check prints the seed and path that repeat it. */
  const always = (
    check: (settling: MemorySettling, told: { history: ConversionEvent[]; inOrder: MemorySettling }) => void,
  ): void => {
    fc.assert(
      fc.property(story, ({ history, heard, sizes }) => {
        const inOrder = settleInBatches(
          history.toSorted((a, b) => a.occurredAt - b.occurredAt),
          [history.length],
        );
        check(settleInBatches(heard, sizes), { history, inOrder });
      }),
      { numRuns: 300, includeErrorInReport: true },
    );
  };

  test('earns what the model says', () => {
    always((settling, { history }) => {
      const expected = expectedEarnings(history, DEALS, (customer) => BOUND_TO[customer ?? '']!);
      assert.deepEqual(earningsOf(settling), expected);
    });
  });

  test('leaves the same facts, sums and deal versions behind as in one batch in order', () => {
    const sumsOf = ({ slots }: MemorySettling) =>
      Array.from(
        slots.values(),
        ({ name, sums, version, holdUntil }) => [name.key, sums, version.version, holdUntil] as const,
      ).sort(([a], [b]) => (a < b ? -1 : 1));
    always((settling, { inOrder }) => {
      assert.deepEqual(sumsOf(settling), sumsOf(inOrder));
      for (const { groups, sums, name } of settling.slots.values()) {
        const facts = [...groups.values()].flatMap(({ earned, others }) => [earned, ...others]);
        assert.equal(facts.length, sums.factsCount, name.key);
        assert.equal(
          facts.map(hashOf).reduce((a, b) => a ^ b),
          sums.factsHash,
          name.key,
        );
      }
    });
  });

  test('leaves the same events settled', () => {
    const statuses = ({ outcomes }: MemorySettling) => new Map(Array.from(outcomes, ([id, { status }]) => [id, status] as const));
    always((settling, { inOrder }) => assert.deepEqual(statuses(settling), statuses(inOrder)));
  });

  test('is told by deltas that add up to the books, each conversion before what takes it back', () => {
    always((settling) => {
      const byAffiliate = new Map<string, bigint>();
      const byConversion = new Map<string, bigint>();
      for (const {
        type,
        affiliateId,
        conversion: { id, amountMinor },
        deltaMinor,
        payoutMinor,
      } of settling.messages) {
        assert.equal(type === 'conversion.created', !byConversion.has(id), 'a conversion is created once, and first');
        byAffiliate.set(affiliateId, (byAffiliate.get(affiliateId) ?? 0n) + deltaMinor);
        byConversion.set(id, (byConversion.get(id) ?? 0n) + deltaMinor);
        assert.equal(byConversion.get(id), payoutMinor);
        // What a player won lowers a month; taking it back raises it again.
        assert.ok(type !== 'conversion.reversed' || deltaMinor <= 0n || amountMinor! < 0n, 'a reversal takes');
      }
      for (const { affiliateId, money } of settling.slots.values()) {
        byAffiliate.set(affiliateId, byAffiliate.get(affiliateId)! - postedOf(money));
      }
      assert.deepEqual(
        [...byAffiliate.values()].filter((minor) => minor !== 0n),
        [],
      );
      assert.deepEqual(
        new Map(Array.from(settling.told, ([key, { payoutMinor }]) => [key.split(' ')[0]!, payoutMinor])),
        byConversion,
      );
    });
  });

  test('is booked by transfers that explain every slot, numbered without a gap, and never takes more than it gave', () => {
    always((settling) => {
      for (const { id, money, transfersCount } of settling.slots.values()) {
        const postings = settling.postings.filter(({ slot }) => slot.id === id);
        assert.deepEqual(
          postings.map(({ seq }) => seq),
          Array.from({ length: transfersCount }, (_, index) => index + 1),
        );
        let booked = 0n;
        for (const { debit, amountMinor } of postings) {
          assert.ok(amountMinor > 0n);
          booked += debit === 'expense' ? amountMinor : -amountMinor;
          assert.ok(booked >= 0n);
        }
        assert.equal(booked, postedOf(money));
      }
    });
  });
});
