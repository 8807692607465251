// Reads an affiliate's balances and transfers.
import type { Page } from '../db/page.ts';
import type { BalanceMoney } from '../../domain/ledger/transfers.ts';
import type { Queryable } from '../db/pool.ts';
import { BALANCE_MONEY, selected } from './money-columns.ts';
import { TRANSFER_COLUMNS, type Transfer } from './transfers.ts';

/** An affiliate's balance in one currency, in minor units. */
export type Balance = BalanceMoney & { currency: string };

/**
 * Filters of transfers, null where not set. `from` and `to` are times of posting, `to` not
 * included.
 */
type LedgerFilter = { currency: string | null; from: Date | null; to: Date | null };

export function createBalances(db: Queryable) {
  return {
    /** One balance per currency that the affiliate ever earned in. */
    async find(operatorId: string, affiliateId: string): Promise<Balance[]> {
      const { rows } = await db.query<Balance>(
        `select currency, ${selected(BALANCE_MONEY)} from balances
         where operator_id = $1 and affiliate_id = $2 order by currency`,
        [operatorId, affiliateId],
      );
      return rows;
    },

    async listTransfers(
      operatorId: string,
      affiliateId: string,
      filter: LedgerFilter,
      page: Page,
    ): Promise<Transfer[]> {
      const { rows } = await db.query<Transfer>(
        `select ${TRANSFER_COLUMNS} from transfers t
         where t.operator_id = $1 and t.affiliate_id = $2 and ($3::text is null or t.id < $3)
           and ($5::text is null or t.currency = $5)
           and ($6::timestamptz is null or t.posted_at >= $6)
           and ($7::timestamptz is null or t.posted_at < $7)
         order by t.id desc limit $4`,
        [operatorId, affiliateId, page.before, page.limit, filter.currency, filter.from, filter.to],
      );
      return rows;
    },
  };
}
