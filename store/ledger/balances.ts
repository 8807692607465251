// Reads balances, of one affiliate or of all, and an affiliate's transfers.
import { LOOKED_AT, lookThrough, type LookedPage } from '../db/look-through.ts';
import type { Page } from '../db/page.ts';
import type { BalanceMoney } from '../../domain/ledger/transfers.ts';
import type { Affiliate, AffiliateState } from '../attribution/affiliates.ts';
import type { Queryable } from '../db/pool.ts';
import { BALANCE_MONEY, selected } from './money-columns.ts';
import { TRANSFER_COLUMNS, type Transfer } from './transfers.ts';

/** An affiliate's balance in one currency, in minor units. */
export type Balance = BalanceMoney & { currency: string };

/** A balance with its affiliate. `id` is its place in the list: affiliate and currency. */
export type AffiliateBalance = Balance &
  Pick<Affiliate, 'name' | 'externalId' | 'state'> & { id: string; affiliateId: string };

/** Sums over all affiliates in one currency; `affiliates`: those with a balance in it. */
export type BalanceTotal = Balance & { affiliates: number };

/** Filters of balances, null where not set. `minimumPayableMinor` goes with a currency. */
export type BalanceFilter = {
  affiliateId: string | null;
  currency: string | null;
  state: AffiliateState | null;
  minimumPayableMinor: bigint | null;
};

/**
 * Filters of transfers, null where not set. `from` and `to` are times of posting, `to` not
 * included.
 */
type LedgerFilter = { currency: string | null; from: Date | null; to: Date | null };

/** Greater than every id of an affiliate. */
const AFTER_ALL = '~';

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

    /**
     * Balances of all affiliates, the newest affiliate first. Looks through a bounded number of
     * them for each page.
     */
    async list(
      operatorId: string,
      { affiliateId, currency, state, minimumPayableMinor }: BalanceFilter,
      { limit, before }: Page,
    ): Promise<LookedPage<AffiliateBalance>> {
      const [beforeAffiliate, beforeCurrency] = before?.split('.') ?? [AFTER_ALL, ''];
      const looked = `(
        select * from balances
        where operator_id = $1 and (affiliate_id, currency) < ($2, $3)
          and ($4::text is null or affiliate_id = $4)
        order by affiliate_id desc, currency desc limit (select ${LOOKED_AT})) b`;
      const bounds = [operatorId, beforeAffiliate, beforeCurrency, affiliateId];
      const { rows } = await db.query<AffiliateBalance>(
        `select b.affiliate_id || '.' || b.currency as id, b.affiliate_id as "affiliateId", a.name,
           a.external_id as "externalId", a.state, b.currency, ${selected(BALANCE_MONEY, 'b')}
         from ${looked}
         join affiliates a on a.operator_id = b.operator_id and a.id = b.affiliate_id
         where ($5::text is null or b.currency = $5) and ($6::text is null or a.state = $6)
           and ($7::bigint is null or b.payable_minor >= $7)
         order by b.affiliate_id desc, b.currency desc limit $8`,
        [...bounds, currency, state, minimumPayableMinor, limit],
      );
      if (rows.length >= limit) return { rows, reached: null };
      const { rows: last } = await db.query<{ id: string }>(
        `select affiliate_id || '.' || currency as id from ${looked} offset ${LOOKED_AT - 1}`,
        bounds,
      );
      return { rows, reached: last[0]?.id ?? null };
    },

    async totals(operatorId: string): Promise<BalanceTotal[]> {
      const sums = Object.entries(BALANCE_MONEY).map(
        ([property, column]) => `bigint_sum(${column}) as "${property}"`,
      );
      const { rows } = await db.query<BalanceTotal>(
        `select currency, count(*)::int as affiliates, ${sums.join(', ')} from balances
         where operator_id = $1 group by currency order by currency`,
        [operatorId],
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
