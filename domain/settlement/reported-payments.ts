// Payments among conversions: an operator may report a first payment twice, as the first deposit
// and as a deposit with the same transaction id.
import type { ConversionEvent } from '../types.ts';

type Conversion = { event: ConversionEvent };

/**
 * The payments that conversions report, in their order: a first deposit and a deposit of one
 * transaction and currency are one, in the place of the first deposit.
 */
export function paymentsAmong<C extends Conversion>(conversions: readonly C[]): C[][] {
  return conversions.flatMap((one) => {
    if (conversions.some((other) => isAgain(one, other))) return [];
    return [[one, ...conversions.filter((other) => isAgain(other, one))]];
  });
}

/** Whether a deposit reports the payment of a first deposit again. */
function isAgain({ event: deposit }: Conversion, { event: first }: Conversion): boolean {
  return (
    deposit.type === 'deposit' &&
    first.type === 'ftd' &&
    deposit.transactionId !== null &&
    deposit.transactionId === first.transactionId &&
    deposit.currency === first.currency
  );
}
