// Writes the statements of a closing month: one for each affiliate and currency with transfers in
// it or a balance from before. Sums transfers in SQL as `movedBy` in domain/ledger/statements.ts
// does; the audit compares the results.
import type { Queryable } from '../db/pool.ts';

/**
 * The parts of a balance as columns name them, each with its account, and whether credits (1) or
 * debits (-1) raise it.
 */
const PARTS = [
  ['pending', 'pending', 1],
  ['payable', 'payable', 1],
  ['in_payout', 'in_payout', 1],
  ['paid', 'cash', 1],
  ['debt', 'debt', -1],
] as const;

export type PartName = (typeof PARTS)[number][0];
export const PART_NAMES: readonly PartName[] = PARTS.map(([name]) => name);

/** The change of each part by transfers `t`, as columns named after the parts. */
export const MOVED = PARTS.map(
  ([name, account, sign]) =>
    `coalesce(${sign} * sum(case '${account}' when split_part(t.credit_account, '/', 1) then t.amount_minor
      when split_part(t.debit_account, '/', 1) then -t.amount_minor else 0 end), 0)::bigint as ${name}`,
).join(', ');

const each = (column: (part: PartName) => string): string => PART_NAMES.map(column).join(', ');

const STATEMENTS = `
  with moved as (
    select t.affiliate_id, t.currency, count(*)::int as lines, ${MOVED}
    from transfers t where t.operator_id = $1 and t.period = $2 and t.affiliate_id is not null group by 1, 2
  ), carried as (
    select distinct on (affiliate_id, currency) affiliate_id, currency,
      ${each((part) => `closing_${part}_minor as ${part}`)}
    from statements where operator_id = $1 and period < $2 order by affiliate_id, currency, period desc
  )
  insert into statements (operator_id, id, affiliate_id, currency, period, lines_count,
    ${each((part) => `opening_${part}_minor`)}, ${each((part) => `closing_${part}_minor`)})
  select $1, id_bound('stm', clock_timestamp()) || substr(replace(gen_random_uuid()::text, '-', ''), 1, 16),
    affiliate_id, currency, $2, coalesce(m.lines, 0), ${each((part) => `coalesce(c.${part}, 0)`)},
    ${each((part) => `coalesce(c.${part}, 0) + coalesce(m.${part}, 0)`)}
  from carried c full join moved m using (affiliate_id, currency)
  where m.lines > 0 or (c.pending, c.payable, c.in_payout, c.debt) <> (0, 0, 0, 0)`;

const LINES = `
  insert into statement_lines (operator_id, statement_id, transfer_id)
  select $1, s.id, t.id from transfers t
  join statements s on s.operator_id = $1 and s.period = $2
    and s.affiliate_id = t.affiliate_id and s.currency = t.currency
  where t.operator_id = $1 and t.period = $2`;

/**
 * Inserts the statements of a month with their lines. Each opens with the closing balance of the
 * affiliate's last one.
 */
export async function insertStatements(db: Queryable, operatorId: string, period: string): Promise<void> {
  await db.query(STATEMENTS, [operatorId, period]);
  await db.query(LINES, [operatorId, period]);
}
