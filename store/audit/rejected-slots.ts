// Which slots the audit takes for rejected.

/**
 * SQL: the slots whose target is zero since they are rejected, or were until a moment ago: a
 * reinstated slot holds nothing until settlement has answered the request to rate it again. Needs
 * the operator as `$1`.
 */
export const REJECTED_SLOTS = `(
    select id from slots where operator_id = $1 and rejected_at is not null
    union
    select s.id from change_requests r
    join slot_facts f on f.operator_id = $1 and f.original_event_id = r.event_id
    join slots s on s.operator_id = $1 and (s.id = f.slot_id or s.source_id = f.slot_id)
    where r.operator_id = $1
      and s.gross_minor - s.void_minor - s.clawed_minor - s.debt_minor = 0
      and exists (select from commission_decisions d
        where d.operator_id = $1 and d.slot_id = s.id and d.decision = 'reinstated')
  )`;
