// Failing endpoints on the real stack: an endpoint that drains its queue after an outage, and an
// endpoint that never answers beside nineteen healthy ones.
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile, rate, ratio, type Figures } from './figures.ts';
import type { Arrival } from './receivers.ts';
import { sendAtPace, sendBatches, sendSingles, waitUntilRecorded, type Bench, type Stage } from './stage.ts';

const TEN_THOUSAND = 10_000;
const LOOK_EVERY_MS = 100;
/** Postbacks that failed before the breaker opened are due again, and surely queued, 5 s later. */
const QUEUE_TIMEOUT_MS = 60_000;

/**
 * The only endpoint is down while events arrive, until all their postbacks are queued and due. Then
 * it answers again, and the operator resumes it, since the next probe may be ten minutes away.
 * Measures from there until the last postback is recorded.
 */
export async function measureDrain(bench: Bench, stage: Stage, events: number): Promise<Partial<Figures>> {
  const { endpointId } = stage.members[0]!;
  await bench.receivers.ask('behave', ['down']);
  await sendBatches(bench, stage, stage.bodies.splice(0, events));
  await untilHeld(bench, stage, events);
  await bench.receivers.ask('behave', [0]);
  const startedAt = Date.now();
  const resume = { ...stage.api, path: `/v1/endpoints/${endpointId}/resume`, bodies: [''], connections: 1 };
  await bench.load.ask('rush', resume);
  const endedAt = await waitUntilRecorded(bench, stage);
  const drained = { drain_per_s: rate(events, startedAt, endedAt) };
  return events === TEN_THOUSAND
    ? { ...drained, drain_10k_s: Math.round((endedAt - startedAt) / 100) / 10 }
    : drained;
}

async function untilHeld({ pool }: Bench, { operatorId }: Stage, expected: number): Promise<void> {
  for (const deadline = Date.now() + QUEUE_TIMEOUT_MS; ; await sleep(LOOK_EVERY_MS)) {
    const { rows } = await pool.query<{ held: number }>(
      `select count(*)::int as held
       from deliveries
       where operator_id = $1 and owner = 'endpoint' and next_attempt_at <= now()`,
      [operatorId],
    );
    if (rows[0]!.held === expected) return;
    if (Date.now() > deadline) throw new Error(`of ${expected} postbacks ${rows[0]!.held} are held and due`);
  }
}

const PACE_PER_S = 300;

/**
 * The same traffic twice, half of it for one endpoint: first with all endpoints healthy, then with
 * that endpoint never answering. Compares the other nineteen: postbacks a second in a closed loop,
 * and latency at a steady pace, where no queue of a busy machine hides the wait for the hanging
 * endpoint.
 */
export async function measureIsolation(
  bench: Bench,
  stage: Stage,
  events: number,
): Promise<Partial<Figures>> {
  const quarter = Math.floor(events / 4);
  // The first quarter only warms up, so that the second is as warm as the last.
  await throughputOfOthers(bench, stage, quarter);
  const allWell = await measureOthers(bench, stage, quarter);
  await bench.receivers.ask(
    'behave',
    stage.members.map((_, index) => (index === 0 ? 'hangs' : 0)),
  );
  const besideOne = await measureOthers(bench, stage, quarter);
  const formatted = ({ perSecond, p99Ms }: Others): string => `${perSecond}/s, p99 ${p99Ms} ms`;
  console.log(
    `the other nineteen: ${formatted(allWell)} with all well, ${formatted(besideOne)} beside one that hangs`,
  );
  return {
    isolation_throughput_ratio: ratio(besideOne.perSecond, allWell.perSecond),
    isolation_p99_ratio: ratio(besideOne.p99Ms, allWell.p99Ms),
  };
}

type Others = { perSecond: number; p99Ms: number };

/** The steady pace takes half as many events as the closed loop. */
async function measureOthers(bench: Bench, stage: Stage, events: number): Promise<Others> {
  const p99Ms = await p99OfOthers(bench, stage, Math.floor(events / 2));
  return { p99Ms, perSecond: await throughputOfOthers(bench, stage, events) };
}

async function throughputOfOthers(bench: Bench, stage: Stage, events: number): Promise<number> {
  const from = stage.accepted.length;
  const { startedAt } = await sendSingles(bench, stage, events);
  const endedAt = await waitUntilRecorded(bench, stage, stage.members.slice(0, 1));
  return rate((await arrivalsAtOthers(bench, stage, from)).length, startedAt, endedAt);
}

/** Milliseconds from the moment a request was due until its postback was received. */
async function p99OfOthers(bench: Bench, stage: Stage, events: number): Promise<number> {
  const from = stage.accepted.length;
  const dueAt = await sendAtPace(bench, stage, events, PACE_PER_S);
  await waitUntilRecorded(bench, stage, stage.members.slice(0, 1));
  const arrivals = await arrivalsAtOthers(bench, stage, from);
  const waits = arrivals.map(({ eventId, at }) => at - dueAt.get(eventId)!).toSorted((a, b) => a - b);
  return percentile(waits, 0.99);
}

/** Arrivals at the nineteen of the events accepted since `from`. */
async function arrivalsAtOthers(bench: Bench, stage: Stage, from: number): Promise<Arrival[]> {
  const since = new Set(stage.accepted.slice(from));
  const arrivals = await bench.receivers.ask('arrivals', null);
  return arrivals.filter(({ receiver, eventId }) => receiver > 0 && since.has(eventId));
}
