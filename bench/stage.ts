// Stage of the measurements: an operator with affiliates, deals, endpoints and bound customers, set
// up through the API. Also sends events, and waits until they are delivered and recorded.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stack } from '../local/stack.ts';
import type { Pool } from '../store/db/pool.ts';
import type { Child } from './child.ts';
import { batchBodies, COMPONENTS, customersFor, eventBodies, registrationOf } from './events.ts';
import type { LoadQuestions, Sent, Target } from './load.ts';
import type { ReceiverQuestions } from './receivers.ts';

/** Context of every measurement. */
export type Bench = {
  stack: Stack;
  pool: Pool;
  load: Child<LoadQuestions>;
  receivers: Child<ReceiverQuestions>;
};

/** One affiliate and its endpoint, at the receiver of the same index. */
type Member = { affiliateId: string; endpointId: string };

export type Stage = {
  operatorId: string;
  api: Omit<Target, 'path'>;
  members: Member[];
  /** Single-event bodies not sent yet. */
  bodies: string[];
  /** Ids of all accepted events. */
  accepted: string[];
};

export const CONNECTIONS = 64;
export const BATCH = 500;
const BATCH_CONNECTIONS = 4;
const SETUP_CONNECTIONS = 16;
const LOOK_EVERY_MS = 20;
/** Rarer than in memory: polling the database must not become load. */
const LOOK_EVERY_MS_IN_DATABASE = 100;
/** No progress for this long means a failure, which a figure must not hide. */
const STANDSTILL_MS = 60_000;

/** Number of affiliates, and the affiliate of each customer. */
export type Spread = { affiliates: number; of(customer: number): number };

export const EVENLY: Spread = { affiliates: 20, of: (customer) => customer % 20 };
export const ALL_TO_ONE: Spread = { affiliates: 1, of: () => 0 };
/** The first of twenty affiliates has every second customer, and so half of the events. */
export const HALF_TO_ONE: Spread = {
  affiliates: 20,
  of: (customer) => (customer % 2 === 0 ? 0 : 1 + (((customer - 1) / 2) % 19)),
};

/** The first of a hundred and one affiliates has every second customer. */
export const BESIDE_A_HUNDRED: Spread = {
  affiliates: 101,
  of: (customer) => (customer % 2 === 0 ? 0 : 1 + (((customer - 1) / 2) % 100)),
};

type StageSize = { events: number; warmUp: number; spread: Spread };

/**
 * Sets up affiliates with a receiver each, and customers and clicks for `events` events; then warms
 * up with `warmUp` more.
 */
export async function setUpStage(bench: Bench, { events, warmUp, spread }: StageSize): Promise<Stage> {
  const { stack, load } = bench;
  const admin = { apiUrl: stack.apiUrl, apiKey: stack.adminToken };
  const urls = await bench.receivers.ask('open', spread.affiliates);
  const operator = await one<{ id: string; api_key: string }>(bench, admin, '/v1/operators', {
    name: 'Bench',
    currency: 'USD',
  });
  const api = { apiUrl: stack.apiUrl, apiKey: operator.api_key };
  const members = await Promise.all(
    urls.map((url, index) => createMember(bench, api, `Affiliate ${index}`, url)),
  );
  const needed = customersFor(events + warmUp);
  const clicks = Array.from({ length: needed.known + needed.fresh }, (_, index) =>
    JSON.stringify({ affiliate_id: members[spread.of(index)]!.affiliateId, sub1: 'spring' }),
  );
  const clicked = await load.ask('rush', {
    ...api,
    path: '/v1/clicks',
    bodies: clicks,
    connections: SETUP_CONNECTIONS,
  });
  const clickIds = clicked.answers.map((text) => (JSON.parse(text) as { click_id: string }).click_id);
  const known = Array.from({ length: needed.known }, (_, index) => `c-${index}`);
  const bodies = eventBodies(events + warmUp, known, clickIds.slice(needed.known));
  const stage: Stage = { operatorId: operator.id, api, members, bodies, accepted: [] };
  await sendBatches(
    bench,
    stage,
    known.map((customer, index) => registrationOf(customer, clickIds[index]!)),
  );
  await waitUntilRecorded(bench, stage);
  await sendSingles(bench, stage, warmUp);
  await waitUntilRecorded(bench, stage);
  await bench.pool.query('analyze');
  return stage;
}

async function createMember(
  bench: Bench,
  api: Omit<Target, 'path'>,
  name: string,
  url: string,
): Promise<Member> {
  const { id: affiliateId } = await one<{ id: string }>(bench, api, '/v1/affiliates', { name });
  await one(bench, api, '/v1/deals', { name, affiliate_id: affiliateId, terms: { components: COMPONENTS } });
  const { id: endpointId } = await one<{ id: string }>(bench, api, '/v1/endpoints', {
    affiliate_id: affiliateId,
    url,
  });
  return { affiliateId, endpointId };
}

async function one<T>({ load }: Bench, api: Omit<Target, 'path'>, path: string, body: unknown): Promise<T> {
  const { answers } = await load.ask('rush', {
    ...api,
    path,
    bodies: [JSON.stringify(body)],
    connections: 1,
  });
  return JSON.parse(answers[0]!) as T;
}

/** Sends the next `count` events of the stage, one per request. */
export async function sendSingles(bench: Bench, stage: Stage, count: number): Promise<Sent> {
  const bodies = stage.bodies.splice(0, count);
  const sent = await bench.load.ask('rush', {
    ...stage.api,
    path: '/v1/events',
    bodies,
    connections: CONNECTIONS,
  });
  stage.accepted.push(...sent.answers.map((text) => (JSON.parse(text) as { id: string }).id));
  return sent;
}

/**
 * Sends the next `count` events of the stage at a steady pace; returns when each event's request
 * was due, in milliseconds since 1970.
 */
export async function sendAtPace(
  bench: Bench,
  stage: Stage,
  count: number,
  perSecond: number,
): Promise<Map<string, number>> {
  const bodies = stage.bodies.splice(0, count);
  const { answers, dueAt } = await bench.load.ask('pace', {
    ...stage.api,
    path: '/v1/events',
    bodies,
    perSecond,
  });
  const ids = answers.map((text) => (JSON.parse(text) as { id: string }).id);
  stage.accepted.push(...ids);
  return new Map(ids.map((id, index) => [id, dueAt[index]!]));
}

/** Sends bodies in batch requests over a few connections. */
export async function sendBatches(
  bench: Bench,
  stage: Stage,
  bodies: readonly string[],
  size = BATCH,
): Promise<Sent> {
  const batches = batchBodies(bodies, size);
  const path = '/v1/events/batch';
  const sent = await bench.load.ask('rush', {
    ...stage.api,
    path,
    bodies: batches,
    connections: BATCH_CONNECTIONS,
  });
  acceptBatches(stage, sent.answers);
  return sent;
}

/** Notes the events of batch requests by their answers. Throws where one was not accepted. */
export function acceptBatches(stage: Stage, answers: readonly string[]): void {
  for (const text of answers) {
    const { results } = JSON.parse(text) as { results: { status: string; id: string }[] };
    const refused = results.find(({ status }) => status !== 'accepted');
    if (refused) throw new Error(`an event of a batch was not accepted: ${JSON.stringify(refused)}`);
    stage.accepted.push(...results.map(({ id }) => id));
  }
}

/**
 * Waits until every accepted event is settled and its postback both received and recorded as
 * delivered; returns the time at which that was seen. Postbacks of `except` are not awaited. Throws
 * when nothing moves for a minute.
 */
export async function waitUntilRecorded(
  bench: Bench,
  stage: Stage,
  except: readonly Member[] = [],
): Promise<number> {
  const slow = except.map(({ endpointId }) => endpointId);
  let before = '';
  const pause = slow.length > 0 ? LOOK_EVERY_MS_IN_DATABASE : LOOK_EVERY_MS;
  for (let movedAt = Date.now(); ; await sleep(pause)) {
    const received = await countReceived(bench);
    // Counting rows loads the database, so the receivers are asked first.
    const recorded =
      slow.length > 0 || received >= stage.accepted.length ? await countRecorded(bench, stage, slow) : null;
    if (recorded !== null && recorded.settled === stage.accepted.length && recorded.unfinished === 0)
      return Date.now();
    const now = JSON.stringify([received, recorded]);
    if (now !== before) movedAt = Date.now();
    if (Date.now() - movedAt > STANDSTILL_MS)
      throw new Error(`of ${stage.accepted.length} events: received and recorded ${now}`);
    before = now;
  }
}

/** Postbacks that all receivers together have received. */
export async function countReceived({ receivers }: Pick<Bench, 'receivers'>): Promise<number> {
  return (await receivers.ask('count', null)).reduce((sum, count) => sum + count, 0);
}

async function countRecorded(
  { pool }: Bench,
  { operatorId }: Stage,
  slow: readonly string[],
): Promise<{ settled: number; unfinished: number }> {
  const { rows } = await pool.query<{ settled: number; unfinished: number }>(
    `select
       (select count(*)::int from event_outcomes
        where operator_id = $1 and status = 'settled') as settled,
       (select count(*)::int from deliveries
        where operator_id = $1 and owner is not null and not endpoint_id = any($2)) as unfinished`,
    [operatorId, slow],
  );
  return rows[0]!;
}
