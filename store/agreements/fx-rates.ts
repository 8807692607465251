// Exchange rates of operators, stored with source and date; rates are immutable.
import { RATE_HOLDS_DAYS, type FxRate } from '../../domain/ledger/fx.ts';
import { retryWaitingAmendments } from './amendments.ts';
import type { Page } from '../db/page.ts';
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';
import { reopenReratings, type ReratedVersion } from './reratings.ts';
import { requestRetries, type RetryableReason } from './retry-requests.ts';
import { lockReversals } from '../db/locks.ts';

/** A stored rate; `rate` is decimal text with twelve decimals. */
export type StoredRate = {
  id: string;
  base: string;
  quote: string;
  rate: string;
  source: string;
  asOf: Date;
  actor: string;
  createdAt: Date;
};
type NewRate = Omit<StoredRate, 'createdAt'>;

/**
 * An added rate; `isNew` is false when it existed. `retried`, `reopened` and `retriesAmendments`:
 * follow-up work, also marked in the database, so that the sweep starts work that the caller could
 * not.
 */
type AddedRate = {
  rate: StoredRate;
  isNew: boolean;
  retried: RetryableReason[];
  reopened: ReratedVersion[];
  retriesAmendments: boolean;
};

const COLUMNS = `id, base, quote, rate, source, as_of as "asOf", actor, created_at as "createdAt"`;

export function createFxRates(pool: Pool) {
  return {
    /**
     * Adds a rate. Returns `other_rate` when the source gave another rate for the same moment.
     * Settling is excluded meanwhile, so that no event misses the rate.
     */
    async insert(
      operatorId: string,
      { id, base, quote, rate, source, asOf, actor }: NewRate,
    ): Promise<AddedRate | 'other_rate'> {
      return await withTransaction(pool, async (client) => {
        await lockReversals(client, operatorId, 'rerating');
        const { rows } = await client.query<StoredRate>(
          `insert into fx_rates (operator_id, id, base, quote, rate, source, as_of, actor)
           values ($1, $2, $3, $4, $5, $6, $7, $8)
           on conflict (operator_id, base, quote, as_of, source) do nothing returning ${COLUMNS}`,
          [operatorId, id, base, quote, rate, source, asOf, actor],
        );
        const [added] = rows;
        if (!added) return await knownRate(client, operatorId, { base, quote, rate, source, asOf });
        const retried = await requestRetries(client, operatorId, ['no_exchange_rate']);
        const reopened = await reopenReratings(client, operatorId);
        return {
          rate: added,
          isNew: true,
          retried,
          reopened,
          retriesAmendments: await retryWaitingAmendments(client, operatorId),
        };
      });
    },

    async list(
      operatorId: string,
      base: string | null,
      quote: string | null,
      page: Page,
    ): Promise<StoredRate[]> {
      const { rows } = await pool.query<StoredRate>(
        `select ${COLUMNS} from fx_rates
         where operator_id = $1 and ($2::text is null or base = $2) and ($3::text is null or quote = $3)
           and ($4::text is null or id < $4)
         order by id desc limit $5`,
        [operatorId, base, quote, page.before, page.limit],
      );
      return rows;
    },
  };
}

async function knownRate(
  db: Queryable,
  operatorId: string,
  { base, quote, rate, source, asOf }: Pick<NewRate, 'base' | 'quote' | 'rate' | 'source' | 'asOf'>,
): Promise<AddedRate | 'other_rate'> {
  const { rows } = await db.query<StoredRate & { isSame: boolean }>(
    `select ${COLUMNS}, rate = $6::numeric as "isSame" from fx_rates
     where operator_id = $1 and base = $2 and quote = $3 and as_of = $4 and source = $5`,
    [operatorId, base, quote, asOf, source, rate],
  );
  // Rates are never deleted, so the row exists.
  const { isSame, ...stored } = rows[0]!;
  return isSame
    ? { rate: stored, isNew: false, retried: [], reopened: [], retriesAmendments: false }
    : 'other_rate';
}

/**
 * Amounts to exchange: their currencies, the target currencies, and their time range (milliseconds
 * since 1970).
 */
type RateScope = { bases: readonly string[]; quotes: readonly string[]; from: number; to: number };

/** Rates that may apply to the amounts in scope; none for a null scope. */
export async function readRates(
  db: Queryable,
  operatorId: string,
  exchanged: RateScope | null,
): Promise<FxRate[]> {
  if (exchanged === null) return [];
  const { bases, quotes, from, to } = exchanged;
  const { rows } = await db.query<Omit<FxRate, 'rateE12' | 'asOf'> & { rateE12: string; asOf: Date }>({
    name: 'read-fx-rates',
    text: `select id, base, quote, rate, (rate * 1000000000000)::numeric(38, 0) as "rateE12", source,
       as_of as "asOf"
     from fx_rates
     where operator_id = $1 and base = any($2) and quote = any($3)
       and as_of between $4::timestamptz - make_interval(days => $5) and $6`,
    values: [operatorId, bases, quotes, new Date(from), RATE_HOLDS_DAYS, new Date(to)],
  });
  return rows.map((row) => ({ ...row, rateE12: BigInt(row.rateE12), asOf: row.asOf.getTime() }));
}
