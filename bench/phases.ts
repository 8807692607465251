// Measurements of the stack itself, one after the other on the same stage.
import { cpuFigures, percentile, rate, type Figures } from './figures.ts';
import { processIds } from './cpu.ts';
import { watchMemory } from './memory.ts';
import { profiled } from './profile.ts';
import type { Sent } from './load.ts';
import { measureRush } from './rush.ts';
import { sendAtPace, sendBatches, sendSingles, waitUntilRecorded, type Bench, type Stage } from './stage.ts';

/** Twenty realistic servers: a tenth of a second each, and a slow one. */
const REAL_MS = [5000, ...Array.from({ length: 19 }, () => 100)];

/** Single-event requests in a closed loop, receivers that answer at once. */
export async function measureSingle(bench: Bench, stage: Stage, events: number): Promise<Partial<Figures>> {
  const { api, worker } = processIds(bench.stack.dataDir);
  const memory = watchMemory({ api, worker });
  const { perSecond, cpu } = await profiledRush(bench, stage, events, 'single', () =>
    sendSingles(bench, stage, events),
  );
  const resident = memory();
  return { single_per_s: perSecond, ...cpu, api_rss_mb: resident.api, worker_rss_mb: resident.worker };
}

/** Batch requests from a few connections. */
export async function measureBatch(bench: Bench, stage: Stage, events: number): Promise<Partial<Figures>> {
  const { perSecond, cpu } = await profiledRush(bench, stage, events, 'batch', () =>
    sendBatches(bench, stage, stage.bodies.splice(0, events)),
  );
  return { batch_per_s: perSecond, ...cpu };
}

/** Throughput and cost of a rush, with CPU profiles where they are asked for. */
async function profiledRush(
  bench: Bench,
  stage: Stage,
  events: number,
  name: 'single' | 'batch',
  send: () => Promise<Sent>,
): Promise<{ perSecond: number; cpu: Partial<Figures> }> {
  return profiled(processIds(bench.stack.dataDir), name, async () => {
    const { perSecond, cpu } = await measureRush(bench, stage, events, send);
    return { perSecond, cpu: cpuFigures(name, cpu) };
  });
}

/**
 * Single-event requests for twenty affiliates alike, the first with a server that takes 5 s. Counts
 * the postbacks of the other nineteen until the last is recorded; all events must be settled by
 * then. Postbacks to the slow server may still wait in its queue.
 */
export async function measureRealReceivers(
  bench: Bench,
  stage: Stage,
  events: number,
): Promise<Partial<Figures>> {
  const before = await deliveredBeside(bench, stage);
  await bench.receivers.ask('behave', REAL_MS);
  const { startedAt } = await sendSingles(bench, stage, events);
  const endedAt = await waitUntilRecorded(bench, stage, stage.members.slice(0, 1));
  return {
    single_per_s_real_receivers: rate((await deliveredBeside(bench, stage)) - before, startedAt, endedAt),
  };
}

async function deliveredBeside(bench: Bench, { operatorId, members }: Stage): Promise<number> {
  const { rows } = await bench.pool.query<{ delivered: number }>(
    `select count(*)::int as delivered
     from deliveries
     where operator_id = $1 and endpoint_id <> $2 and state = 'delivered'`,
    [operatorId, members[0]!.endpointId],
  );
  return rows[0]!.delivered;
}

/** One event at a time, far enough apart not to overlap. */
export async function measureIdle(bench: Bench, stage: Stage, events: number): Promise<Partial<Figures>> {
  const latencies = await measureLatency(bench, stage, events, 10);
  return { idle_ms_p50: percentile(latencies, 0.5), idle_ms_p99: percentile(latencies, 0.99) };
}

/** 300 events a second, regardless of the answers. */
export async function measureOpenLoop(bench: Bench, stage: Stage, events: number): Promise<Partial<Figures>> {
  return { open_loop_300_p99_ms: percentile(await measureLatency(bench, stage, events, 300), 0.99) };
}

/** Milliseconds from the moment a request was due to the first arrival of its postback, sorted. */
export async function measureLatency(
  bench: Bench,
  stage: Stage,
  events: number,
  perSecond: number,
): Promise<number[]> {
  const dueAt = await sendAtPace(bench, stage, events, perSecond);
  await waitUntilRecorded(bench, stage);
  const arrivals = await bench.receivers.ask('arrivals', null);
  const arrivedAt = new Map(arrivals.toReversed().map(({ eventId, at }) => [eventId, at]));
  return [...dueAt].map(([id, due]) => arrivedAt.get(id)! - due).toSorted((a, b) => a - b);
}
