// Payments of a customer. An operator may report a first payment twice, as the first deposit and as
// a deposit with the same transaction id: sums of deposits count it once.
import { isBefore, remainderOf, reversedIn, type Group } from './group.ts';

/**
 * What reversals left of a payment, in minor units and ten-thousandths of a lot, with the
 * conversion that reports it.
 */
export type Payment = { conversion: Group; basisMinor: bigint; volumeE4: bigint };

/**
 * The payments of one customer in order of time, without conversions that were wholly reversed. A
 * first deposit and a deposit of one transaction are the payment of the first deposit, with the
 * larger of their remainders. Other conversions are a payment each.
 * Example: an `ftd` of 150.00 and a `deposit` of 150.00 with one transaction id are 150.00. After a
 * refund of 50.00 that names the `ftd` alone, 150.00 of the `deposit` are left.
 */
export function paymentsOf(groups: Iterable<Group>): Payment[] {
  const payments = [...groups].filter(hasRemainder).map(paymentOf);
  const deposits = byTransaction(payments, 'deposit');
  const firstDeposits = byTransaction(payments, 'ftd');
  return payments
    .filter(
      ({ conversion: { accrual } }) => accrual.type !== 'deposit' || !firstDeposits.has(accrual.payment),
    )
    .map((payment) => {
      const { type, payment: transaction } = payment.conversion.accrual;
      const again = type === 'ftd' ? deposits.get(transaction) : undefined;
      return again === undefined ? payment : { ...payment, ...largerOf(payment, again) };
    })
    .toSorted((a, b) => (isBefore(a.conversion.accrual, b.conversion.accrual) ? -1 : 1));
}

function hasRemainder(group: Group): boolean {
  const { part, of } = reversedIn(group);
  return part < of;
}

function paymentOf(conversion: Group): Payment {
  return { conversion, ...remainderOf(conversion) };
}

/** Payments that conversions of a type report with a transaction id, by that id. */
function byTransaction(
  payments: readonly Payment[],
  reportedBy: 'ftd' | 'deposit',
): Map<string | null, Payment> {
  const found = new Map<string | null, Payment>();
  for (const payment of payments) {
    const { type, payment: transaction } = payment.conversion.accrual;
    if (type === reportedBy && transaction !== null) found.set(transaction, payment);
  }
  return found;
}

function largerOf(a: Payment, b: Payment): Omit<Payment, 'conversion'> {
  return { basisMinor: larger(a.basisMinor, b.basisMinor), volumeE4: larger(a.volumeE4, b.volumeE4) };
}

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
