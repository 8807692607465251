// Explains transfers: the event and the conversion that each is about, and the formula of the
// rating that caused it. For statements, and for one transfer by its id.
import { NEGATIVE_EVENTS, REINSTATING_EVENT, type EventType } from '../../domain/types.ts';
import type { Queryable } from '../db/pool.ts';
import { sqlList } from '../db/sql-list.ts';
import { isAccrual } from './facts-in-force.ts';
import { OF_SINGLES } from './slot-kinds.ts';
import { ROW_COLUMNS, STATEMENT, type Transfer } from './transfers.ts';

/**
 * What a transfer is about. `formula`: of the rating that caused it. The original event is the
 * conversion whose commission it moves, where that is another event; null for a monthly commission.
 */
type Explanation = {
  eventType: EventType | null;
  transactionId: string | null;
  originalEventId: string | null;
  originalTransactionId: string | null;
  formula: string | null;
};

export type ExplainedTransfer = Omit<Transfer, 'statementId'> & Explanation;

/** One transfer by itself, explained. */
export type WholeTransfer = Transfer & Explanation & { affiliateName: string | null };

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

/**
 * SQL: the rows of `transfers` that a SELECT gives, explained, in the order of their ids. `more`:
 * further columns of such a row `t`. The ratings of all slots are read at once: by line, all
 * ratings of a busy month would be read for each of them.
 */
export function explained(transfers: string, more: readonly string[] = []): string {
  return `
  with t as materialized (${transfers}
  ), reasons as materialized (
    select distinct on (slot_id, batch_id) slot_id, batch_id, formula from ratings
    where operator_id = $1 and slot_id = any(array(select slot_id from t))
      and batch_id = any(array(select posting_group from t))
    order by slot_id, batch_id, seq desc
  )
  select ${[ROW_COLUMNS, ...more].join(', ')}, e.type as "eventType", e.transaction_id as "transactionId",
    coalesce(o.transaction_id, e.reference) as "originalTransactionId", o.id as "originalEventId", r.formula
  from t
  left join events e on e.operator_id = $1 and e.id = t.event_id
  left join lateral (${SINGLE}) single on true
  left join lateral (${REVERSED}) reversed on true
  left join events o on o.operator_id = $1 and o.id = nullif(coalesce(single.id, reversed.id), t.event_id)
  left join reasons r on r.slot_id = t.slot_id and r.batch_id = t.posting_group
  order by t.id`;
}

const WHOLE = explained('select * from transfers where operator_id = $1 and id = $2', [
  STATEMENT,
  '(select name from affiliates a where a.operator_id = $1 and a.id = t.affiliate_id) as "affiliateName"',
]);

export function createTransfers(db: Queryable) {
  return {
    /** Null when there is no such transfer. */
    async find(operatorId: string, id: string): Promise<WholeTransfer | null> {
      const { rows } = await db.query<WholeTransfer>(WHOLE, [operatorId, id]);
      return rows[0] ?? null;
    },
  };
}
