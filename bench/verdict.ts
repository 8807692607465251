// Verdict on a measurement: every accepted event is reported once, and reported money equals booked
// money.
import { formatMoney, parseDecimal } from '../domain/ledger/money.ts';
import type { Arrival } from './receivers.ts';
import type { Bench, Stage } from './stage.ts';

/**
 * Number of events without a postback, number of repeated postbacks, and sentences about differing
 * money.
 */
export type Verdict = { lost: number; doubled: number; differences: string[] };

/** Compares accepted events with received postbacks by id. */
export function compare(
  accepted: readonly string[],
  arrivals: readonly Pick<Arrival, 'deliveryId' | 'eventId'>[],
): Omit<Verdict, 'differences'> {
  const reported = new Set(arrivals.map(({ eventId }) => eventId));
  // A repeat under the same id is one duplicate, and so is a second postback about the same event.
  return {
    lost: accepted.filter((id) => !reported.has(id)).length,
    doubled: arrivals.length - reported.size,
  };
}

/** Judges a stage. Queued postbacks of an endpoint are not lost; money is compared without them. */
export async function judge(bench: Bench, stage: Stage): Promise<Verdict> {
  const arrivals = await bench.receivers.ask('arrivals', null);
  const { rows: waiting } = await bench.pool.query<{ eventId: string; endpointId: string }>(
    `select event_id as "eventId", endpoint_id as "endpointId"
     from deliveries
     where operator_id = $1 and owner is not null`,
    [stage.operatorId],
  );
  const visible = new Set(waiting.map(({ eventId }) => eventId));
  const verdict = compare(
    stage.accepted.filter((id) => !visible.has(id)),
    arrivals,
  );
  const unfinished = new Set(waiting.map(({ endpointId }) => endpointId));
  const differences = stage.members.map(async ({ affiliateId, endpointId }, receiver) => {
    if (unfinished.has(endpointId)) return [];
    const reported = reportedTotal(arrivals.filter((arrival) => arrival.receiver === receiver));
    const booked = await bookedFor(stage, affiliateId);
    if (reported === booked) return [];
    const [toAffiliate, inBooks] = [formatMoney(reported, 'USD'), formatMoney(booked, 'USD')];
    return [`${toAffiliate} was reported to ${affiliateId}, but ${inBooks} is booked`];
  });
  return { ...verdict, differences: (await Promise.all(differences)).flat() };
}

/** Sum of the reported payouts in cents, each postback counted once. */
function reportedTotal(arrivals: readonly Arrival[]): bigint {
  const deltas = new Map(arrivals.map(({ deliveryId, payoutDelta }) => [deliveryId, payoutDelta]));
  return [...deltas.values()].reduce((sum, delta) => sum + cents(delta), 0n);
}

/** All earnings of an affiliate in cents, in every state. */
async function bookedFor({ api }: Stage, affiliateId: string): Promise<bigint> {
  const response = await fetch(`${api.apiUrl}/v1/affiliates/${affiliateId}/balance`, {
    headers: { authorization: `Bearer ${api.apiKey}` },
  });
  type Balance = Record<'pending' | 'payable' | 'in_payout' | 'paid' | 'debt', string>;
  const { balances } = (await response.json()) as { balances: Balance[] };
  const earned = (of: Balance): bigint =>
    cents(of.pending) + cents(of.payable) + cents(of.in_payout) + cents(of.paid) - cents(of.debt);
  return balances.reduce((sum, balance) => sum + earned(balance), 0n);
}

function cents(text: string): bigint {
  const parsed = parseDecimal(text, 2);
  if (parsed.kind !== 'ok') throw new Error(`${text} is not an amount in USD`);
  return parsed.value;
}
