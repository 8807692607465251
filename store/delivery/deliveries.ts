// Deliveries as those see them who send them: what is to be sent, and what came of it. Every change names the owner and the number of tries it
// expects, so that a step that runs twice finds its row moved on and changes nothing.
import type {
  BodyFormat,
  EndpointMethod,
  EndpointState,
  SigningKind,
} from '../../domain/delivery/endpoints.ts';
import { columns } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';
import type { Owner } from '../../domain/delivery/deliveries.ts';

/** A postback that is due, with what its endpoint says about sending. */
export type Due = {
  operatorId: string;
  id: string;
  endpointId: string;
  affiliateId: string | null;
  type: string;
  body: string;
  tries: number;
  owner: Owner | null;
  state: string;
  nextAttemptAt: Date;
  /** Why its next try is made, where that is not the schedule. */
  nextCause: 'manual' | 'replay' | null;
  lastError: string | null;
};

/** An endpoint as sending sees it. Secrets are sealed; the retiring ones sign beside the new one until their time ends, newest first. */
export type SendingEndpoint = {
  operatorId: string;
  id: string;
  url: string;
  method: EndpointMethod;
  body: BodyFormat;
  form: Record<string, string> | null;
  headers: Record<string, string>;
  schedule: number[];
  maxInFlight: number;
  ratePerSecond: number | null;
  signing: SigningKind;
  secret: Buffer;
  retiringSecrets: Buffer[];
  state: EndpointState;
  isDeleted: boolean;
  failingSince: Date | null;
  failuresInARow: number;
};

const DUE = `operator_id as "operatorId", id, endpoint_id as "endpointId", affiliate_id as "affiliateId", type, body, tries, owner, state,
  next_attempt_at as "nextAttemptAt", next_cause as "nextCause", last_error as "lastError"`;

/** The postbacks a batch must bring on: send, or hand over where an earlier run of it tried already. */
export async function readBatchDeliveries(
  db: Queryable,
  operatorId: string,
  batchId: string,
): Promise<Due[]> {
  const { rows } = await db.query<Due>(
    `select ${DUE} from deliveries where operator_id = $1 and batch_id = $2 and owner = 'batch' order by id`,
    [operatorId, batchId],
  );
  return rows;
}

export async function readDelivery(
  db: Queryable,
  operatorId: string,
  deliveryId: string,
): Promise<Due | null> {
  const { rows } = await db.query<Due>(`select ${DUE} from deliveries where operator_id = $1 and id = $2`, [
    operatorId,
    deliveryId,
  ]);
  return rows[0] ?? null;
}

/** The first postbacks of an endpoint's queue that are due. */
export async function readQueue(
  db: Queryable,
  operatorId: string,
  endpointId: string,
  limit: number,
): Promise<Due[]> {
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
       rate_per_second::float8 as "ratePerSecond", signing, secret, state, deleted_at is not null as "isDeleted", failing_since as "failingSince",
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
  next: {
    state: string;
    owner: Owner | null;
    tries: number;
    nextAttemptAt: Date | null;
    lastError: string | null;
  };
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

const MOVES = columns<AttemptRecord>({
  operator_id: ['text', ({ operatorId }) => operatorId],
  id: ['text', ({ deliveryId }) => deliveryId],
  expected_owner: ['text', ({ expected }) => expected.owner],
  expected_tries: ['int', ({ expected }) => expected.tries],
  state: ['text', ({ next }) => next.state],
  owner: ['text', ({ next }) => next.owner],
  tries: ['int', ({ next }) => next.tries],
  next_attempt_at: ['timestamptz', ({ next }) => next.nextAttemptAt],
  last_error: ['text', ({ next }) => next.lastError],
});

/** Moves deliveries on by what came of their attempts, where they are still as expected. */
export async function moveDeliveries(db: Queryable, records: readonly AttemptRecord[]): Promise<void> {
  // "Not distinct" in place of "=", which would let the planner read every unfinished delivery, in the belief that there are none.
  await db.query({
    name: 'move-deliveries',
    text: `update deliveries d set state = r.state, owner = r.owner, tries = r.tries, next_attempt_at = coalesce(r.next_attempt_at, d.next_attempt_at),
       last_error = r.last_error, finished_at = case when r.owner is null then now() end,
       next_cause = case when r.tries = r.expected_tries then d.next_cause end
     from ${MOVES.from(1, 'r')}
     where d.operator_id = r.operator_id and d.id = r.id and d.owner is not distinct from r.expected_owner and d.tries = r.expected_tries`,
    values: MOVES.values(records),
  });
}

const ATTEMPTS = columns<AttemptRecord>({
  operator_id: ['text', ({ operatorId }) => operatorId],
  id: ['text', ({ attemptId }) => attemptId],
  delivery_id: ['text', ({ deliveryId }) => deliveryId],
  number: ['int', ({ number }) => number],
  cause: ['text', ({ cause }) => cause],
  started_at: ['timestamptz', ({ startedAt }) => startedAt],
  duration_ms: ['int', ({ durationMs }) => durationMs],
  phases: ['json', ({ phases }) => JSON.stringify(phases)],
  dialled: ['text', ({ dialled }) => dialled],
  status_code: ['int', ({ statusCode }) => statusCode],
  error_class: ['text', ({ errorClass }) => errorClass],
  response_excerpt: ['text', ({ excerpt }) => excerpt],
  next_attempt_at: ['timestamptz', ({ next }) => next.nextAttemptAt],
  next_reason: ['text', ({ nextReason }) => nextReason],
});

/**
 * Keeps every attempt that was made, also where its delivery had moved on. Gives the ids of those that were not there yet: one whose commit went
 * through unheard is written again.
 */
export async function insertAttempts(db: Queryable, records: readonly AttemptRecord[]): Promise<Set<string>> {
  const { rows } = await db.query<{ id: string }>({
    name: 'insert-attempts',
    text: `insert into attempts (${ATTEMPTS.names()}) select ${ATTEMPTS.names()} from ${ATTEMPTS.from(1, 'r')} on conflict do nothing returning id`,
    values: ATTEMPTS.values(records),
  });
  return new Set(rows.map(({ id }) => id));
}
