// Property: a cumulative CPA counts a payment that is told as ftd and as deposit once, whatever
// arrives, is amended or refunded in whatever order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { WireComponent } from '../../../domain/commission/terms.ts';
import type { ConversionEvent, EventType } from '../../../domain/types.ts';
import { anEvent, aVersion, DAY_MS, NOON } from '../../support/builders.ts';
import { createMemorySettling } from '../../support/memory-store.ts';
import { totalOf } from '../../support/settle-in-memory.ts';

const AFFILIATES = { anna: 'aff_a', ben: 'aff_a', carla: 'aff_b' } as const;
type Customer = keyof typeof AFFILIATES;
const CUSTOMERS = Object.keys(AFFILIATES) as Customer[];
const AMOUNT = 80_00n;

const cents = fc.bigInt({ min: 1n, max: 150n });
const day = fc.nat({ max: 40 });
const transaction = fc.constantFrom('p1', 'p2', 'p3', 'p4');

/** Deposits as they stand in the end; `before`: the amount until it is amended. */
const deposit = fc.record({
  type: fc.constantFrom<EventType>('ftd', 'deposit'),
  customer: fc.constantFrom(...CUSTOMERS),
  transactionId: transaction,
  amountMinor: cents,
  before: fc.option(cents),
  day,
});
/** Refunds name an id, and sometimes one of the two types that may have it. */
const refund = fc.record({
  reference: transaction,
  referenceType: fc.option(fc.constantFrom<EventType>('ftd', 'deposit')),
  amountMinor: cents,
});
const story = fc
  .record({
    minimum: fc.bigInt({ min: 1n, max: 400n }),
    withinDays: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
    // A transaction id comes once per type.
    deposits: fc.uniqueArray(deposit, {
      minLength: 1,
      maxLength: 8,
      selector: ({ type, transactionId }) => `${type} ${transactionId}`,
    }),
    refunds: fc.array(refund, { maxLength: 3 }),
  })
  .chain((told) =>
    fc.record({
      told: fc.constant(told),
      /** Sorts what arrives: deposits, amendments (after their deposits) and refunds. */
      order: fc.array(fc.nat(), { minLength: 19, maxLength: 19 }),
    }),
  );

type Told = { type: EventType; transactionId: string; amountMinor: bigint; day: number };

/** What a customer's deposits come to by the rule, within the days from the first. */
function sumOf(
  deposits: readonly Told[],
  refunds: readonly { reference: string; referenceType: EventType | null; amountMinor: bigint }[],
  withinDays = Infinity,
): bigint {
  const until = Math.min(...deposits.map((one) => one.day)) + withinDays;
  const standing = deposits.flatMap((one) => {
    const refunded = refunds
      .filter(({ reference, referenceType }) => {
        return reference === one.transactionId && (referenceType ?? one.type) === one.type;
      })
      .reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
    return refunded < one.amountMinor ? [{ ...one, left: one.amountMinor - refunded }] : [];
  });
  const ids = [...new Set(standing.map(({ transactionId }) => transactionId))];
  return ids.reduce((sum, id) => {
    const payment = standing.filter(({ transactionId }) => transactionId === id);
    // The payment is made when its ftd says, and counts by the larger amount.
    const { day: paidOn } = payment.find(({ type }) => type === 'ftd') ?? payment[0]!;
    const larger = payment.reduce((most, { left }) => (left > most ? left : most), 0n);
    return paidOn <= until ? sum + larger : sum;
  }, 0n);
}

test('a payment told as ftd and as deposit counts once for its customer, in any order of arrival', () => {
  fc.assert(
    fc.property(story, ({ told: { minimum, withinDays, deposits, refunds }, order }) => {
      const component: WireComponent = {
        kind: 'cpa',
        on: ['ftd', 'deposit'],
        amount: '80',
        min_amount: `${minimum / 100n}.${String(minimum % 100n).padStart(2, '0')}`,
        qualify: 'cumulative',
        within_days: withinDays,
      };
      const settling = createMemorySettling([aVersion({ components: [component] })], {
        affiliateByCustomer: AFFILIATES,
      });

      const arrivals: (() => void)[] = [];
      const amendments: (() => void)[] = [];
      const settle = (event: ConversionEvent) => () => settling.settle([event]);
      for (const { customer, before, day: on, ...fields } of deposits) {
        const of = { ...fields, customerId: customer, occurredAt: NOON + on * DAY_MS };
        const event = anEvent({ ...of, amountMinor: before ?? fields.amountMinor });
        const amended = { amountMinor: fields.amountMinor, operatorPayoutMinor: null };
        arrivals.push(() => {
          settle(event)();
          if (before !== null) amendments.push(() => settling.amend(event.id, amended));
        });
        // What is amended may wait for what arrives meanwhile.
        arrivals.push(() => amendments.shift()?.());
      }
      for (const of of refunds)
        arrivals.push(
          settle(anEvent({ type: 'refund', customerId: null, ...of, occurredAt: NOON + DAY_MS })),
        );
      const inOrder = arrivals.map((arrive, index) => ({ arrive, at: order[index]! }));
      for (const { arrive } of inOrder.toSorted((a, b) => a.at - b.at)) arrive();
      for (const amend of amendments) amend();

      for (const affiliate of new Set(Object.values(AFFILIATES))) {
        const qualified = CUSTOMERS.filter((customer) => {
          const own = deposits.filter((one) => one.customer === customer);
          return AFFILIATES[customer] === affiliate && sumOf(own, refunds, withinDays) >= minimum;
        });
        const expected = AMOUNT * BigInt(qualified.length);
        assert.equal(totalOf(settling, affiliate), expected);
        const reported = settling.messages
          .filter(({ affiliateId }) => affiliateId === affiliate)
          .reduce((sum, { deltaMinor }) => sum + deltaMinor, 0n);
        assert.equal(reported, expected);
      }
    }),
    { numRuns: Number(process.env['RUNS'] ?? 500) },
  );
});
