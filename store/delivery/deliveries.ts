// Reads deliveries for sending: of a batch, or one, the state of a queue, and the endpoints they go
// to. Every change of them is in transitions/.
import type {
  BodyFormat,
  EndpointMethod,
  EndpointState,
  SigningKind,
} from '../../domain/delivery/endpoints.ts';
import type { Queryable } from '../db/pool.ts';
import type { Owner, UnscheduledCause } from '../../domain/delivery/deliveries.ts';

export type DeliveryRef = { operatorId: string; deliveryId: string };

/** An unfinished delivery as sending needs it. */
export type Delivery = {
  operatorId: string;
  id: string;
  endpointId: string;
  affiliateId: string | null;
  /** The event that caused it; null where no event did. */
  eventId: string | null;
  /** The conversion, or what else it is about. */
  aboutId: string;
  type: string;
  body: string;
  /** Attempts since its schedule began, and in all. */
  tries: number;
  attempts: number;
  /** Until when an attempt that is under way ends at the latest. */
  sendingUntil: Date | null;
  owner: Owner | null;
  state: string;
  nextAttemptAt: Date;
  /** Cause of its next try, where that is not the schedule. */
  nextCause: UnscheduledCause | null;
  lastError: string | null;
  /** Why its workflow makes no attempts; null: it is not paused. */
  pauseReason: string | null;
};

/**
 * An endpoint as sending needs it. Secrets are sealed; replaced ones sign too until their overlap
 * ends, newest first.
 */
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
  /** Null: nothing failed since the last delivery. */
  lastError: string | null;
};

/** Columns of a row of `deliveries` as `Delivery`. */
export const DELIVERY = `operator_id as "operatorId", id, endpoint_id as "endpointId",
  affiliate_id as "affiliateId", event_id as "eventId", original_event_id as "aboutId", type, body, tries, attempts, owner, state,
  case when sending_until > now() then sending_until end as "sendingUntil",
  next_attempt_at as "nextAttemptAt", next_cause as "nextCause", last_error as "lastError",
  pause_reason as "pauseReason"`;

/** The deliveries that a batch must send, or hand over where an earlier run of it tried them. */
export async function readBatchDeliveries(
  db: Queryable,
  operatorId: string,
  batchId: string,
): Promise<Delivery[]> {
  const { rows } = await db.query<Delivery>(
    `select ${DELIVERY} from deliveries where operator_id = $1 and batch_id = $2
      and owner = 'batch' order by id`,
    [operatorId, batchId],
  );
  return rows;
}

export async function readDelivery(
  db: Queryable,
  operatorId: string,
  deliveryId: string,
): Promise<Delivery | null> {
  const { rows } = await db.query<Delivery>(
    `select ${DELIVERY} from deliveries where operator_id = $1 and id = $2`,
    [operatorId, deliveryId],
  );
  return rows[0] ?? null;
}

/**
 * The length of an endpoint's queue, the milliseconds until its first delivery is due (0 if one
 * is), an error of the first ones, and whether some were given up and not acknowledged.
 */
type QueueState = { held: number; dueInMs: number | null; lastError: string | null; hasGivenUp: boolean };

export async function readQueueState(
  db: Queryable,
  operatorId: string,
  endpointId: string,
): Promise<QueueState> {
  const { rows } = await db.query<QueueState>(
    `with first as materialized (
       select greatest(next_attempt_at, sending_until) as next_attempt_at, last_error from deliveries
       where operator_id = $1 and endpoint_id = $2 and owner = 'endpoint'
       order by next_attempt_at, id limit 100
     )
     select (select count(*)::int from deliveries
         where operator_id = $1 and endpoint_id = $2 and owner = 'endpoint') as held,
       greatest(0, extract(epoch from min(next_attempt_at) - now()) * 1000)::float8 as "dueInMs",
       max(last_error) as "lastError",
       exists (select from deliveries g where g.operator_id = $1 and g.endpoint_id = $2
         and g.state = 'gave_up' and g.acknowledged_at is null) as "hasGivenUp"
     from first`,
    [operatorId, endpointId],
  );
  return rows[0]!;
}

/** Whether an endpoint may be sent to now. */
export async function isActive(db: Queryable, operatorId: string, endpointId: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `select from endpoints where operator_id = $1 and id = $2 and state = 'active'`,
    [operatorId, endpointId],
  );
  return rowCount === 1;
}

export async function readSendingEndpoints(
  db: Queryable,
  operatorId: string,
  endpointIds: readonly string[],
): Promise<SendingEndpoint[]> {
  const { rows } = await db.query<SendingEndpoint>(
    `select operator_id as "operatorId", id, url, method, body, form, headers, schedule,
      max_in_flight as "maxInFlight",
       rate_per_second::float8 as "ratePerSecond", signing, secret, state,
         deleted_at is not null as "isDeleted", failing_since as "failingSince",
       failures_in_a_row as "failuresInARow", last_error as "lastError",
       array(select r.secret from retiring_secrets r
         where r.operator_id = e.operator_id and r.endpoint_id = e.id and r.ends_at > now()
         order by r.replaced_at desc) as "retiringSecrets"
     from endpoints e where operator_id = $1 and id = any($2)`,
    [operatorId, endpointIds],
  );
  return rows;
}
