// Payments among conversions: an operator may report a first payment twice, as the first deposit
// and as a deposit with the same transaction id.
import type { ConversionEvent } from '../types.ts';

type Conversion = { event: ConversionEvent };

/**
 * The payments that conversions report, in their order: a first deposit and a deposit of one
 * transaction and currency are one, in the place of the first deposit.
 */
export function paymentsAmong<C extends Conversion>(conversions: readonly C[]): C[][] {
  const payments = new Map<string, C[]>();
  for (const one of conversions) {
    const payment = paymentOf(one.event);
    if (one.event.type === 'ftd' && payment !== null) payments.set(payment, [one]);
  }
  return conversions.flatMap((one) => {
    const payment = payments.get(paymentOf(one.event) ?? '');
    if (payment === undefined) return [[one]];
    if (payment[0] === one) return [payment];
    if (one.event.type !== 'deposit') return [[one]];
    payment.push(one);
    return [];
  });
}

/** What the reports of one payment have in common; null where an event names no transaction. */
function paymentOf({ transactionId, currency }: ConversionEvent): string | null {
  return transactionId === null ? null : `${currency} ${transactionId}`;
}
