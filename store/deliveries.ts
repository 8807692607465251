// Deliveries as those see them who bring them on: what is to be sent, what came of it, and who goes on. Every change names the owner and the
// number of tries it expects, so that a step that runs twice finds its row moved on and changes nothing.
import type { Queryable } from './pool.ts';
import type { Owner } from './planning.ts';

/** A postback that is due, with what its endpoint says about sending. */
export type Due = {
  operatorId: string;
  id: string;
  endpointId: string;
  affiliateId: string;
  type: string;
  body: string;
  tries: number;
  owner: Owner | null;
  state: string;
  nextAttemptAt: Date;
  lastError: string | null;
};

/** An endpoint as sending sees it. Secrets are sealed; the retiring ones sign beside the new one until their time ends, newest first. */
export type SendingEndpoint = {
  operatorId: string;
  id: string;
  url: string;
  method: 'POST' | 'GET';
  body: 'json' | 'form';
  form: Record<string, string> | null;
  headers: Record<string, string>;
  schedule: number[];
  maxInFlight: number;
  ratePerSecond: number | null;
  signing: 'v1' | 'v1a' | 'none';
  secret: Buffer;
  retiringSecrets: Buffer[];
  state: 'active' | 'paused' | 'disabled';
  failingSince: Date | null;
  failuresInARow: number;
};

const DUE = `operator_id as "operatorId", id, endpoint_id as "endpointId", affiliate_id as "affiliateId", type, body, tries, owner, state,
  next_attempt_at as "nextAttemptAt", last_error as "lastError"`;

/** The postbacks a batch must bring on: send, or hand over where an earlier run of it tried already. */
export async function readBatchDeliveries(db: Queryable, operatorId: string, batchId: string): Promise<Due[]> {
  const { rows } = await db.query<Due>(
    `select ${DUE} from deliveries where operator_id = $1 and batch_id = $2 and owner = 'batch' order by id`,
    [operatorId, batchId],
  );
  return rows;
}

export async function readDelivery(db: Queryable, operatorId: string, deliveryId: string): Promise<Due | null> {
  const { rows } = await db.query<Due>(`select ${DUE} from deliveries where operator_id = $1 and id = $2`, [
    operatorId,
    deliveryId,
  ]);
  return rows[0] ?? null;
}

/** The first postbacks of an endpoint's queue that are due. */
export async function readQueue(db: Queryable, operatorId: string, endpointId: string, limit: number): Promise<Due[]> {
  const { rows } = await db.query<Due>(
    `select ${DUE} from deliveries where operator_id = $1 and endpoint_id = $2 and owner = 'endpoint' and next_attempt_at <= now()
     order by next_attempt_at, id limit $3`,
    [operatorId, endpointId, limit],
  );
  return rows;
}

/** How many wait in an endpoint's queue, in how many milliseconds the first of them is due (0 if one is), and an error some of them met. */
export async function readQueueState(
  db: Queryable,
  operatorId: string,
  endpointId: string,
): Promise<{ held: number; dueInMs: number | null; lastError: string | null }> {
  const { rows } = await db.query<{ held: number; dueInMs: number | null; lastError: string | null }>(
    `select count(*)::int as held, greatest(0, extract(epoch from min(next_attempt_at) - now()) * 1000)::float8 as "dueInMs",
       max(last_error) as "lastError"
     from deliveries where operator_id = $1 and endpoint_id = $2 and owner = 'endpoint'`,
    [operatorId, endpointId],
  );
  return rows[0]!;
}

export async function readSendingEndpoints(
  db: Queryable,
  operatorId: string,
  endpointIds: readonly string[],
): Promise<SendingEndpoint[]> {
  const { rows } = await db.query<SendingEndpoint>(
    `select operator_id as "operatorId", id, url, method, body, form, headers, schedule, max_in_flight as "maxInFlight",
       rate_per_second::float8 as "ratePerSecond", signing, secret, state, failing_since as "failingSince",
       failures_in_a_row as "failuresInARow",
       array(select r.secret from retiring_secrets r where r.operator_id = e.operator_id and r.endpoint_id = e.id and r.ends_at > now()
         order by r.replaced_at desc) as "retiringSecrets"
     from endpoints e where operator_id = $1 and id = any($2)`,
    [operatorId, endpointIds],
  );
  return rows;
}

/** An attempt that ended, and what becomes of its delivery. */
export type AttemptRecord = {
  operatorId: string;
  attemptId: string;
  deliveryId: string;
  endpointId: string;
  /** What the delivery's row must still say for the record to move it on. */
  expected: { owner: Owner; tries: number };
  next: { state: string; owner: Owner | null; tries: number; nextAttemptAt: Date | null; lastError: string | null };
  number: number;
  cause: 'first' | 'retry' | 'manual' | 'replay' | 'probe';
  startedAt: Date;
  durationMs: number;
  phases: object;
  dialled: string | undefined;
  statusCode: number | null;
  errorClass: string | null;
  excerpt: string | null;
  nextReason: string | null;
};

/** Moves deliveries on by what came of their attempts, where they are still as expected. */
export async function moveDeliveries(db: Queryable, records: readonly AttemptRecord[]): Promise<void> {
  // "Not distinct" in place of "=", which would let the planner read every unfinished delivery, in the belief that there are none.
  await db.query({
    name: 'move-deliveries',
    text: `update deliveries d set state = r.state, owner = r.owner, tries = r.tries, next_attempt_at = coalesce(r.next_attempt_at, d.next_attempt_at),
       last_error = r.last_error, finished_at = case when r.owner is null then now() end
     from json_to_recordset($1) as r (operator_id text, id text, expected_owner text, expected_tries int, state text, owner text, tries int,
       next_attempt_at timestamptz, last_error text)
     where d.operator_id = r.operator_id and d.id = r.id and d.owner is not distinct from r.expected_owner and d.tries = r.expected_tries`,
    values: [
      JSON.stringify(
        records.map(({ operatorId, deliveryId, expected, next }) => ({
          operator_id: operatorId,
          id: deliveryId,
          expected_owner: expected.owner,
          expected_tries: expected.tries,
          state: next.state,
          owner: next.owner,
          tries: next.tries,
          next_attempt_at: next.nextAttemptAt,
          last_error: next.lastError,
        })),
      ),
    ],
  });
}

/** Keeps every attempt that was made, also where its delivery had moved on. */
export async function insertAttempts(db: Queryable, records: readonly AttemptRecord[]): Promise<void> {
  await db.query({
    name: 'insert-attempts',
    text: `insert into attempts (operator_id, id, delivery_id, number, cause, started_at, duration_ms, phases, dialled, status_code, error_class,
       response_excerpt, next_attempt_at, next_reason)
     select "operatorId", "attemptId", "deliveryId", number, cause, "startedAt", "durationMs", phases, dialled, "statusCode", "errorClass",
       excerpt, "nextAttemptAt", "nextReason"
     from json_to_recordset($1) as r ("operatorId" text, "attemptId" text, "deliveryId" text, number int, cause text, "startedAt" timestamptz,
       "durationMs" int, phases json, dialled text, "statusCode" int, "errorClass" text, excerpt text, "nextAttemptAt" timestamptz, "nextReason" text)`,
    values: [
      JSON.stringify(
        records.map(({ expected: _expected, next, ...record }) => ({ ...record, nextAttemptAt: next.nextAttemptAt })),
      ),
    ],
  });
}

/**
 * Lets those go on that waited for finished postbacks; gives the endpoints whose queues they joined. Must be a later statement than the one
 * that finished them, in the same transaction: a planner that locked the finished row meanwhile has then committed its successor.
 */
export async function releaseSuccessors(
  db: Queryable,
  finished: readonly { operatorId: string; deliveryId: string }[],
): Promise<{ operatorId: string; endpointId: string }[]> {
  if (finished.length === 0) return [];
  const { rows } = await db.query<{ operatorId: string; endpointId: string }>({
    name: 'release-successors',
    text: `update deliveries d set owner = 'endpoint', predecessor_id = null, next_attempt_at = now()
     from json_to_recordset($1) as f ("operatorId" text, "deliveryId" text)
     where d.operator_id = f."operatorId" and d.predecessor_id = f."deliveryId" and d.owner = 'predecessor'
     returning d.operator_id as "operatorId", d.endpoint_id as "endpointId"`,
    values: [JSON.stringify(finished)],
  });
  return rows;
}

/** Failures and recoveries of endpoints in the order they happened, summed up: written only on failure and on change. */
export type EndpointNews = {
  operatorId: string;
  endpointId: string;
  failures: number;
  recovered: boolean;
  disabledBecause: string | null;
};

export async function writeEndpointNews(db: Queryable, news: readonly EndpointNews[]): Promise<void> {
  if (news.length === 0) return;
  await db.query(
    `update endpoints e set
       failures_in_a_row = case when n.recovered then n.failures else e.failures_in_a_row + n.failures end,
       failing_since = case when n.recovered and n.failures = 0 then null when n.recovered then now() else coalesce(e.failing_since, now()) end,
       state = case when n."disabledBecause" is null then e.state else 'disabled' end,
       state_reason = coalesce(n."disabledBecause", e.state_reason)
     from json_to_recordset($1) as n ("operatorId" text, "endpointId" text, failures int, recovered boolean, "disabledBecause" text)
     where e.operator_id = n."operatorId" and e.id = n."endpointId"`,
    [JSON.stringify(news)],
  );
}

/** Bounds on workflows of single postbacks; above them a retry waits as a row in its endpoint's queue. */
export type SelfLimits = { perEndpoint: number; inAll: number };

/**
 * Hands what a batch could not deliver to exactly one owner: a workflow of its own for a failed first try of an endpoint that otherwise
 * works, while there is room; the endpoint's queue for everything else. Gives the deliveries and endpoints whose workflows must run now,
 * which on a second call are the same.
 */
export async function handOverBatch(
  db: Queryable,
  operatorId: string,
  batchId: string,
  limits: SelfLimits,
): Promise<{ deliveries: string[]; endpoints: string[] }> {
  // Materialized, since statistics of healthy times say that nothing is left over, and the planner would work it out again for each row.
  await db.query(
    `with mine as materialized (
       select id, endpoint_id, tries from deliveries where operator_id = $1 and batch_id = $2 and owner = 'batch'
     ), concerned as materialized (
       select e.id, e.failures_in_a_row >= $5 or e.state <> 'active'
           or exists (select from deliveries q where q.operator_id = $1 and q.endpoint_id = e.id and q.owner = 'endpoint') as queued,
         (select count(*) from deliveries s where s.operator_id = $1 and s.endpoint_id = e.id and s.owner = 'self') as selves
       from endpoints e where e.operator_id = $1 and e.id in (select endpoint_id from mine)
     ), left_over as materialized (
       select m.id, m.tries, c.queued, c.selves + row_number() over (partition by c.id, m.tries > 0 order by m.id) as rank,
         (select count(*) from deliveries s where s.owner = 'self') + row_number() over (partition by m.tries > 0 order by m.id) as rank_in_all
       from mine m join concerned c on c.id = m.endpoint_id
     )
     update deliveries d set owner = case when l.tries > 0 and not l.queued and l.rank <= $3 and l.rank_in_all <= $4 then 'self' else 'endpoint' end,
       state = case when l.tries > 0 then 'retrying' else 'held' end
     from left_over l
     where d.operator_id = $1 and d.id = l.id and d.owner = 'batch'`,
    [operatorId, batchId, limits.perEndpoint, limits.inAll, FAILURES_THAT_OPEN],
  );
  const { rows } = await db.query<{ deliveries: string[]; endpoints: string[] }>(
    `select array(select id from deliveries where operator_id = $1 and batch_id = $2 and owner = 'self') as deliveries,
       array(select distinct endpoint_id from deliveries where operator_id = $1 and batch_id = $2 and owner = 'endpoint') as endpoints`,
    [operatorId, batchId],
  );
  return rows[0]!;
}

/** Failures in a row after which an endpoint is taken to be down: its postbacks wait in its queue and one at a time probes it. */
export const FAILURES_THAT_OPEN = 10;

/** Moves an unfinished postback into its endpoint's queue, due now; nothing if it is finished or waits for its predecessor. */
export async function queueDelivery(db: Queryable, operatorId: string, deliveryId: string): Promise<void> {
  await db.query(
    `update deliveries set owner = 'endpoint', state = case when state = 'pending' then 'held' else state end, next_attempt_at = now()
     where operator_id = $1 and id = $2 and owner in ('batch', 'self', 'endpoint')`,
    [operatorId, deliveryId],
  );
}
