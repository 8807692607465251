// Customers and their owners in the statements of the audit, by the rules of attribution and not by
// its functions; and its comparisons of what binds: events that were set aside, and those that name
// a click only.
import { EVENT_TYPES, isConversion } from '../../domain/types.ts';
import { sqlList } from '../db/sql-list.ts';
import type { Comparison } from './context.ts';
import { WAITING } from './waiting-changes.ts';

export const CONVERSIONS = sqlList(EVENT_TYPES.filter(isConversion));
/** How far clocks may differ. */
export const CLOCKS = `interval '1 hour'`;

/**
 * SQL: the customer whom a click bound; of several, the one of the event with the lowest id. Ids
 * have no blanks. `clicks`: a query of the click ids that are asked for, which mostly are few.
 */
export const boundByClicks = (clicks: string): string => `bound as (
    select click_id, substr(first, position(' ' in first) + 1) as customer_id from (
      select click_id, min(event_id || ' ' || customer_id) as first from bindings
      where operator_id = $1 and click_id in (${clicks}) group by 1
    ) as firsts
  )`;

/** SQL: the customers whom a person moved, with whose they are, and from when until when. */
export const MOVED = `moved as (
    select customer_id, affiliate_id, from_at,
      coalesce(lead(from_at) over (partition by customer_id order by from_at), 'infinity') as until
    from (
      select distinct on (customer_id, from_at) customer_id, affiliate_id, from_at from reassignments
      where operator_id = $1 order by customer_id, from_at, id desc
    ) as latest
  )`;

/**
 * Events set aside that a click in time attributes, and whose customer nobody has. Not asked where
 * existing customers are ignored, which depends on what else is known.
 */
const SET_ASIDE = `
  select e.id as about, null as currency, 0::numeric as minor,
    format('was set aside for %s with click %s of %s, and customer %s is bound to nobody', o.reason, c.id,
      c.affiliate_id, e.customer_id) as detail
  from event_outcomes o join events e on e.operator_id = $1 and e.id = o.event_id
  join operators p on p.id = $1
  join clicks c on c.operator_id = $1 and c.id = e.click_id
  join affiliates a on a.operator_id = $1 and a.id = c.affiliate_id
  left join bindings b on b.operator_id = $1 and b.customer_id = e.customer_id
  where o.operator_id = $1 and o.status = 'set_aside' and e.type in ${CONVERSIONS}
    and e.customer_id is not null and b.customer_id is null and c.received_at <= o.settled_at
    and e.occurred_at >= c.clicked_at - ${CLOCKS}
    and e.occurred_at <= c.clicked_at + make_interval(hours => 24 * p.click_window_days)
    and p.existing_customers = 'bind' and a.external_id is distinct from e.customer_id
    and (a.closed_at is null or a.closed_at > e.occurred_at) and e.id not in ${WAITING}`;

/**
 * Customers bound by an event that names a click only, of which no event in the books says that
 * they are the click's.
 */
const UNNAMED = `
  select e.id as about, null as currency, 0::numeric as minor,
    format('binds customer %s by click %s, and no event in the books names both', b.customer_id, b.click_id)
      as detail
  from events e join bindings b on b.operator_id = $1 and b.event_id = e.id
  where e.operator_id = $1 and e.subject >= 'click ' and e.subject < 'click!'
    and not exists (
      select from events n join event_outcomes o on o.operator_id = $1 and o.event_id = n.id
      where n.operator_id = $1 and n.subject = 'customer ' || b.customer_id and n.click_id = b.click_id
        and (o.status <> 'voided' or n.id in ${WAITING}))
    and e.id not in ${WAITING}`;

export const OWNER_COMPARISONS: readonly Comparison[] = [
  { check: 'bound_click_is_named', statement: UNNAMED },
  { check: 'event_set_aside_binds', statement: SET_ASIDE },
];
