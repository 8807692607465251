// Endpoints in trouble, on the real stack: one that comes back to what it missed, and one that never answers beside nineteen that do.
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile, rate, ratio, type Figures } from './figures.ts';
import { sendBatches, sendSingles, untilRecorded, type Bench, type Stage } from './stage.ts';

const TEN_THOUSAND = 10_000;
const LOOK_EVERY_MS = 100;
/** Those that failed before the breaker opened are due again, and in the queue for certain, 5 s later. */
const HELD_WITHIN_MS = 60_000;

/**
 * The only endpoint is down while events come, until all their postbacks wait in its queue and are due. Then it answers again, and its owner says so: the
 * next probe would come by itself, but up to ten minutes later. Counted from there until the last one is recorded.
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
  const endedAt = await untilRecorded(bench, stage);
  const drained = { drain_per_s: rate(events, startedAt, endedAt) };
  return events === TEN_THOUSAND ? { ...drained, drain_10k_s: Math.round((endedAt - startedAt) / 100) / 10 } : drained;
}

async function untilHeld({ pool }: Bench, { operatorId }: Stage, expected: number): Promise<void> {
  for (const deadline = Date.now() + HELD_WITHIN_MS; ; await sleep(LOOK_EVERY_MS)) {
    const { rows } = await pool.query<{ held: number }>(
      `select count(*)::int as held from deliveries where operator_id = $1 and owner = 'endpoint' and next_attempt_at <= now()`,
      [operatorId],
    );
    if (rows[0]!.held === expected) return;
    if (Date.now() > deadline) throw new Error(`of ${expected} postbacks ${rows[0]!.held} are held and due`);
  }
}

/**
 * The same traffic twice, half of it for one endpoint: first all are well, then that one takes requests and never answers. Compared is what the
 * other nineteen get: postbacks a second until the last of theirs is recorded, and the time from accepted to received.
 */
export async function measureIsolation(bench: Bench, stage: Stage, events: number): Promise<Partial<Figures>> {
  const third = Math.floor(events / 3);
  // The first third only makes the second as warm as the last.
  await measureOthers(bench, stage, third);
  await untilRecorded(bench, stage);
  const allWell = await measureOthers(bench, stage, third);
  await untilRecorded(bench, stage);
  await bench.receivers.ask(
    'behave',
    stage.members.map((_, index) => (index === 0 ? 'hangs' : 0)),
  );
  const besideOne = await measureOthers(bench, stage, third);
  const told = ({ perSecond, p99Ms }: Others): string => `${perSecond}/s, p99 ${p99Ms} ms`;
  console.log(`the other nineteen: ${told(allWell)} with all well, ${told(besideOne)} beside one that hangs`);
  return {
    isolation_throughput_ratio: ratio(besideOne.perSecond, allWell.perSecond),
    isolation_p99_ratio: ratio(besideOne.p99Ms, allWell.p99Ms),
  };
}

type Others = { perSecond: number; p99Ms: number };

async function measureOthers(bench: Bench, stage: Stage, events: number): Promise<Others> {
  const from = stage.accepted.length;
  const { startedAt } = await sendSingles(bench, stage, events);
  const endedAt = await untilRecorded(bench, stage, stage.members.slice(0, 1));
  const { rows } = await bench.pool.query<{ id: string; receivedAt: Date }>(
    `select id, received_at as "receivedAt" from events where operator_id = $1 and id = any($2)`,
    [stage.operatorId, stage.accepted.slice(from)],
  );
  const acceptedAt = new Map(rows.map(({ id, receivedAt }) => [id, receivedAt.getTime()]));
  const arrivals = await bench.receivers.ask('arrivals', null);
  const others = arrivals.filter(({ receiver, eventId }) => receiver > 0 && acceptedAt.has(eventId));
  const waits = others.map(({ eventId, at }) => at - acceptedAt.get(eventId)!).toSorted((a, b) => a - b);
  return { perSecond: rate(others.length, startedAt, endedAt), p99Ms: percentile(waits, 0.99) };
}
