// The measurements of the system itself, on the running stack.
import { processIds, watchMemory } from './memory.ts';
import { percentile, type Figures } from './figures.ts';
import { sendBatches, sendSingles, setStage, untilRecorded, type Bench, type Stage } from './stage.ts';
import { judge, type Verdict } from './verdict.ts';

/** What a measurement gives: its figures, and whether they are honest. */
export type Measured = { figures: Partial<Figures>; verdict: Verdict };

const AFFILIATES = 20;
const INSTANT = Array.from({ length: AFFILIATES }, () => 0);
/** Twenty servers as they are out there: a tenth of a second each, and one that is in trouble. */
const REAL = [5000, ...Array.from({ length: AFFILIATES - 1 }, () => 100)];

/** Single-event requests in a closed loop, receivers that answer at once. */
export async function measureSingle(bench: Bench, events: number): Promise<Measured> {
  const stage = await setStage(bench, { events, warmUp: warmUpFor(events), delaysMs: INSTANT });
  const memory = watchMemory(processIds(bench.stack.dataDir));
  const { startedAt } = await sendSingles(bench, stage, events);
  const perSecond = rate(events, startedAt, await untilRecorded(bench, stage));
  const { api, worker } = memory();
  return { figures: { single_per_s: perSecond, api_rss_mb: api, worker_rss_mb: worker }, verdict: await judge(bench, stage) };
}

/** Batch requests from a few connections. */
export async function measureBatch(bench: Bench, events: number): Promise<Measured> {
  const stage = await setStage(bench, { events, warmUp: warmUpFor(events), delaysMs: INSTANT });
  const { startedAt } = await sendBatches(bench, stage, stage.bodies.splice(0));
  const perSecond = rate(events, startedAt, await untilRecorded(bench, stage));
  return { figures: { batch_per_s: perSecond }, verdict: await judge(bench, stage) };
}

/**
 * Single-event requests for twenty affiliates alike, of whom the first has a server that takes 5 s. Counted are the events of the other
 * nineteen, until the last of theirs is recorded; all events must be settled by then. What the slow one still has to get waits in its queue.
 */
export async function measureRealReceivers(bench: Bench, events: number): Promise<Measured> {
  const stage = await setStage(bench, { events, warmUp: 0, delaysMs: INSTANT });
  const [slow] = stage.members;
  const before = await deliveredBeside(bench, stage);
  await bench.receivers.ask('slowDown', REAL);
  const { startedAt } = await sendSingles(bench, stage, events);
  const endedAt = await untilRecorded(bench, stage, [slow!]);
  const delivered = (await deliveredBeside(bench, stage)) - before;
  const verdict = await judge(bench, stage);
  // What is left would go on through the next measurement.
  await fetch(`${stage.api.apiUrl}/v1/endpoints/${slow!.endpointId}/pause`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stage.api.apiKey}` },
  });
  return { figures: { single_per_s_real_receivers: rate(delivered, startedAt, endedAt) }, verdict };
}

async function deliveredBeside(bench: Bench, { operatorId, members }: Stage): Promise<number> {
  const { rows } = await bench.pool.query<{ delivered: number }>(
    `select count(*)::int as delivered from deliveries where operator_id = $1 and endpoint_id <> $2 and state = 'delivered'`,
    [operatorId, members[0]!.endpointId],
  );
  return rows[0]!.delivered;
}

/** One event at a time, far enough apart to be alone. */
export async function measureIdle(bench: Bench, events: number): Promise<Measured> {
  const { latencies, verdict } = await measureLatency(bench, events, 10);
  return { figures: { idle_ms_p50: percentile(latencies, 0.5), idle_ms_p99: percentile(latencies, 0.99) }, verdict };
}

/** 300 events a second, whatever comes back. */
export async function measureOpenLoop(bench: Bench, events: number): Promise<Measured> {
  const { latencies, verdict } = await measureLatency(bench, events, 300);
  return { figures: { open_loop_300_p99_ms: percentile(latencies, 0.99) }, verdict };
}

/** From the moment a request was due to the first arrival of its postback, in milliseconds, sorted. */
async function measureLatency(
  bench: Bench,
  events: number,
  perSecond: number,
): Promise<{ latencies: number[]; verdict: Verdict }> {
  const stage = await setStage(bench, { events, warmUp: 200, delaysMs: INSTANT });
  const { answers, dueAt } = await bench.load.ask('pace', {
    ...stage.api,
    path: '/v1/events',
    bodies: stage.bodies.splice(0),
    perSecond,
  });
  const ids = answers.map((text) => (JSON.parse(text) as { id: string }).id);
  stage.accepted.push(...ids);
  await untilRecorded(bench, stage);
  const arrivals = await bench.receivers.ask('arrivals', null);
  const arrivedAt = new Map(arrivals.toReversed().map(({ eventId, at }) => [eventId, at]));
  const latencies = ids.map((id, index) => arrivedAt.get(id)! - dueAt[index]!);
  return { latencies: latencies.toSorted((a, b) => a - b), verdict: await judge(bench, stage) };
}

function warmUpFor(events: number): number {
  return Math.min(2000, Math.ceil(events / 5));
}

/** Whole events per second between two moments. */
export function rate(events: number, startedAt: number, endedAt: number): number {
  return Math.round((events * 1000) / (endedAt - startedAt));
}
