// Soak: a long time at half of the capacity beside endpoints that fail now and then, and what grows
// meanwhile: memory, bytes of an event, latency, open workflows. At its end every event must have
// arrived once.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { processIds } from './cpu.ts';
import { bodiesOfKnown, customersFor } from './events.ts';
import { medianOf, percentile, ratio, saveResults, type Figures } from './figures.ts';
import { residentMb } from './memory.ts';
import { NAMESPACE } from './own-stack.ts';
import type { Behaviour } from './receivers.ts';
import { measureRush } from './rush.ts';
import { EVENLY, sendAtPace, sendSingles, setUpStage, type Bench, type Stage } from './stage.ts';
import type { Verdict } from './verdict.ts';

/** Events of the closed loop that gives the capacity, after as many to warm up. */
const CAPACITY_EVENTS = 10_000;
const MINUTE_S = 60;
/** The first one refuses for good; the next two are away for some minutes of ten. */
const TROUBLED = 3;
const STANDSTILL_MS = 300_000;
const LOOK_EVERY_MS = 1000;

/** A minute of the soak. Bytes are of the database, per event so far. */
type Minute = {
  minute: number;
  p50Ms: number;
  p99Ms: number;
  apiMb: number;
  workerMb: number;
  temporalMb: number;
  tableBytes: number;
  indexBytes: number;
  workflows: number;
  unfinished: number;
};

/** Offers single events at half of the capacity for so many minutes, and prints each. */
export async function measureSoak(
  bench: Bench,
  minutes: number,
): Promise<{ figures: Partial<Figures>; verdict: Verdict }> {
  const stage = await setUpStage(bench, { events: CAPACITY_EVENTS, warmUp: CAPACITY_EVENTS, spread: EVENLY });
  const { perSecond: capacity } = await measureRush(bench, stage, CAPACITY_EVENTS, () =>
    sendSingles(bench, stage, CAPACITY_EVENTS),
  );
  const perSecond = Math.floor(capacity / 2);
  console.log(`capacity ${capacity}/s; ${minutes} minutes of ${perSecond}/s`);
  await bench.receivers.ask('forget', null);
  const connection = await Connection.connect({ address: bench.stack.temporalAddress });
  try {
    const run = await createRun(bench, stage, new Client({ connection, namespace: NAMESPACE }));
    const told: Minute[] = [];
    for (let minute = 0; minute < minutes; minute++) {
      await bench.receivers.ask('behave', mannersAt(minute));
      told.push(await run.minute(minute, perSecond));
      console.log(JSON.stringify(told.at(-1)));
    }
    await bench.receivers.ask('behave', mannersAt(null));
    await run.finish();
    saveResults('soak.json', { capacity, perSecond, minutes: told });
    return { figures: figuresOf(perSecond, told), verdict: run.verdict() };
  } finally {
    await connection.close();
  }
}

/** `minute` null: all are well. */
function mannersAt(minute: number | null): Behaviour[] {
  const manners: Behaviour[] = Array.from({ length: EVENLY.affiliates }, () => 0);
  if (minute === null) return manners;
  manners[0] = 'refuses';
  if ([3, 4].includes(minute % 10)) manners[1] = 'down';
  if (minute % 10 === 6) manners[2] = 'hangs';
  return manners;
}

async function createRun(bench: Bench, stage: Stage, client: Client) {
  const known = Array.from({ length: customersFor(2 * CAPACITY_EVENTS).known }, (_, index) => `c-${index}`);
  const pids = processIds(bench.stack.dataDir);
  const dueAt = new Map<string, number>();
  const arrived = new Set<string>();
  let sent = 0;
  let arrivals = 0;
  const before = await readSizes(bench);

  /** Notes what arrived since the last time; returns the waits at receivers that work. */
  async function take(): Promise<number[]> {
    const waits: number[] = [];
    for (const { eventId, receiver, at } of await bench.receivers.ask('takeArrivals', null)) {
      arrivals += 1;
      arrived.add(eventId);
      const due = dueAt.get(eventId);
      dueAt.delete(eventId);
      if (due !== undefined && receiver >= TROUBLED) waits.push(at - due);
    }
    return waits;
  }

  return {
    async minute(minute: number, perSecond: number): Promise<Minute> {
      const count = perSecond * MINUTE_S;
      stage.bodies = bodiesOfKnown(sent, count, known);
      stage.accepted = [];
      for (const [id, due] of await sendAtPace(bench, stage, count, perSecond)) dueAt.set(id, due);
      sent += count;
      const waits = (await take()).toSorted((one, other) => one - other);
      const now = await readSizes(bench);
      const { count: workflows } = await client.workflow.count(`ExecutionStatus = 'Running'`);
      return {
        minute,
        p50Ms: percentile(waits, 0.5),
        p99Ms: percentile(waits, 0.99),
        apiMb: residentMb(pids.api),
        workerMb: residentMb(pids.worker),
        temporalMb: pids.temporal === undefined ? 0 : residentMb(pids.temporal),
        tableBytes: Math.round((now.tables - before.tables) / sent),
        indexBytes: Math.round((now.indexes - before.indexes) / sent),
        workflows,
        unfinished: await countUnfinished(bench, stage),
      };
    },
    /** Has everything sent that failed, and waits until all is delivered. */
    async finish(): Promise<void> {
      const { apiUrl, apiKey } = stage.api;
      const retry = { apiUrl, apiKey, path: '/v1/stuck/retry', bodies: ['{"all":true}'], connections: 1 };
      let last = -1;
      for (let movedAt = Date.now(); ; await sleep(LOOK_EVERY_MS)) {
        await take();
        const unfinished = await countUnfinished(bench, stage);
        if (unfinished === 0 && arrived.size >= sent) return;
        if (last !== unfinished) movedAt = Date.now();
        else if (Date.now() - movedAt > STANDSTILL_MS)
          throw new Error(
            `of ${sent} events ${arrived.size} arrived, and ${unfinished} postbacks are unfinished`,
          );
        else await bench.load.ask('rush', retry);
        last = unfinished;
      }
    },
    verdict: (): Verdict => ({
      lost: sent - arrived.size,
      doubled: arrivals - arrived.size,
      differences: [],
    }),
  };
}

async function readSizes({ pool }: Bench): Promise<{ tables: number; indexes: number }> {
  const { rows } = await pool.query<{ tables: number; indexes: number }>(
    `select sum(pg_table_size(relid))::float8 as tables, sum(pg_indexes_size(relid))::float8 as indexes
     from pg_stat_user_tables`,
  );
  return rows[0]!;
}

async function countUnfinished({ pool }: Bench, { operatorId }: Stage): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `select count(*)::int as count from deliveries where operator_id = $1 and owner is not null`,
    [operatorId],
  );
  return rows[0]!.count;
}

/** The last sixth of the minutes against the sixth after the first minute, by their medians. */
function figuresOf(perSecond: number, minutes: readonly Minute[]): Partial<Figures> {
  const sixth = Math.max(1, Math.floor(minutes.length / 6));
  const [first, last] = [minutes.slice(1, 1 + sixth), minutes.slice(-sixth)];
  const grown = (of: (minute: Minute) => number) => ratio(medianOf(last.map(of)), medianOf(first.map(of)));
  return {
    soak_per_s: perSecond,
    soak_p99_ratio: grown(({ p99Ms }) => p99Ms),
    soak_api_mb_ratio: grown(({ apiMb }) => apiMb),
    soak_worker_mb_ratio: grown(({ workerMb }) => workerMb),
    soak_bytes_ratio: grown(({ tableBytes, indexBytes }) => tableBytes + indexBytes),
  };
}
