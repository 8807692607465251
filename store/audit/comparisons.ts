// Comparisons of the audit inside PostgreSQL: slots and balances with transfers, reported with
// booked amounts, facts with events.
import { REINSTATING_EVENT } from '../../domain/types.ts';
import { inChunks, type Audited, type Check, type Comparison, type Finding } from './context.ts';
import { STATEMENT_COMPARISONS } from './statements.ts';
import { STUCK_COMPARISONS } from './stuck.ts';
import { LIFECYCLE_COMPARISONS } from './lifecycle.ts';
import { DATE_COMPARISONS } from './dates.ts';
import { LIMIT_COMPARISONS } from './limits.ts';
import { OWNER_COMPARISONS } from './owners.ts';
import { SETTLED_EVENTS } from './settled-events.ts';
import { UNDONE_COMPARISONS } from './undone.ts';
import { JOIN_AMENDMENT } from '../agreements/amendments.ts';
import { isAmongInForce } from '../ledger/facts-in-force.ts';
import { OF_PAYOUTS, OF_SINGLES } from '../ledger/slot-kinds.ts';

/** A transfer's change of the booked amount: commissions are booked as the operator's expense. */
const BOOKED = `case when debit_account = 'expense' then amount_minor
      when credit_account = 'expense' then -amount_minor else 0 end`;

/** Batches of reratings: no event causes their transfers, and they are reported as well. */
const RERATED = `like 'rer\\_%'`;

/**
 * Sums of transfers: of accounts, by the other account, and of what affiliates are told. `legs`:
 * each sum twice, as credit and, negative, as debit.
 */
const MOVED = `moved as materialized (
    select debit_account, credit_account, currency, affiliate_id,
      event_id is not null or posting_group ${RERATED} as is_told, sum(amount_minor) as amount_minor
    from transfers where operator_id = $1 group by 1, 2, 3, 4, 5
  ), legs as (
    select credit_account as account, debit_account as other, currency, amount_minor as minor from moved
    union all select debit_account, credit_account, currency, -amount_minor from moved
  )`;

/** Balances against the transfers of their accounts. */
const BALANCES = `sums as (
    select a.affiliate_id, l.currency, array[
        coalesce(sum(minor) filter (where purpose = 'pending'), 0),
        coalesce(sum(minor) filter (where purpose = 'payable'), 0),
        coalesce(sum(minor) filter (where purpose = 'in_payout'), 0),
        coalesce(-sum(minor) filter (where other = 'cash'), 0),
        coalesce(-sum(minor) filter (where purpose = 'debt'), 0)] as parts
    from legs l join accounts a on a.operator_id = $1 and a.id = l.account and a.currency = l.currency
    where a.affiliate_id is not null group by 1, 2
  ), kept as (
    select affiliate_id, currency,
      array[pending_minor, payable_minor, in_payout_minor, paid_minor, debt_minor]::numeric[] as parts
    from balances where operator_id = $1
  ), both_sides as (
    select coalesce(k.affiliate_id, s.affiliate_id) as about, coalesce(k.currency, s.currency) as currency,
      coalesce(k.parts, '{0,0,0,0,0}') as kept, coalesce(s.parts, '{0,0,0,0,0}') as summed
    from kept k full join sums s on s.affiliate_id = k.affiliate_id and s.currency = k.currency
  )`;

/** The amounts reported to each affiliate against the amounts booked for events and reratings. */
const REPORTED = `booked as (
    select affiliate_id, currency, sum(${BOOKED}) as minor from moved where is_told group by 1, 2
  ), reported as (
    select affiliate_id, payout_currency as currency, sum(payout_minor) as minor from (
      select affiliate_id, payout_currency, payout_minor from event_outcomes
      where operator_id = $1 and payout_minor is not null
      union all select affiliate_id, payout_currency, payout_minor from reported_to_others
      where operator_id = $1
    ) as each group by 1, 2
  )`;

/** Both in one pass over the transfers. */
const SUMS_OF_TRANSFERS: Comparison = {
  check: 'balance_is_its_transfers',
  statement: `
  with ${MOVED}, ${BALANCES}, ${REPORTED}
  select 'balance_is_its_transfers' as check, about, currency,
    (select sum(abs(k - s)) from unnest(kept, summed) as u (k, s)) as minor,
    format('keeps %s, its transfers sum to %s (pending, payable, in payout, paid, debt)',
      kept, summed) as detail
  from both_sides where kept <> summed
  union all
  select 'told_is_booked', coalesce(t.affiliate_id, b.affiliate_id), coalesce(t.currency, b.currency),
    abs(coalesce(t.minor, 0) - coalesce(b.minor, 0)),
    format('was told %s in all, %s is booked', coalesce(t.minor, 0), coalesce(b.minor, 0))
  from reported t full join booked b on b.affiliate_id = t.affiliate_id and b.currency = t.currency
  where coalesce(t.minor, 0) <> coalesce(b.minor, 0)`,
};

/**
 * A slot's money columns, as sums of transfers by amount (m) and the purposes of the debit (d) and
 * credit (c) account.
 */
const PARTS = [
  ['gross', `bigint_sum(m) filter (where d in ('expense', 'adjustment') and c in ('pending', 'payable'))`],
  ['void', `bigint_sum(m) filter (where d = 'pending' and c = 'expense')`],
  ['pending', `bigint_sum(case c when 'pending' then m else -m end) filter (where 'pending' in (c, d))`],
  ['payable', `bigint_sum(case c when 'payable' then m else -m end) filter (where 'payable' in (c, d))`],
  ['clawed', `bigint_sum(m) filter (where d = 'payable' and c = 'expense')`],
  [
    'in_payout',
    `bigint_sum(case c when 'in_payout' then m else -m end) filter (where 'in_payout' in (c, d))`,
  ],
  [
    'paid',
    `bigint_sum(case d when 'cash' then -m else m end)
      filter (where 'cash' in (c, d) or (d = 'payable' and c = 'debt'))`,
  ],
  [
    'debt',
    `bigint_sum(case d when 'debt' then m else -m end)
      filter (where d = 'debt' or (d = 'expense' and c = 'debt'))`,
  ],
] as const;
const KEPT = PARTS.map(([part]) => `k.${part}_minor`).join(', ');
const SUMMED = PARTS.map(([part]) => `coalesce(s.${part}, 0)`).join(', ');
const SUMS = PARTS.map(([part, sum]) => `${sum} as ${part}`).join(', ');
const PART_NAMES = 'gross, void, pending, payable, clawed, in payout, paid, debt, count, last number';

/**
 * Slots against their transfers. `offset 0` keeps PostgreSQL from splitting account names again for
 * every sum.
 */
const SLOTS = `
  with legs as (
    select slot_id, slot_seq, currency, affiliate_id, amount_minor as m,
      split_part(debit_account, '/', 1) as d, split_part(credit_account, '/', 1) as c
    from transfers where operator_id = $1 and slot_id is not null offset 0
  ), sums as (
    select slot_id, currency, affiliate_id, count(*) as transfers, max(slot_seq) as last_seq, ${SUMS}
    from legs group by 1, 2, 3
  )
  select coalesce(k.id, s.slot_id) as about, coalesce(k.currency, s.currency) as currency,
    (select max(abs(coalesce(k_part, 0) - s_part))
      from unnest(array[${KEPT}], array[${SUMMED}]) as u (k_part, s_part)) as minor,
    format('keeps %s of %s in %s, its transfers sum to %s of %s in %s (${PART_NAMES})',
      array[${KEPT}, transfers_count, transfers_count], k.affiliate_id, k.currency,
      array[${SUMMED}, coalesce(transfers, 0), coalesce(last_seq, 0)], s.affiliate_id, s.currency) as detail
  from (select * from slots where operator_id = $1) k full join sums s on s.slot_id = k.id
  where (${KEPT}, transfers_count, transfers_count)
      is distinct from (${SUMMED}, coalesce(transfers, 0), coalesce(last_seq, 0))
    or s.slot_id is not null and (s.affiliate_id, s.currency) is distinct from (k.affiliate_id, k.currency)
    or gross_minor <> void_minor + pending_minor + payable_minor + clawed_minor + in_payout_minor + paid_minor
    or kind <> 'manual' and void_minor + clawed_minor + debt_minor > gross_minor`;

/** The booked amount of a slot against its last rating, which partners are shown. */
const RATINGS = `
  select s.id as about, s.currency, abs(coalesce(r.target_minor, 0) - posted) as minor,
    format('rating %s explains %s for %s facts, the slot holds %s for %s',
      ratings_count, r.target_minor, r.facts_count, posted, s.facts_count) as detail
  from slots s cross join lateral (select gross_minor - void_minor - clawed_minor - debt_minor as posted) p
  left join ratings r on r.operator_id = $1 and r.slot_id = s.id and r.seq = s.ratings_count
  where s.operator_id = $1 and s.kind not in ('month', 'manual') and (posted, s.facts_count, s.facts_hash)
    is distinct from (coalesce(r.target_minor, 0), coalesce(r.facts_count, 0), coalesce(r.facts_hash, 0))`;

/** Slots that hold a single conversion. */
const IS_ALONE = `facts_count = 1 and period is null`;

/**
 * The amount reported for a conversion against the amount booked for it: by its own event or, for
 * decisions and releases, in its slot. Only conversions without reversals and reratings that
 * neither share a slot nor moved what a month ranks or a reversal takes of others, since reported
 * amounts of several conversions are not stored apart.
 */
const REPORTED_BY_EVENT = `
  with owners as (
    select slot_id, event_id from slots s join slot_facts f on f.operator_id = $1 and f.slot_id = s.id
    where s.operator_id = $1 and kind in ${OF_SINGLES} and ${IS_ALONE}
  ), each as (
    select event_id, affiliate_id, ${BOOKED} as minor from transfers
    where operator_id = $1 and event_id is not null and 'expense' in (debit_account, credit_account)
    union all
    select b.event_id, t.affiliate_id, ${BOOKED} from transfers t join owners b on b.slot_id = t.slot_id
    where t.operator_id = $1 and t.event_id is null and 'expense' in (debit_account, credit_account)
    union all
    select event_id, affiliate_id, -payout_minor from event_outcomes
    where operator_id = $1 and payout_minor <> 0
  ), off as (
    select event_id, affiliate_id, bigint_sum(minor) as minor from each
    group by 1, 2 having bigint_sum(minor) <> 0
  ), shared as (
    select id from slots where operator_id = $1 and kind in ${OF_SINGLES} and not (${IS_ALONE})
  )
  select o.event_id as about, o.payout_currency as currency, abs(off.minor)::numeric as minor,
    format('was told as %s, %s is booked', o.payout_minor, o.payout_minor + off.minor) as detail
  from off
  join event_outcomes o on o.operator_id = $1 and o.event_id = off.event_id
    and o.affiliate_id = off.affiliate_id
  where o.payout_minor is not null
    and not exists (select from slot_facts f where f.operator_id = $1 and f.original_event_id = o.event_id
      and (f.event_id <> o.event_id or f.revision > 0 or f.batch_id ${RERATED}
        or f.slot_id in (select id from shared)))
    and not exists (select from transfers t join slots s on s.operator_id = $1 and s.id = t.slot_id
      where t.operator_id = $1 and t.event_id = o.event_id
        and (coalesce(s.source_id, s.id) in (select id from shared)
          or exists (select from slot_facts f where f.operator_id = $1 and f.slot_id = t.slot_id
            and f.batch_id = t.posting_group and f.revision > 0)))`;

/**
 * Facts in force against the values of their events in force. Exchanged values are audited in
 * fx.ts.
 */
const FACTS = `
  select f.event_id as about, s.currency, case when f.whole and f.event_id <> original_event_id then 0
      else abs(coalesce(m.amount_minor, e.amount_minor, 0) - f.amount_minor) end::numeric as minor,
    format('says %s %s %s %s in slot %s, the event says %s %s %s %s', f.type, f.amount_minor, f.volume_e4,
      f.occurred_at, f.slot_id, coalesce(e.type, 'nothing'), coalesce(m.amount_minor, e.amount_minor),
      coalesce(m.volume_e4, e.volume_e4), e.occurred_at) as detail
  from slot_facts f join slots s on s.operator_id = $1 and s.id = f.slot_id
  left join events e on e.operator_id = $1 and e.id = f.event_id
  ${JOIN_AMENDMENT}
  where f.operator_id = $1 and f.type not in ('left', 'rejected') and ${isAmongInForce('f')}
    and (e.id is null or f.type <> e.type or f.occurred_at <> e.occurred_at
    or case when f.event_id = original_event_id
         then (f.amount_minor, f.volume_e4) <> (
           coalesce(m.amount_minor, e.amount_minor, 0), coalesce(m.volume_e4, e.volume_e4, 0))
       when e.reference is null or f.type = '${REINSTATING_EVENT}'
         then not f.whole and f.fx_rate_id is null
           and f.amount_minor > coalesce(m.amount_minor, e.amount_minor, 0)
       else not f.whole and f.fx_rate_id is null and f.amount_minor is distinct from e.amount_minor end
    or f.event_id = original_event_id and f.fx_rate_id is null and f.basis_minor <> case
      when s.kind = 'month' and coalesce(m.payout_minor, e.payout_minor) is not null and f.basis_minor = 0
        then 0
      when s.kind in ${OF_PAYOUTS} then
        case when coalesce(m.payout_currency, e.payout_currency, m.currency, e.currency) <> s.currency then 0
          else coalesce(m.payout_minor, e.payout_minor) end
      when coalesce(m.currency, e.currency) <> s.currency then 0
      else coalesce(m.amount_minor, e.amount_minor, 0) end)`;

/** Long comparisons first, so that none of them runs alone at the end. */
const STATEMENTS: readonly Comparison[] = [
  { check: 'fact_is_its_event', statement: FACTS },
  SETTLED_EVENTS,
  { check: 'told_is_booked_by_event', statement: REPORTED_BY_EVENT },
  { check: 'slot_is_its_transfers', statement: SLOTS },
  { check: 'slot_is_as_rated', statement: RATINGS },
  SUMS_OF_TRANSFERS,
  ...OWNER_COMPARISONS,
  ...DATE_COMPARISONS,
  ...UNDONE_COMPARISONS,
  ...STATEMENT_COMPARISONS,
  ...LIFECYCLE_COMPARISONS,
  ...LIMIT_COMPARISONS,
  ...STUCK_COMPARISONS,
];

type Row = { check?: string; about: string; currency: string | null; minor: string; detail: string };

/** The comparisons as checks. `minor` is read as the text of a numeric. */
export const COMPARISONS: readonly Check[] = STATEMENTS.map(({ check, statement, terms }) => {
  return async function* compared(audited: Audited): AsyncGenerator<Finding> {
    const { operatorId, currency, deals } = audited;
    const read = terms?.(deals);
    if (read?.length === 0) return;
    const values = statement.includes('$2')
      ? [operatorId, JSON.stringify(read ?? deals.promised.filter(({ slots }) => slots > 0))]
      : [operatorId];
    for await (const rows of inChunks<Row>(audited, statement, values)) {
      for (const { minor, ...row } of rows)
        yield { check, ...row, currency: row.currency ?? currency, minor: BigInt(minor) };
    }
  };
});
