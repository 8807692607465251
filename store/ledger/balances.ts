// Reads an affiliate's balances and transfers.
import { lookThrough, type LookedPage } from '../db/look-through.ts';
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
      { currency, from, to }: LedgerFilter,
      page: Page,
    ): Promise<LookedPage<Transfer>> {
      const look = {
        rows: [
          `select id, currency, posted_at from transfers
           where operator_id = $1 and affiliate_id = $2
             and ($4::timestamptz is null or id >= id_bound('trf', $4 - interval '1 hour'))
             and ($5::timestamptz is null or id < id_bound('trf', $5 + interval '1 hour'))`,
        ],
        chosen: `($3::text is null or currency = $3) and ($4::timestamptz is null or posted_at >= $4)
          and ($5::timestamptz is null or posted_at < $5)`,
        values: [operatorId, affiliateId, currency, from, to],
      };
      const { ids, reached } = await lookThrough(db, look, page);
      const { rows } = await db.query<Transfer>(
        `select ${TRANSFER_COLUMNS} from transfers t
         where t.operator_id = $1 and t.id = any($2) order by t.id desc`,
        [operatorId, ids],
      );
      return { rows, reached };
    },
  };
}
