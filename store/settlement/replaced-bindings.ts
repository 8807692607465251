// Bindings that an event of an earlier time replaced: finds the events that the former binding
// decided about, to be judged anew.
import { reachesEvent } from '../attribution/orphan-evidence.ts';
import type { Queryable } from '../db/pool.ts';
import type { Unbound } from './rated-again.ts';

/** Whether a batch replaced bindings whose events are not judged anew yet. */
export async function hasReplaced(db: Queryable, operatorId: string, batchId: string): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'has-replaced-bindings',
    text: `select from bindings where operator_id = $1 and batch_id = $2 and former_clicks is not null limit 1`,
    values: [operatorId, batchId],
  });
  return (rowCount ?? 0) > 0;
}

/**
 * Takes the bindings that a batch replaced, and returns the events of their customers whose
 * attribution is to be decided anew: settled conversions, which leave the books first, and orphans.
 * Conversions that are the affiliate's all the same stay as they are, unless a version for new
 * customers asks since when the customer is bound. A customer moved by a person stays where it was
 * moved to. Runs under the exclusive reversal lock, so that no batch settles by the former binding
 * afterwards.
 */
export async function takeReplaced(db: Queryable, operatorId: string, batchId: string): Promise<Unbound> {
  const { rows } = await db.query<{ id: string; status: 'settled' | 'orphaned' }>(
    `with replaced as materialized (
       select customer_id, affiliate_id, click_id, since, former_clicks from bindings
       where operator_id = $1 and batch_id = $2 and former_clicks is not null
     ), taken as (
       update bindings b set former_clicks = null from replaced r
       where b.operator_id = $1 and b.customer_id = r.customer_id
     ), subjects as materialized (
       select 'customer ' || customer_id as subject, true as "isTheirs", affiliate_id, since from replaced
       union select 'click ' || click_id, true, affiliate_id, since from replaced where click_id is not null
       union select 'click ' || former, false, affiliate_id, since from replaced, unnest(former_clicks) as former
         where former <> '' and former is distinct from click_id
     ), theirs as materialized (
       select distinct e.id, o.status from subjects s
       join events e on e.operator_id = $1 and e.subject = s.subject
       join event_outcomes o on o.operator_id = $1 and o.event_id = e.id
       where o.status = 'orphaned' and o.reason <> 'no_conversion'
         or o.status = 'settled' and o.method is not null and not s."isTheirs"
         or o.status = 'settled' and o.method <> 'reassigned' and (
           o.affiliate_id <> s.affiliate_id or not ${reachesEvent('s.since')}
           or exists (select from deal_versions v where v.operator_id = $1 and v.applies_to = 'new_customers'))
     ), waiting as (
       update event_outcomes o set reason = 'unbound' from theirs t
       where o.operator_id = $1 and o.event_id = t.id and t.status = 'orphaned'
     )
     select id, status from theirs`,
    [operatorId, batchId],
  );
  const having = (status: string): string[] => rows.flatMap((row) => (row.status === status ? row.id : []));
  return { settled: having('settled'), orphaned: having('orphaned') };
}
