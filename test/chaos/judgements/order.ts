// Judges the order at each receiver: of one conversion, each postback begins after the one before
// it arrived, the first says that it was created, and each tells the sum so far.
import { minorUnits } from '../../support/money-model/exact.ts';
import { groupBy, isAccepted, type Arrival, type Evidence, type Violation } from '../records.ts';

export function order({ arrivals }: Evidence): Violation[] {
  const about = arrivals.filter(
    ({ conversionId, type }) => conversionId !== null && type.startsWith('conversion.'),
  );
  // What an affiliate is told of its own part and as a parent adds up to one sum.
  const keyOf = ({ path, conversionId, affiliateId }: Arrival) => [path, conversionId, affiliateId].join(' ');
  return [...groupBy(about, keyOf)].flatMap(([key, group]) => judge(key, group));
}

function judge(key: string, group: readonly Arrival[]): Violation[] {
  const violation = (what: string, ...ids: string[]): Violation => ({
    judgement: 'order',
    what: `${what}: ${key}`,
    ids,
  });
  const firsts = [...groupBy(group, ({ id }) => id).values()].map((arrivals) => arrivals[0]!);
  const found: Violation[] = [];
  // Who becomes a parent, or gets a customer, later hears of a change that no event caused.
  const isChange = firsts[0]!.type === 'conversion.adjusted' && firsts[0]!.eventId === null;
  if (firsts[0]!.type !== 'conversion.created' && !isChange)
    found.push(violation(`the first postback is ${firsts[0]!.type}`, firsts[0]!.id));
  let told = 0n;
  for (const [index, { id, payout, payoutDelta, receivedAt }] of firsts.entries()) {
    told += units(payoutDelta);
    if (units(payout) !== told) found.push(violation(`payout is ${payout}, the sum told ${told}`, id));
    const earlier = firsts[index - 1];
    if (earlier === undefined) continue;
    const has = group.some(
      (arrival) => arrival.id === earlier.id && isAccepted(arrival) && arrival.answeredAt! <= receivedAt,
    );
    if (!has) found.push(violation('a postback began before the one before it arrived', earlier.id, id));
  }
  return found;
}

const units = (decimal: string | null): bigint => (decimal === null ? 0n : minorUnits(decimal, 4).n);
