// Reads the trace of an event: its attribution, commissions, transfers, postbacks, exchange rates
// and versions.
import type { AttributionCandidate } from '../../domain/attribution/evidence.ts';
import { listVersions, type EventVersion } from '../agreements/amendments.ts';
import { createCommissions, type Commission } from './commissions.ts';
import { inForce } from './facts-in-force.ts';
import { TRANSFER_COLUMNS, type Transfer } from './transfers.ts';
import { readAttributionCandidates } from '../attribution/attribution-candidates.ts';
import { createEventLists, type StoredEvent } from '../intake/event-lists.ts';
import type { Queryable } from '../db/pool.ts';
import { isConversion } from '../../domain/types.ts';
import { conversionsOf } from '../intake/conversions.ts';

/** A postback that reported the event. */
type TracedPostback = {
  id: string;
  endpointId: string;
  /** The affiliate whose endpoint it is; null: the operator's own webhook. */
  recipientId: string | null;
  type: string;
  state: string;
  attempts: number;
  eventId: string | null;
};

/** A stored exchange rate that amounts of the event were converted by. */
type UsedRate = { id: string; base: string; quote: string; rate: string; source: string; asOf: Date };

/** The request that brought an event, with the name of its key. */
type SentBy = { requestId: string | null; keyId: string; keyName: string };

export type Trace = {
  event: StoredEvent;
  /** Null where it came in a file. */
  sentBy: SentBy | null;
  commissions: Commission[];
  transfers: Transfer[];
  deliveries: TracedPostback[];
  rates: UsedRate[];
  /**
   * The evidence of its attribution; none for reversals, which are attributed as their conversion.
   */
  pieces: AttributionCandidate[];
  /** Empty where it was never amended. */
  versions: EventVersion[];
};

export function createTraces(db: Queryable) {
  const events = createEventLists(db);
  const commissionsOf = createCommissions(db);

  return {
    /** Whether an event has its outcome, so that there is a trace to wait for. */
    async isSettled(operatorId: string, eventId: string): Promise<boolean> {
      const { rowCount } = await db.query(
        `select from event_outcomes where operator_id = $1 and event_id = $2`,
        [operatorId, eventId],
      );
      return rowCount === 1;
    },

    /** Null when there is no such event. */
    async find(operatorId: string, eventId: string): Promise<Trace | null> {
      const event = await events.find(operatorId, eventId);
      if (event === null) return null;
      const conversions = await conversionsOf(db, operatorId, event);
      const [sentBy, commissions, transfers, deliveries, rates, pieces, versions] = await Promise.all([
        readSentBy(db, operatorId, eventId),
        commissionsOf.ofConversion(operatorId, eventId),
        readTransfers(db, operatorId, eventId, conversions),
        readDeliveries(db, operatorId, eventId, conversions),
        readUsedRates(db, operatorId, eventId, conversions),
        isConversion(event.type) ? readAttributionCandidates(db, operatorId, eventId) : [],
        listVersions(db, operatorId, eventId),
      ]);
      return { event, sentBy, commissions, transfers, deliveries, rates, pieces, versions };
    },
  };
}

async function readSentBy(db: Queryable, operatorId: string, eventId: string): Promise<SentBy | null> {
  const { rows } = await db.query<SentBy>(
    `select e.request_id as "requestId", e.key_id as "keyId", k.name as "keyName"
     from events e join api_keys k on k.operator_id = e.operator_id and k.id = e.key_id
     where e.operator_id = $1 and e.id = $2`,
    [operatorId, eventId],
  );
  return rows[0] ?? null;
}

/** The transfers that this event caused, and all others of commissions that it alone earned. */
async function readTransfers(
  db: Queryable,
  operatorId: string,
  eventId: string,
  conversions: string[],
): Promise<Transfer[]> {
  const { rows } = await db.query<Transfer>(
    `with touched as (
       select distinct slot_id, original_event_id = $2 as own from slot_facts
       where operator_id = $1 and original_event_id = any($3)
         and (original_event_id = $2 or event_id = $2)
     )
     select distinct ${TRANSFER_COLUMNS}
     from touched f
     join slots s on s.operator_id = $1 and s.id = f.slot_id
     join transfers t on t.operator_id = $1 and t.slot_id = f.slot_id
     where t.event_id = $2 or (f.own and s.period is null)
     order by t.id`,
    [operatorId, eventId, conversions],
  );
  return rows;
}

async function readDeliveries(
  db: Queryable,
  operatorId: string,
  eventId: string,
  conversions: string[],
): Promise<TracedPostback[]> {
  const { rows } = await db.query<TracedPostback>(
    `select d.id, d.endpoint_id as "endpointId", e.affiliate_id as "recipientId", d.type, d.state, d.attempts,
       d.event_id as "eventId"
     from deliveries d join endpoints e on e.operator_id = $1 and e.id = d.endpoint_id
     where d.operator_id = $1 and d.original_event_id = any($3)
       and (d.original_event_id = $2 or d.event_id = $2)
     order by d.id`,
    [operatorId, eventId, conversions],
  );
  return rows;
}

async function readUsedRates(
  db: Queryable,
  operatorId: string,
  eventId: string,
  conversions: string[],
): Promise<UsedRate[]> {
  const { rows } = await db.query<UsedRate>(
    `select id, base, quote, rate::text, source, as_of as "asOf" from fx_rates
     where operator_id = $1 and id in (select fx_rate_id from slot_facts f
       where f.operator_id = $1 and f.original_event_id = any($3) and f.event_id = $2
         and f.fx_rate_id is not null and ${inForce('f')})
     order by id`,
    [operatorId, eventId, conversions],
  );
  return rows;
}
