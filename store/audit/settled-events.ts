// Comparisons of the audit that read all settled events, in one pass: whether each earns where its
// deal promises, whether the evidence for its affiliate began in time, and whose its customer is.
import { JOIN_AMENDMENT } from '../agreements/amendments.ts';
import { isAmongInForce } from '../ledger/facts-in-force.ts';
import type { Comparison } from './context.ts';
import { boundByClicks, CLOCKS, CONVERSIONS, MOVED } from './owners.ts';
import { WAITING } from './waiting-changes.ts';

/**
 * Settled events. `is_open`: its customer's binding does not say that the conversion is the
 * affiliate's, which it does of nearly all. `offset 0`: whether an event was sent with a payout is
 * worked out before it is joined with what is promised, once with a payout and once without.
 */
const SETTLED = `settled as (
    select e.id, o.deal_id, o.deal_version, e.type, e.symbol, e.symbol_group,
      coalesce(m.payout_minor, e.payout_minor) is not null as is_computed,
      (b.affiliate_id = o.affiliate_id and e.occurred_at >= coalesce(b.clicked_at, b.since) - ${CLOCKS})
        is not true and o.affiliate_id is not null and e.type in ${CONVERSIONS} as is_open
    from events e join event_outcomes o on o.operator_id = $1 and o.event_id = e.id and o.status = 'settled'
    ${JOIN_AMENDMENT}
    left join bindings b on b.operator_id = $1 and b.customer_id = e.customer_id
    where e.operator_id = $1 offset 0
  )`;

/**
 * Promised slots count up, existing ones down; only settled events are in slots. Which components
 * per lot took a trade is compared in symbols.ts.
 */
const OFF = `promised as (
    select * from json_to_recordset($2)
      as v (deal_id text, version int, type text, is_computed boolean, by_symbol boolean, symbol text,
        symbol_group text, slots int)
  ), ${SETTLED}, each as (
    select e.id as event_id, coalesce(p.slots, 0) as n, e.is_open
    from settled e
    left join promised p on p.deal_id = e.deal_id and p.version = e.deal_version and p.type = e.type
      and p.is_computed = e.is_computed and (not p.by_symbol
        or p.symbol = coalesce(e.symbol, '') and p.symbol_group = coalesce(e.symbol_group, ''))
    where p.slots is not null or e.is_open
    union all
    select f.event_id, -(f.event_id = f.original_event_id)::int, false from slot_facts f
    where f.operator_id = $1 and f.type not in ('left', 'rejected') and ${isAmongInForce('f')}
  ), off as materialized (
    select event_id, greatest(max(n), 0) as due, sum(n) as missing, bool_or(is_open) as is_open
    from each group by 1 having sum(n) <> 0 or max(n) <= 0 or bool_or(is_open)
  )`;

/**
 * Conversions without evidence for their affiliate that began at most an hour after them. A click
 * that was deleted since cannot be asked.
 */
const ATTRIBUTED = `open as materialized (
    select e.id, e.occurred_at, e.coupon, e.click_id, e.customer_id, o.affiliate_id, o.method, o.payout_currency
    from off join events e on e.operator_id = $1 and e.id = off.event_id
    join event_outcomes o on o.operator_id = $1 and o.event_id = off.event_id
    where off.is_open
  ), ${boundByClicks('select click_id from open where customer_id is null')}, ${MOVED}, offered as (
    select upper(code) as code, affiliate_id, min(coalesce(starts_at, '-infinity')) as since
    from coupons where operator_id = $1 group by 1, 2
  ), known as materialized (
    select e.*, coalesce(e.customer_id, k.customer_id) as customer
    from open e left join bound k on k.click_id = e.click_id and e.customer_id is null
  ), attributed as (
    select e.*, least(
      case when c.affiliate_id = e.affiliate_id then c.clicked_at end,
      case when b.affiliate_id = e.affiliate_id then coalesce(b.clicked_at, b.since) end,
      v.since, m.from_at + ${CLOCKS},
      case when a.event_id is not null then coalesce(a.from_at, e.occurred_at) end) as begins
    from known e
    left join clicks c on c.operator_id = $1 and c.id = e.click_id
    left join bindings b on b.operator_id = $1 and b.customer_id = e.customer
    left join offered v on v.code = upper(e.coupon) and v.affiliate_id = e.affiliate_id
    left join assignments a on a.operator_id = $1 and a.event_id = e.id and a.affiliate_id = e.affiliate_id
    left join moved m on m.customer_id = e.customer and m.affiliate_id = e.affiliate_id
      and m.from_at <= e.occurred_at and e.occurred_at < m.until
    where e.click_id is null or c.id is not null
  )`;

/**
 * Conversions with the owner of their customer: who was moved by a person, or is known only by the
 * click that bound the customer. A person may give an event to another affiliate.
 */
const OWNED = `claimed as (
    select e.id, e.occurred_at, e.customer_id as customer, null as binder
    from events e join moved m on m.customer_id = e.customer_id
    where e.operator_id = $1 and e.type in ${CONVERSIONS}
    union
    select e.id, e.occurred_at, e.customer, b.affiliate_id
    from known e join bindings b on b.operator_id = $1 and b.customer_id = e.customer
    where e.customer_id is null and e.occurred_at >= b.since - ${CLOCKS}
  ), owned as (
    select c.id, o.payout_currency, o.affiliate_id, c.customer, coalesce(m.affiliate_id, c.binder) as owner
    from claimed c join event_outcomes o on o.operator_id = $1 and o.event_id = c.id
    left join moved m on m.customer_id = c.customer and m.from_at <= c.occurred_at and c.occurred_at < m.until
    where o.status = 'settled' and o.method <> 'manual'
  )`;

export const SETTLED_EVENTS: Comparison = {
  check: 'event_has_its_facts',
  statement: `
  with ${OFF}, ${ATTRIBUTED}, ${OWNED}
  select 'event_has_its_facts' as check, off.event_id as about, o.payout_currency as currency,
    0::numeric as minor,
    format('earns in %s slots by version %s of %s, has %s, and is %s', due, o.deal_version, o.deal_id,
      due - missing, coalesce(o.status, 'not settled')) as detail
  from off left join event_outcomes o on o.operator_id = $1 and o.event_id = off.event_id
  where missing <> 0 or o.status is distinct from 'settled'
  union all
  select 'event_is_attributed_in_time', id, payout_currency, 0::numeric,
    format('occurred at %s and is of %s by %s, whose evidence begins at %s', occurred_at, affiliate_id,
      method, begins)
  from attributed
  where occurred_at < coalesce(begins, 'infinity') - ${CLOCKS} and id not in ${WAITING}
  union all
  select 'event_is_its_customers_owners', id, payout_currency, 0::numeric,
    format('is of %s, its customer %s was of %s', affiliate_id, customer, owner)
  from owned where affiliate_id <> owner and id not in ${WAITING}`,
};
