// Deliveries for people: lists of stuck ones, and one with its attempts.
import type { DeliveryState, Owner, UnscheduledCause } from '../../domain/delivery/deliveries.ts';
import type { AwaitedEndpoint } from '../../domain/delivery/next-try.ts';
import { itemsWithOperator } from '../db/bulk.ts';
import type { LookedPage, Order } from '../db/look-through.ts';
import type { Page } from '../db/page.ts';
import type { Queryable } from '../db/pool.ts';
import { searchDeliveries, type DeliveryFilter } from './delivery-search.ts';
import { isIdleSql } from './in-flight.ts';

export type DeliveryRow = {
  id: string;
  endpointId: string;
  affiliateId: string | null;
  eventId: string | null;
  originalEventId: string;
  type: string;
  state: DeliveryState;
  owner: Owner | null;
  predecessorId: string | null;
  nextCause: UnscheduledCause | null;
  replayId: string | null;
  batchId: string;
  tries: number;
  nextAttemptAt: Date;
  isBeingSent: boolean;
  lastError: string | null;
  /** Why its own workflow makes no tries; null: it is not paused. */
  pauseReason: string | null;
  /** What its body reports to be earned or lost; null where it reports no amount. */
  payoutDeltaMinor: bigint | null;
  payoutCurrency: string | null;
  endpointUrl: string;
  endpoint: AwaitedEndpoint;
  affiliateName: string | null;
  createdAt: Date;
  finishedAt: Date | null;
  acknowledgedAt: Date | null;
};

export type AttemptRow = {
  number: number;
  cause: string;
  startedAt: Date;
  durationMs: number;
  phases: unknown;
  dialled: string | null;
  sends: number;
  statusCode: number | null;
  errorClass: string | null;
  responseExcerpt: string | null;
  nextAttemptAt: Date | null;
  nextReason: string | null;
};

/** One delivery with its body and every attempt, the first one first. */
export type DeliveryReport = DeliveryRow & { body: string; attempts: AttemptRow[] };

const COLUMNS = `d.id, d.endpoint_id as "endpointId", d.affiliate_id as "affiliateId",
  d.event_id as "eventId",
  d.original_event_id as "originalEventId", d.type, d.state, d.owner, d.predecessor_id as "predecessorId",
  d.next_cause as "nextCause", d.replay_id as "replayId", d.batch_id as "batchId", d.tries,
  d.next_attempt_at as "nextAttemptAt", d.last_error as "lastError", d.pause_reason as "pauseReason",
  d.created_at as "createdAt",
    d.finished_at as "finishedAt",
  d.acknowledged_at as "acknowledgedAt", d.payout_delta_minor as "payoutDeltaMinor",
  d.payout_currency as "payoutCurrency", e.url as "endpointUrl", a.name as "affiliateName",
  not ${isIdleSql('d')} as "isBeingSent", e.state as "endpointState", e.state_reason as "stateReason",
  e.failures_in_a_row as "failuresInARow", e.failing_since as "failingSince",
  e.rate_per_second::float8 as "ratePerSecond", e.next_turn_at as "nextTurnAt"`;

type Selected = Omit<DeliveryRow, 'endpoint'> &
  Omit<AwaitedEndpoint, 'state'> & { endpointState: AwaitedEndpoint['state'] };

function deliveryOf<Row extends Selected>(row: Row) {
  const { endpointState: state, stateReason, failuresInARow, failingSince, ratePerSecond, nextTurnAt } = row;
  return {
    ...row,
    endpoint: { state, stateReason, failuresInARow, failingSince, ratePerSecond, nextTurnAt },
  };
}

const NAMES = `
  join endpoints e on e.operator_id = d.operator_id and e.id = d.endpoint_id
  left join affiliates a on a.operator_id = d.operator_id and a.id = d.affiliate_id`;

export function createDeliveryReports(db: Queryable) {
  return {
    async list(
      operatorId: string,
      filter: DeliveryFilter,
      page: Page,
      order: Order = 'newest',
    ): Promise<LookedPage<DeliveryRow>> {
      const { ids, reached } = await searchDeliveries(db, operatorId, filter, page, order);
      const { rows } = await db.query<Selected>(
        // The rows first: from a join the planner would begin with the endpoints.
        `select ${COLUMNS} from ${itemsWithOperator(2)}
         cross join lateral (select * from deliveries
           where operator_id = named.operator_id and id = item offset 0) d ${NAMES}
         order by d.id ${order === 'newest' ? 'desc' : ''}`,
        [operatorId, ids],
      );
      return { rows: rows.map(deliveryOf), reached };
    },

    /** Null when there is no such delivery. */
    async find(operatorId: string, id: string): Promise<DeliveryReport | null> {
      const { rows } = await db.query<Selected & { body: string }>(
        `select ${COLUMNS}, d.body from deliveries d ${NAMES} where d.operator_id = $1 and d.id = $2`,
        [operatorId, id],
      );
      const delivery = rows[0];
      if (delivery === undefined) return null;
      const { rows: attempts } = await db.query<AttemptRow>(
        `select number, cause, started_at as "startedAt", duration_ms as "durationMs", phases, dialled, sends,
          status_code as "statusCode",
           error_class as "errorClass", response_excerpt as "responseExcerpt",
             next_attempt_at as "nextAttemptAt", next_reason as "nextReason"
         from attempts where operator_id = $1 and delivery_id = $2 order by number`,
        [operatorId, id],
      );
      return { ...deliveryOf(delivery), attempts };
    },

    /** The number of attempts recorded for a delivery. */
    async countAttempts(operatorId: string, id: string): Promise<number> {
      const { rows } = await db.query<{ count: number }>(
        `select count(*)::int from attempts where operator_id = $1 and delivery_id = $2`,
        [operatorId, id],
      );
      return rows[0]!.count;
    },
  };
}
