// Whether a measurement was honest: every accepted event told once, and the money that was told is the money that was booked.
import { formatMoney, parseDecimal } from '../domain/ledger/money.ts';
import type { Arrival } from './receivers.ts';
import type { Bench, Stage } from './stage.ts';

/** Events without a postback, postbacks that came more than once, and sentences about money that differs. */
export type Verdict = { lost: number; doubled: number; differences: string[] };

/** Compares by id what was accepted with what was received. */
export function compare(
  accepted: readonly string[],
  arrivals: readonly Pick<Arrival, 'deliveryId' | 'eventId'>[],
): Omit<Verdict, 'differences'> {
  const told = new Set(arrivals.map(({ eventId }) => eventId));
  // A repeat under the same id is one double, and so is a second postback about the same event.
  return { lost: accepted.filter((id) => !told.has(id)).length, doubled: arrivals.length - told.size };
}

/** Judges a stage. What is still queued for an endpoint is not lost, but in plain sight; its money is compared without what waits. */
export async function judge(bench: Bench, stage: Stage): Promise<Verdict> {
  const arrivals = await bench.receivers.ask('arrivals', null);
  const { rows: waiting } = await bench.pool.query<{ eventId: string; endpointId: string }>(
    `select event_id as "eventId", endpoint_id as "endpointId" from deliveries where operator_id = $1 and owner is not null`,
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
    const told = toldTo(arrivals.filter((arrival) => arrival.receiver === receiver));
    const booked = await bookedFor(stage, affiliateId);
    if (told === booked) return [];
    return [
      `${affiliateId} was told ${formatMoney(told, 'USD')}, but ${formatMoney(booked, 'USD')} is booked`,
    ];
  });
  return { ...verdict, differences: (await Promise.all(differences)).flat() };
}

/** The sum of what postbacks said, each counted once, in cents. */
function toldTo(arrivals: readonly Arrival[]): bigint {
  const deltas = new Map(arrivals.map(({ deliveryId, payoutDelta }) => [deliveryId, payoutDelta]));
  return [...deltas.values()].reduce((sum, delta) => sum + cents(delta), 0n);
}

/** All that an affiliate earned, in cents, wherever the money is. */
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
