// Comparisons of the audit about booked commissions: balances with slots, payouts with transfers,
// decisions with slots.
import type { Comparison } from './context.ts';

/**
 * Balances against the sums of affiliates' slots. A slot's paid amount includes recovered debt, and
 * its debt is cumulative, so recoveries and write-offs are subtracted. The amount of a difference
 * is counted where balances and slots are each compared with their transfers.
 */
const AFFILIATES = `
  with held as (
    select affiliate_id, currency, sum(pending_minor) as pending, sum(payable_minor) as payable,
      sum(in_payout_minor) as in_payout, sum(paid_minor) as paid, sum(debt_minor) as debt
    from slots where operator_id = $1 group by 1, 2
  ), settled as (
    select affiliate_id, currency,
      coalesce(sum(amount_minor) filter (where code = 'recover_debt'), 0) as recovered,
      coalesce(sum(amount_minor) filter (where code = 'write_off'), 0) as written_off
    from transfers where operator_id = $1 and code in ('recover_debt', 'write_off') group by 1, 2
  ), kept as (
    select affiliate_id, currency,
      array[pending_minor, payable_minor, in_payout_minor, paid_minor, debt_minor]::numeric[] as kept
    from balances where operator_id = $1
  ), both_sides as (
    select coalesce(b.affiliate_id, h.affiliate_id) as about, coalesce(b.currency, h.currency) as currency,
      array[coalesce(pending, 0), coalesce(payable, 0), coalesce(in_payout, 0),
        coalesce(paid, 0) - coalesce(recovered, 0),
        coalesce(debt, 0) - coalesce(recovered, 0) - coalesce(written_off, 0)] as held,
      coalesce(b.kept, '{0,0,0,0,0}') as kept
    from kept b
    full join held h on h.affiliate_id = b.affiliate_id and h.currency = b.currency
    left join settled s on s.affiliate_id = coalesce(b.affiliate_id, h.affiliate_id)
      and s.currency = coalesce(b.currency, h.currency)
  )
  select about, currency, 0::numeric as minor,
    format('keeps %s, its slots come to %s (pending, payable, in payout, paid, debt)', kept, held) as detail
  from both_sides where kept <> held`;

/** A payout's transfers against its state and the states that it passed. */
const PAYOUTS = `
  with moved as (
    select payout_id, array[
        coalesce(sum(amount_minor) filter (where code = 'reserve'), 0),
        coalesce(sum(amount_minor) filter (where code = 'recover_debt'), 0),
        coalesce(sum(amount_minor) filter (where code = 'confirm'), 0),
        coalesce(sum(amount_minor) filter (where code = 'fail'), 0),
        coalesce(sum(amount_minor) filter (where code = 'return'), 0)] as moved
    from transfers where operator_id = $1 and payout_id is not null group by payout_id
  ), passed as (
    select payout_id, array_agg(state order by state) as states from payout_states
    where operator_id = $1 group by payout_id
  ), kept as (
    select id, currency, amount_minor, state, array[amount_minor, recovered_minor,
        case when state in ('paid', 'returned') then amount_minor else 0 end,
        case state when 'failed' then amount_minor else 0 end,
        case state when 'returned' then amount_minor else 0 end]::numeric[] as said,
      case state when 'reserved' then '{reserved}' when 'paid' then '{paid,reserved}'
        when 'failed' then '{failed,reserved}' else '{paid,reserved,returned}' end::text[] as states
    from payouts where operator_id = $1
  )
  select coalesce(k.id, m.payout_id) as about, k.currency,
    (select sum(abs(coalesce(s, 0) - coalesce(m, 0))) from unnest(k.said, m.moved) as u (s, m)) as minor,
    format('is %s: should have moved %s by %s, its transfers moved %s by %s '
      '(reserved, recovered, confirmed, failed, returned)',
      k.state, k.said, k.states, m.moved, p.states) as detail
  from kept k full join moved m on m.payout_id = k.id
  left join passed p on p.payout_id = coalesce(k.id, m.payout_id)
  where k.said is distinct from m.moved or k.states is distinct from p.states`;

/**
 * A slot is rejected if and only if it was rejected once more than it was reinstated, and then
 * nothing is booked for it.
 */
const REJECTIONS = `
  with decided as (
    select slot_id, count(*) filter (where decision = 'rejected') as rejected,
      count(*) filter (where decision = 'reinstated') as reinstated
    from commission_decisions where operator_id = $1 group by 1
  )
  select s.id as about, s.currency, abs(posted) as minor,
    format('rejected at %s, %s times rejected and %s times reinstated, %s is booked', s.rejected_at,
      coalesce(d.rejected, 0), coalesce(d.reinstated, 0), posted) as detail
  from slots s cross join lateral (select gross_minor - void_minor - clawed_minor - debt_minor as posted) p
  left join decided d on d.slot_id = s.id
  where s.operator_id = $1
    and (coalesce(d.rejected - d.reinstated, 0) <> (s.rejected_at is not null)::int
      or s.rejected_at is not null and posted <> 0)`;

/** An adjustment is one transfer with an actor and a reason. */
const ADJUSTMENTS = `
  select s.id as about, s.currency, abs(gross_minor - void_minor - clawed_minor - debt_minor) as minor,
    format('was adjusted by %s transfers with an actor and a reason, should be 1', count(t.id)) as detail
  from slots s
  left join transfers t on t.operator_id = $1 and t.slot_id = s.id and t.code in ('adjust_up', 'adjust_down')
    and t.actor is not null and t.reason is not null and t.idempotency_key = s.key
  where s.operator_id = $1 and s.kind = 'manual' group by s.id, s.currency, 3 having count(t.id) <> 1`;

export const LIFECYCLE_COMPARISONS: readonly Comparison[] = [
  { check: 'balance_is_its_slots', statement: AFFILIATES },
  { check: 'payout_is_its_transfers', statement: PAYOUTS },
  { check: 'rejection_was_decided', statement: REJECTIONS },
  { check: 'adjustment_says_who_and_why', statement: ADJUSTMENTS },
];
