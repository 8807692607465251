// Random customers, events and reversals of a history, as data: hours and shares, which a
// `HistoryBuilder` turns into calls.
import fc from 'fast-check';

const HOURS = 24 * 80;

/** Mostly nothing. */
export const seldom = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

export const customers = fc.record({
  affiliate: fc.nat(3),
  /** Without any a person may give one of the orphans to the affiliate. */
  evidence: fc.constantFrom('click', 'click', 'click', 'coupon', 'coupon', 'none'),
  /** Hours ago that the customer clicked, or sent the coupon. */
  since: fc.integer({ min: 48, max: HOURS }),
  /**
   * Whether a registration names the click; otherwise only what other events name binds the
   * customer.
   */
  registers: fc.boolean(),
  /** Later or earlier clicks, by hours after the first evidence. */
  rivals: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    {
      weight: 1,
      arbitrary: fc.array(fc.record({ affiliate: fc.nat(3), hours: fc.integer({ min: -300, max: 400 }) }), {
        minLength: 1,
        maxLength: 2,
      }),
    },
  ),
  movesTo: seldom(fc.nat(3)),
  movesAfter: fc.integer({ min: 3, max: 400 }),
  /** Which orphan a person assigns, and since how many hours before it. */
  assigned: fc.nat(),
  assignedFrom: fc.option(fc.integer({ min: 0, max: 600 }), { nil: undefined }),
});

const DECISIONS = ['none', 'none', 'none', 'none', 'none', 'void', 'unvoid', 'reject', 'unreject'] as const;
export type Decision = (typeof DECISIONS)[number];

const TYPES = ['ftd', 'deposit', 'revenue', 'revenue', 'trade', 'sale', 'kyc'] as const;

export const events = fc.record({
  customer: fc.nat(),
  type: fc.constantFrom(...TYPES),
  /** Hours after the click or coupon; below zero the event is nobody's. */
  after: fc.integer({ min: -30, max: 1500 }),
  isAtMonthEnd: fc.integer({ min: 0, max: 7 }).map((value) => value === 0),
  amount: fc.integer({ min: 1, max: 300_000 }),
  isLoss: fc.boolean(),
  currency: fc.constantFrom('USD', 'USD', 'USD', 'EUR'),
  names: fc.constantFrom('customer', 'both', 'click'),
  /** Which click is named: the customer's own, or one of its rivals. */
  rival: fc.constantFrom(0, 0, 1, 2),
  volume: fc.constantFrom('0.01', '0.5', '1', '2.25', '7'),
  symbol: fc.constantFrom<string | undefined>('XAUUSD', 'EURUSD'),
  payout: seldom(fc.integer({ min: 0, max: 5000 })),
  /** Of the payout, where it is another one than the amount's; there is no rate for GBP. */
  payoutCurrency: fc.constantFrom(undefined, undefined, 'USD', 'EUR', 'EUR', 'GBP'),
  amended: seldom(fc.integer({ min: 1, max: 300_000 })),
  /** Of a first deposit: the same payment told once more as a deposit, with another amount. */
  twin: seldom(
    fc.record({ amount: fc.integer({ min: 1, max: 300_000 }), after: fc.integer({ min: 0, max: 60 }) }),
  ),
  decision: fc.constantFrom(...DECISIONS),
});

export const reversals = fc.record({
  of: fc.nat(),
  type: fc.constantFrom('chargeback', 'chargeback', 'refund', 'fraud', 'bonus_abuse', 'account_closure'),
  share: fc.integer({ min: 1, max: 120 }),
  after: fc.integer({ min: 1, max: 1000 }),
  isByCustomer: fc.boolean(),
  /** Whether a reversal of a payment that was told twice names which of the two it means. */
  isOfOne: fc.boolean(),
  win: fc.option(fc.record({ after: fc.integer({ min: 1, max: 200 }), names: fc.boolean() }), {
    nil: undefined,
  }),
  decision: fc.constantFrom('none', 'none', 'none', 'void', 'unvoid'),
});

export type RandomEvent = typeof events extends fc.Arbitrary<infer T> ? T : never;
export type RandomCustomer = typeof customers extends fc.Arbitrary<infer T> ? T : never;
export type RandomReversal = typeof reversals extends fc.Arbitrary<infer T> ? T : never;
