// Lists closed and closing months, and begins to close one.
import { beginClosing, readBooks } from './closing.ts';
import type { Page } from '../db/page.ts';
import type { Pool } from '../db/pool.ts';

export const PERIOD_STATUSES = ['closing', 'closed'] as const;

/** A closing or closed month. The last four fields are null until it is closed. */
export type PeriodRow = {
  period: string;
  status: (typeof PERIOD_STATUSES)[number];
  closedAt: Date | null;
  transfers: bigint | null;
  statements: bigint | null;
  seal: string | null;
};

export function createPeriods(pool: Pool) {
  return {
    /**
     * Which months of an operator's ledger are closed or closing. Throws for an unknown operator.
     */
    async books(operatorId: string) {
      const books = await readBooks(pool, operatorId);
      if (books === null) throw new Error(`there is no operator ${operatorId}`);
      return books;
    },

    /**
     * Closed and closing months, newest first; only those before `page.before` where that is set.
     */
    async list(operatorId: string, page: Page): Promise<PeriodRow[]> {
      const { rows } = await pool.query<PeriodRow>(
        `select p.period, p.status, p.closed_at as "closedAt", p.transfers_count as transfers,
           encode(p.seal, 'hex') as seal,
           case when p.status = 'closed' then (
             select count(*) from statements s where s.operator_id = $1 and s.period = p.period
           ) end as statements
         from periods p where p.operator_id = $1 and ($2::text is null or p.period < $2)
         order by p.period desc limit $3`,
        [operatorId, page.before, page.limit],
      );
      return rows;
    },

    /** Closes a month to further transfers. Its workflow writes the statements afterwards. */
    begin: (operatorId: string, period: string) => beginClosing(pool, operatorId, period),
  };
}
