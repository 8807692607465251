// Explains transfers: the event and the conversion that each is about, and the formula of the
// rating that caused it. For statements, and for one transfer by its id.
import { NEGATIVE_EVENTS, REINSTATING_EVENT, type EventType } from '../../domain/types.ts';
import { sqlList } from '../db/sql-list.ts';
import { isAccrual } from './facts-in-force.ts';
import { OF_SINGLES } from './slot-kinds.ts';

/**
 * One transfer with its explanation. `formula`: of the rating that caused it. The original event is
 * the conversion whose commission it moves, where that is another event; null for a monthly
 * commission.
 */
export type ExplainedTransfer = {
  id: string;
  code: string;
  amountMinor: bigint;
  debitAccount: string;
  creditAccount: string;
  eventId: string | null;
  eventType: EventType | null;
  transactionId: string | null;
  originalEventId: string | null;
  originalTransactionId: string | null;
  slotId: string | null;
  formula: string | null;
  reason: string | null;
  actor: string | null;
  occurredAt: Date;
  postedAt: Date;
  period: string;
  originPeriod: string;
};

/**
 * The conversion that a commission is paid for; of several in one slot the one that the event
 * concerns, or else the first.
 */
const SINGLE = `
  select c.original_event_id as id from slots s
  join slots root on root.operator_id = $1 and root.id = coalesce(s.source_id, s.id)
    and root.kind in ${OF_SINGLES}
  join slot_facts c on c.operator_id = $1 and c.slot_id = root.id
    and ${isAccrual('c')}
  where s.operator_id = $1 and s.id = t.slot_id
  order by c.original_event_id is not distinct from t.event_id desc, exists (
    select from slot_facts x
    where x.operator_id = $1 and x.original_event_id = c.original_event_id and x.slot_id = root.id
      and x.event_id = t.event_id
  ) desc, c.occurred_at, c.original_event_id limit 1`;

/** Types of events that reverse conversions, or undo a reversal. */
const REVERSALS = sqlList([...NEGATIVE_EVENTS, REINSTATING_EVENT]);

/** The conversion of a month that an event reversed; none where it reversed several of them. */
const REVERSED = `
  select min(f.original_event_id) as id from slots s
  join slot_facts f on f.operator_id = $1 and f.slot_id = coalesce(s.source_id, s.id)
    and f.event_id = e.id
    and f.original_event_id in (
      select id from events where operator_id = $1 and key = e.reference
      union all select id from events
      where operator_id = $1 and e.reference is null and subject = e.subject and occurred_at <= e.occurred_at)
  where s.operator_id = $1 and s.id = t.slot_id and single.id is null and e.type in ${REVERSALS}
  having count(distinct f.original_event_id) = 1`;

/** The transfers of a CTE `t`, explained; `REASONS` stands beside that CTE. */
export const EXPLAINED = `
  select t.id, t.code, t.amount_minor as "amountMinor", t.debit_account as "debitAccount",
    t.credit_account as "creditAccount", t.event_id as "eventId", e.type as "eventType",
    e.transaction_id as "transactionId",
    coalesce(o.transaction_id, e.reference) as "originalTransactionId", o.id as "originalEventId",
    t.slot_id as "slotId", r.formula, t.reason, t.actor, t.occurred_at as "occurredAt",
    t.posted_at as "postedAt", t.period, t.origin_period as "originPeriod"
  from t
  left join events e on e.operator_id = $1 and e.id = t.event_id
  left join lateral (${SINGLE}) single on true
  left join lateral (${REVERSED}) reversed on true
  left join events o on o.operator_id = $1 and o.id = nullif(coalesce(single.id, reversed.id), t.event_id)
  left join reasons r on r.slot_id = t.slot_id and r.batch_id = t.posting_group
  order by t.id`;

/**
 * The ratings of all slots of `t` at once: by line, all ratings of a busy month would be read for
 * each of them.
 */
export const REASONS = `reasons as materialized (
    select distinct on (slot_id, batch_id) slot_id, batch_id, formula from ratings
    where operator_id = $1 and slot_id = any(array(select slot_id from t))
      and batch_id = any(array(select posting_group from t))
    order by slot_id, batch_id, seq desc
  )`;
