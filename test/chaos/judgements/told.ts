// Judges the sums: what each endpoint was told in all is what the ledger holds for its affiliate,
// and the operator's own webhook was told all of it.
import { decimalText, exponentOf, minorUnits } from '../../support/money-model/exact.ts';
import { groupBy, isAccepted, type Arrival, type Evidence, type Violation } from '../records.ts';

export function told({ arrivals, operators }: Evidence): Violation[] {
  const byPath = groupBy(arrivals.filter(isAccepted), ({ path }) => path);
  return operators.flatMap(({ endpoints, balances }) =>
    endpoints
      .filter(({ isDead }) => !isDead)
      .flatMap(({ id, path, affiliateId }) => {
        const own = balances.filter((balance) => affiliateId === null || balance.affiliateId === affiliateId);
        const booked = sumBy(own.map(({ currency, sum }) => [currency, sum]));
        const heard = sumBy(deltas(byPath.get(path) ?? []));
        return [...new Set([...booked.keys(), ...heard.keys()])].flatMap((currency): Violation[] => {
          const [is, was] = [booked.get(currency) ?? 0n, heard.get(currency) ?? 0n];
          if (is === was) return [];
          const text = (minor: bigint) => `${decimalText(minor, exponentOf(currency, {}))} ${currency}`;
          const what = `${path} was told ${text(was)}, the ledger has ${text(is)}`;
          return [{ judgement: 'sums told', what, ids: [id] }];
        });
      }),
  );
}

/** Each postback once, however often it came. */
function deltas(arrivals: readonly Arrival[]): [string, string][] {
  const once = new Map(arrivals.map((arrival) => [arrival.id, arrival]));
  return [...once.values()].flatMap(({ payoutDelta, currency }): [string, string][] =>
    payoutDelta === null || currency === null ? [] : [[currency, payoutDelta]],
  );
}

function sumBy(amounts: readonly [string, string][]): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const [currency, amount] of amounts)
    sums.set(currency, (sums.get(currency) ?? 0n) + minorUnits(amount, exponentOf(currency, {})).n);
  return sums;
}
