// Reads when an affiliate's pending commissions become payable, by day.
import { LOOKED_AT } from '../db/look-through.ts';
import type { Queryable } from '../db/pool.ts';
import type { Balance } from './balances.ts';

/** Commissions whose hold ends on a day (UTC, `2026-12-24`), in minor units. */
export type DueDay = { day: string; pendingMinor: bigint; commissions: number };

/** `days` are of the newest commissions; `olderMinor` is pending for those not looked at. */
export type Upcoming = Pick<Balance, 'currency' | 'payableMinor' | 'debtMinor'> & {
  days: DueDay[];
  olderMinor: bigint;
};

type Row = Pick<Balance, 'currency' | 'payableMinor' | 'debtMinor'> & {
  wholeMinor: bigint;
  day: string | null;
  pendingMinor: bigint;
  commissions: number;
};

export function createUpcoming(db: Queryable) {
  return {
    /** One entry per currency that the affiliate ever earned in; days in their order. */
    async find(operatorId: string, affiliateId: string): Promise<Upcoming[]> {
      // One statement, so that the days and the balance are of the same moment.
      const { rows } = await db.query<Row>(
        `with newest as (
           select currency, hold_until, pending_minor from slots
           where operator_id = $1 and affiliate_id = $2 order by (id || '') desc limit ${LOOKED_AT}),
         days as (
           select currency, to_char(hold_until at time zone 'UTC', 'YYYY-MM-DD') as day,
             bigint_sum(pending_minor) as pending, count(*)::int as commissions
           from newest where pending_minor > 0 group by 1, 2)
         select b.currency, b.payable_minor as "payableMinor", b.debt_minor as "debtMinor",
           b.pending_minor as "wholeMinor", d.day, d.pending as "pendingMinor", d.commissions
         from balances b left join days d on d.currency = b.currency
         where b.operator_id = $1 and b.affiliate_id = $2
         order by b.currency, d.day`,
        [operatorId, affiliateId],
      );
      return byCurrency(rows);
    },
  };
}

function byCurrency(rows: readonly Row[]): Upcoming[] {
  const found = new Map<string, Upcoming>();
  for (const { currency, payableMinor, debtMinor, wholeMinor, day, pendingMinor, commissions } of rows) {
    const of = found.get(currency) ?? { currency, payableMinor, debtMinor, days: [], olderMinor: wholeMinor };
    found.set(currency, of);
    if (day === null) continue;
    of.days.push({ day, pendingMinor, commissions });
    of.olderMinor -= pendingMinor;
  }
  return [...found.values()];
}
