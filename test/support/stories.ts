// Random deals and histories for properties of money: small numbers, few customers, days and
// transaction ids, so that events meet.
import fc from 'fast-check';
import type { FxRate } from '../../domain/ledger/fx.ts';
import { formatDecimal } from '../../domain/ledger/money.ts';
import {
  DEFAULT_CLAWBACK,
  type WireComponent,
  type WireTerms,
  type WireTiers,
} from '../../domain/commission/terms.ts';
import type { ConversionEvent, DealVersion, EventType } from '../../domain/types.ts';
import { anEvent, aVersion, DAY_MS, wireTerms } from './builders.ts';
import type { ModelRate, ModelVersion, World } from './commission-model.ts';

/** A history spans 75 days from here, over four months. */
export const START = Date.UTC(2026, 1, 20);
const DAYS = 75;

/**
 * Affiliate of each customer. `aff_a` is also a parent of `aff_b`, so it earns directly and by
 * parts.
 */
export const AFFILIATE_BY_CUSTOMER: Readonly<Record<string, string>> = {
  c1: 'aff_a',
  c2: 'aff_a',
  c3: 'aff_a',
  c4: 'aff_a',
  c5: 'aff_b',
};
export const PARENTS: Readonly<Record<string, readonly string[]>> = {
  aff_a: ['aff_p1', 'aff_p2', 'aff_p3', 'aff_p4', 'aff_p5'],
  aff_b: ['aff_a', 'aff_p1', 'aff_p2', 'aff_p3', 'aff_p4', 'aff_p5'],
};

/**
 * EUR changes its rate in mid-history and again at the end; JPY has other decimals; GBP has no
 * rate.
 */
export const RATES: readonly ModelRate[] = [
  { base: 'EUR', quote: 'USD', rate: '1.0833', asOf: START - DAY_MS },
  { base: 'EUR', quote: 'USD', rate: '1.25', asOf: START + 20 * DAY_MS },
  { base: 'EUR', quote: 'USD', rate: '0.999999999999', asOf: START + 50 * DAY_MS },
  { base: 'JPY', quote: 'USD', rate: '0.0067', asOf: START + 10 * DAY_MS },
  { base: 'USD', quote: 'EUR', rate: '0.9231', asOf: START - DAY_MS },
  { base: 'USD', quote: 'EUR', rate: '0.8', asOf: START + 25 * DAY_MS },
];

export const STORED_RATES: readonly FxRate[] = RATES.map(({ base, quote, rate, asOf }, index) => {
  const [whole, fraction = ''] = rate.split('.');
  return {
    id: `fx_${index}`,
    base,
    quote,
    rate,
    rateE12: BigInt(whole + fraction.padEnd(12, '0')),
    source: 'test',
    asOf,
  };
});

const cents = fc.bigInt({ min: 1n, max: 300n });
const amount = cents.map((minor) => formatDecimal(minor, 2));
const percent = fc.oneof(
  fc.constantFrom('10', '33.3333', '25'),
  fc.bigInt({ min: 0n, max: 1_200_000n }).map((ppm) => formatDecimal(ppm, 4)),
);
const fewLots = fc.bigInt({ min: 1n, max: 5_0000n }).map((volume) => formatDecimal(volume, 4));

/** Rising tier steps, the first not always at zero, each paying by `rate`. */
function tiers(
  metrics: readonly (readonly [WireTiers['metric'], WireTiers['mode']])[],
  pays: 'percent' | 'amount',
): fc.Arbitrary<WireTiers> {
  return fc.constantFrom(...metrics).chain(([metric, mode]) => {
    const from = { revenue: amount, volume: fewLots, ftd_count: fc.nat({ max: 4 }).map(String) }[metric];
    const step = fc.record({ from, rate: fc.oneof(fc.constant('0'), pays === 'percent' ? percent : amount) });
    return fc
      .uniqueArray(step, { minLength: 1, maxLength: 3, selector: (one) => Number(one.from) })
      .map((steps) => ({
        metric,
        mode,
        steps: steps
          .toSorted((a, b) => Number(a.from) - Number(b.from))
          .map(({ from: at, rate }) =>
            pays === 'percent' ? { from: at, percent: rate } : { from: at, amount: rate },
          ),
      }));
  });
}

const anyRetroactive = [
  ['revenue', 'retroactive'],
  ['volume', 'retroactive'],
  ['ftd_count', 'retroactive'],
] as const;
const sometimes = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined, freq: 1 });
const cap = fc.oneof(
  fc.record({ count: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ amount }),
  fc.record({ count: fc.integer({ min: 1, max: 3 }), amount }),
);

const cpa: fc.Arbitrary<WireComponent> = fc
  .record({
    on: fc.constantFrom<EventType[]>(['ftd'], ['ftd'], ['registration'], ['deposit', 'ftd']),
    amount,
    minimum: sometimes(amount),
    cumulative: sometimes(
      fc.record({ lots: sometimes(fewLots), days: sometimes(fc.integer({ min: 1, max: 30 })) }),
    ),
    tiers: sometimes(tiers([['ftd_count', 'marginal'], ...anyRetroactive], 'amount')),
    cap: sometimes(cap),
  })
  .map(({ on, minimum, cumulative, ...rest }) => {
    const cumulatively = cumulative && {
      qualify: 'cumulative' as const,
      min_amount: minimum ?? (cumulative.lots === undefined ? '0.50' : undefined),
      min_volume: cumulative.lots,
      within_days: cumulative.days,
    };
    return { kind: 'cpa' as const, on, ...rest, ...(cumulatively ?? { min_amount: minimum }) };
  });
const share: fc.Arbitrary<WireComponent> = fc
  .record({
    kind: fc.constant('revshare' as const),
    percent,
    negative: fc.constantFrom('carry', 'carry', 'reset'),
    tiers: sometimes(tiers([['revenue', 'marginal'], ...anyRetroactive], 'percent')),
    cap: sometimes(fc.record({ amount })),
    by: fc.constantFrom<'ngr' | 'commission'>('ngr', 'commission'),
  })
  .map(({ by, ...rest }) => ({ ...rest, carry_by: rest.negative === 'carry' ? by : undefined }));
const perLot: fc.Arbitrary<WireComponent> = fc.record({
  kind: fc.constant('per_lot' as const),
  amount: fc.oneof(
    amount,
    fc.bigInt({ min: 1n, max: 3_000_000n }).map((millionths) => formatDecimal(millionths, 6)),
  ),
  symbol_group: fc.constantFrom(undefined, undefined, 'metals'),
  symbols: fc.constantFrom(undefined, undefined, undefined, ['EUR*', 'XAU*']),
  tiers: sometimes(tiers([['volume', 'marginal'], ...anyRetroactive], 'amount')),
  cap: sometimes(fc.record({ amount })),
});
const percentage: fc.Arbitrary<WireComponent> = fc.record({
  kind: fc.constant('percent' as const),
  on: fc.constantFrom<EventType[]>(['sale'], ['sale'], ['sale', 'deposit']),
  percent,
  cap: sometimes(cap),
});

const policy = fc.constantFrom('full', 'proportional', 'none') satisfies fc.Arbitrary<string>;
const terms: fc.Arbitrary<WireTerms> = fc
  .record({
    components: fc.tuple(
      fc.array(cpa, { maxLength: 2 }),
      fc.array(share, { maxLength: 2 }),
      fc.array(percentage, { maxLength: 1 }),
      fc.array(perLot, { maxLength: 2 }),
    ),
    rounding: fc.constantFrom('half_even', 'half_up', 'down'),
    clawback: fc.record({
      days: fc.integer({ min: 0, max: 40 }),
      chargeback: policy,
      refund: policy,
      bonus_abuse: policy,
      fraud: policy,
      account_closure: policy,
    }),
    payout: fc.constantFrom('ignore', 'ignore', 'accept', 'require'),
    overrides: fc.array(fc.record({ percent }), { maxLength: 5 }),
  })
  .map(({ components, ...rest }) => wireTerms({ ...rest, components: components.flat() }))
  .filter(({ components }) => components.length > 0);

/** A deal of one to three versions; later versions begin in the middle of the history. */
export const deal: fc.Arbitrary<ModelVersion[]> = fc
  .uniqueArray(fc.record({ day: fc.integer({ min: 5, max: DAYS }), terms }), {
    minLength: 1,
    maxLength: 3,
    selector: ({ day }) => day,
  })
  .map((all) =>
    all.map(({ day, terms: of }, index) => ({
      version: index + 1,
      from: index === 0 ? 0 : START + day * DAY_MS,
      terms: of,
    })),
  );

export function versionsOf(versions: readonly ModelVersion[]): DealVersion[] {
  return versions.map(({ version, from, terms: of }) => aVersion(of, { version, effectiveFrom: from }));
}

export function worldOf(versions: readonly ModelVersion[]): World {
  return {
    versions,
    rates: RATES,
    affiliateOf: (customer) => AFFILIATE_BY_CUSTOMER[customer]!,
    parentsOf: (affiliate) => PARENTS[affiliate] ?? [],
  };
}

/** A revenue share, a percentage, a CPA and a payment per lot, none of which affects another. */
export const PLAIN: readonly ModelVersion[] = [
  {
    version: 1,
    from: 0,
    terms: wireTerms({
      clawback: { ...DEFAULT_CLAWBACK, days: 20 },
      components: [
        { kind: 'cpa', amount: '200.01', min_amount: '1' },
        { kind: 'revshare', percent: '25' },
        { kind: 'percent', on: 'sale', percent: '33.3333' },
        { kind: 'per_lot', on: 'trade', amount: '4.01' },
      ],
    }),
  },
  {
    version: 2,
    from: START + 15 * DAY_MS,
    terms: wireTerms({
      rounding: 'half_up',
      clawback: { ...DEFAULT_CLAWBACK, days: 5, refund: 'full' },
      components: [
        { kind: 'cpa', amount: '300', min_amount: '0.50' },
        { kind: 'revshare', percent: '45.5555' },
        { kind: 'percent', on: 'sale', percent: '10' },
        { kind: 'per_lot', on: 'trade', amount: '5' },
      ],
    }),
  },
];

const reference = fc.nat({ max: 9 }).map((number) => `t-${number}`);
const customerId = fc.constantFrom(...Object.keys(AFFILIATE_BY_CUSTOMER));
const occurredAt = fc.oneof(
  fc.nat({ max: DAYS }).map((day) => START + day * DAY_MS),
  // Last moment of a month, and first of the next.
  fc.constantFrom(
    Date.UTC(2026, 2, 1) - 1,
    Date.UTC(2026, 2, 1),
    Date.UTC(2026, 3, 1) - 1,
    Date.UTC(2026, 3, 1),
  ),
);

const conversion = fc
  .record({
    type: fc.constantFrom<EventType>(
      'ftd',
      'ftd',
      'registration',
      'deposit',
      'sale',
      'revenue',
      'revenue',
      'trade',
      'kyc',
    ),
    transactionId: reference,
    customerId,
    amountMinor: cents,
    volumeE4: fc.bigInt({ min: 0n, max: 3_0000n }),
    symbol: fc.constantFrom(null, 'XAUUSD', 'EURUSD', 'BTCUSD'),
    symbolGroup: fc.constantFrom(null, 'metals', 'majors'),
    operatorPayoutMinor: fc.option(cents, { freq: 1 }),
    operatorPayoutCurrency: fc.constantFrom(null, null, 'USD', 'EUR', 'GBP'),
    loses: fc.boolean(),
    occurredAt,
  })
  .map(({ loses, ...fields }) => ({
    ...fields,
    amountMinor: fields.type === 'revenue' && loses ? -fields.amountMinor : fields.amountMinor,
  }));

const NEGATIVE: EventType[] = ['refund', 'chargeback', 'fraud', 'bonus_abuse', 'account_closure'];
const byReference = fc.record({
  type: fc.constantFrom<EventType>('refund', 'refund', 'chargeback_won', ...NEGATIVE),
  reference,
  referenceType: fc.constantFrom<EventType | null>(null, null, 'sale', 'ftd', 'revenue'),
  customerId: fc.option(customerId),
  amountMinor: fc.option(cents),
  occurredAt,
});
const byCustomer = fc.record({
  type: fc.constantFrom<EventType>(
    'chargeback',
    'chargeback',
    'refund',
    'bonus_abuse',
    'fraud',
    'account_closure',
  ),
  referenceType: fc.constantFrom<EventType | null>(null, null, null, 'sale', 'ftd'),
  customerId,
  amountMinor: fc.option(cents),
  occurredAt,
});

const disputeNumber = fc.nat({ max: 9 });

type Fields = Partial<ConversionEvent>;

const single = (fields: Fields): Fields[] => [fields];
/** A chargeback that the operator won. */
const dispute = byReference.map((fields): Fields[] => [
  { ...fields, type: 'chargeback' },
  { ...fields, type: 'chargeback_won' },
]);

/** A chargeback, and a win that names it by its own id and may come before it. */
const namedDispute = fc
  .record({
    number: disputeNumber,
    ofCustomer: fc.boolean(),
    customerId,
    charged: fc.option(cents),
    won: fc.option(cents),
    chargedAt: occurredAt,
    wonAt: occurredAt,
  })
  .map(({ number, ofCustomer, charged, won, chargedAt, wonAt, ...of }): Fields[] => {
    const transactionId = ofCustomer ? `cb-c${number}` : `cb-${number}`;
    const about = ofCustomer ? of : { customerId: null, reference: `t-${number}` };
    return [
      { type: 'chargeback', transactionId, ...about, amountMinor: charged, occurredAt: chargedAt },
      {
        type: 'chargeback_won',
        customerId: null,
        reference: transactionId,
        amountMinor: ofCustomer ? null : won,
        occurredAt: wonAt,
      },
    ];
  });

/**
 * Events with different keys, as intake accepts them. A reversal is in the currency of its
 * conversion: other currencies need a rate or wait, which example tests cover.
 */
export const history: fc.Arbitrary<ConversionEvent[]> = fc
  .record({
    conversions: fc.uniqueArray(conversion, {
      minLength: 1,
      maxLength: 14,
      selector: ({ type, transactionId }) => `${type} ${transactionId}`,
    }),
    reversals: fc
      .array(fc.oneof(byReference.map(single), byCustomer.map(single), dispute, namedDispute), {
        maxLength: 7,
      })
      .map(withoutRepeats),
  })
  .map(({ conversions, reversals }) =>
    [...conversions.map(inOneCurrency), ...reversals.flat().map(inOneCurrency)].map((fields: Fields, index) =>
      anEvent({ ...fields, id: `evt_${String(index).padStart(2, '0')}` }),
    ),
  );

/** Leaves out chargebacks under a transaction id that another one has. */
function withoutRepeats(all: readonly Fields[][]): Fields[][] {
  const seen = new Set<string>();
  return all.filter(([{ transactionId } = {}]) => {
    if (transactionId == null) return true;
    const isNew = !seen.has(transactionId);
    seen.add(transactionId);
    return isNew;
  });
}

/**
 * Gives every transaction id one currency, so that a reference names amounts in one currency only.
 */
function inOneCurrency(fields: Fields): Fields {
  const id = (fields.transactionId ?? fields.reference ?? 't-0').replace('cb-', 't-');
  return {
    ...fields,
    currency: ({ 't-7': 'EUR', 't-8': 'JPY', 't-9': 'GBP' } as Record<string, string>)[id] ?? 'USD',
  };
}

/**
 * The same events as intake may receive them: in any order, some repeated, in batches of these
 * sizes.
 */
export function intakeBatchesOf(events: readonly ConversionEvent[]): fc.Arbitrary<ConversionEvent[][]> {
  return fc
    .record({
      arrivals: fc
        .tuple(fc.shuffledSubarray([...events], { minLength: events.length }), fc.subarray([...events]))
        .chain(([all, repeated]) =>
          fc.shuffledSubarray([...all, ...repeated], { minLength: all.length + repeated.length }),
        ),
      sizes: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 }),
    })
    .map(({ arrivals, sizes }) => inBatches(arrivals, sizes));
}

export function inBatches<Item>(items: readonly Item[], sizes: readonly number[]): Item[][] {
  const batches: Item[][] = [];
  for (let at = 0, turn = 0; at < items.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    batches.push(items.slice(at, at + size));
    at += size;
  }
  return batches;
}
