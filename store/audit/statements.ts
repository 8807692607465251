// Comparisons of the audit about closed months: each transfer is on its statement, statements add
// up and follow each other, and nothing was posted or changed since.
import type { Comparison } from './context.ts';
import { EMPTY_SEAL, sealsWhere } from '../ledger/seals.ts';
import { MOVED, PART_NAMES, type PartName } from '../ledger/statement-writing.ts';

const array = (column: (part: PartName) => string): string =>
  `array[${PART_NAMES.map(column).join(', ')}]::numeric[]`;
const OPENING = array((part) => `s.opening_${part}_minor`);
const CLOSING = array((part) => `s.closing_${part}_minor`);
const NOTHING = `'{${PART_NAMES.map(() => '0').join(',')}}'::numeric[]`;
const NAMES = '(pending, payable, in payout, paid, debt)';

/** The last closed month as `closed`; without one no row, so that no transfers are read. */
export const LAST_CLOSED = `(select max(period) as last from periods
  where operator_id = $1 and status = 'closed' having max(period) is not null) as closed`;

/**
 * Transfers against statement lines. Closed months have no gaps, so all months before the last
 * closed one are closed too.
 */
const LISTED = `
  with booked as (
    select id, affiliate_id, currency, period, amount_minor
    from ${LAST_CLOSED} join transfers t on t.operator_id = $1 and t.period <= closed.last
    where affiliate_id is not null
  ), listed as (
    select l.transfer_id, s.affiliate_id, s.currency, s.period
    from statement_lines l left join statements s on s.operator_id = $1 and s.id = l.statement_id
    where l.operator_id = $1
  )
  select coalesce(b.id, l.transfer_id) as about, coalesce(b.currency, l.currency) as currency,
    coalesce(b.amount_minor, 0) as minor,
    format('is of %s, on the statement of %s', concat_ws(' ', b.affiliate_id, b.currency, b.period),
      concat_ws(' ', l.affiliate_id, l.currency, l.period)) as detail
  from booked b full join listed l on l.transfer_id = b.id
  where (b.affiliate_id, b.currency, b.period) is distinct from (l.affiliate_id, l.currency, l.period)`;

/** The closing balance of a statement against its opening balance and its lines. */
const SUMS = `
  with moved as (
    select l.statement_id, count(*) as lines, ${MOVED}
    from statement_lines l join transfers t on t.operator_id = $1 and t.id = l.transfer_id
    where l.operator_id = $1 group by 1
  ), both_sides as (
    select s.id, s.currency, s.lines_count, coalesce(m.lines, 0) as lines, ${CLOSING} as closes,
      ${array((part) => `s.opening_${part}_minor + coalesce(m.${part}, 0)`)} as summed
    from statements s left join moved m on m.statement_id = s.id where s.operator_id = $1
  )
  select id as about, currency, (select sum(abs(c - s)) from unnest(closes, summed) as u (c, s)) as minor,
    format('closes with %s after %s lines, its opening and %s lines sum to %s ${NAMES}',
      closes, lines_count, lines, summed) as detail
  from both_sides where closes <> summed or lines <> lines_count`;

/** The opening balance of a statement against the closing balance of the affiliate's last one. */
const CHAIN = `
  with chained as (
    select s.id, s.currency, ${OPENING} as opens,
      lag(${CLOSING}, 1, ${NOTHING})
        over (partition by s.affiliate_id, s.currency order by s.period) as closed
    from statements s where s.operator_id = $1
  )
  select id as about, currency, (select sum(abs(o - c)) from unnest(opens, closed) as u (o, c)) as minor,
    format('opens with %s, the one before closed with %s ${NAMES}', opens, closed) as detail
  from chained where opens <> closed`;

const IN_CLOSED_MONTHS = `t.period in (
    select period from periods where operator_id = $1 and status = 'closed')`;

/** The transfers of a closed month against its seal. */
const SEALS = `
  select p.period as about, null as currency, 0 as minor,
    format('was closed with %s transfers and seal %s, now has %s and %s', p.transfers_count,
      encode(p.seal, 'hex'), coalesce(n.transfers, 0), coalesce(encode(n.seal, 'hex'), 'none')) as detail
  from periods p
  left join (${sealsWhere(IN_CLOSED_MONTHS)}) n on n.period = p.period
  where p.operator_id = $1 and p.status = 'closed'
    and (p.transfers_count, p.seal)
      is distinct from (coalesce(n.transfers, 0), coalesce(n.seal, ${EMPTY_SEAL}))`;

/** Transfers that were posted into a month after it was closed. */
const AFTERWARDS = `
  select t.id as about, t.currency, t.amount_minor as minor,
    format('was posted at %s into %s, which was closed at %s', t.posted_at, t.period, p.closed_at) as detail
  from transfers t join periods p on p.operator_id = $1 and p.period = t.period
  where t.operator_id = $1 and t.posted_at > p.closed_at`;

export const STATEMENT_COMPARISONS: readonly Comparison[] = [
  { check: 'transfer_is_on_its_statement', statement: LISTED },
  { check: 'statement_adds_up', statement: SUMS },
  { check: 'statement_follows_the_last', statement: CHAIN },
  { check: 'closed_month_is_sealed', statement: SEALS },
  { check: 'nothing_is_posted_into_the_past', statement: AFTERWARDS },
];
