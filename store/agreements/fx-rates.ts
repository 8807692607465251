// Exchange rates of operators, stored with source and date. Of one pair and moment the last rate
// holds; the ones before it are kept.
import { RATE_HOLDS_DAYS, type FxRate } from '../../domain/ledger/fx.ts';
import { retryWaitingAmendments } from './amendments-in-force.ts';
import { requestChanges } from './change-requests.ts';
import type { Page } from '../db/page.ts';
import type { Pool, Queryable } from '../db/pool.ts';
import { reopenReratings, type ReratedVersion } from './reratings.ts';
import { requestRetries, type RetryableReason } from './retry-requests.ts';
import { withoutSettling } from '../db/locks.ts';

/**
 * A stored rate; `rate` is decimal text with twelve decimals. `replacedAt`: when another rate of
 * the same pair and moment was added; null while the rate holds.
 */
export type StoredRate = {
  id: string;
  base: string;
  quote: string;
  rate: string;
  source: string;
  asOf: Date;
  actor: string;
  createdAt: Date;
  replacedAt: Date | null;
};
type NewRate = Omit<StoredRate, 'createdAt' | 'replacedAt'>;

/**
 * An added rate; `isNew` is false when it existed. `retried`, `reopened` and `appliesChanges`:
 * follow-up work, also marked in the database, so that the sweep starts work that the caller could
 * not.
 */
type AddedRate = {
  rate: StoredRate;
  isNew: boolean;
  retried: RetryableReason[];
  reopened: ReratedVersion[];
  appliesChanges: boolean;
};

const COLUMNS = `r.id, r.base, r.quote, r.rate, r.source, r.as_of as "asOf", r.actor,
  r.created_at as "createdAt", (
    select min(n.created_at) from fx_rates n
    where n.operator_id = r.operator_id and n.base = r.base and n.quote = r.quote and n.as_of = r.as_of
      and n.id > r.id
  ) as "replacedAt"`;

export function createFxRates(pool: Pool) {
  return {
    /**
     * Adds a rate. A rate of the same pair and moment is replaced, and the conversions that it was
     * used for are rated again. Settling is excluded meanwhile, so that no event misses the rate.
     */
    async insert(operatorId: string, rate: NewRate): Promise<AddedRate> {
      return await withoutSettling(pool, operatorId, async (client) => {
        const known = await findRate(client, operatorId, rate);
        if (known?.isSame) {
          const { isSame: _same, ...stored } = known;
          return { rate: stored, isNew: false, retried: [], reopened: [], appliesChanges: false };
        }
        const { id, base, quote, rate: text, source, asOf, actor } = rate;
        const { rows } = await client.query<StoredRate>(
          `with r as (
             insert into fx_rates (operator_id, id, base, quote, rate, source, as_of, actor)
             values ($1, $2, $3, $4, $5, $6, $7, $8) returning *
           )
           select ${COLUMNS} from r`,
          [operatorId, id, base, quote, text, source, asOf, actor],
        );
        const corrected = known === null ? [] : await exchangedAt(client, operatorId, rate);
        await requestChanges(client, operatorId, corrected, 'rate_corrected');
        const retried = await requestRetries(client, operatorId, ['no_exchange_rate']);
        const reopened = await reopenReratings(client, operatorId);
        const retries = await retryWaitingAmendments(client, operatorId);
        return {
          rate: rows[0]!,
          isNew: true,
          retried,
          reopened,
          appliesChanges: retries || corrected.length > 0,
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
        `select ${COLUMNS} from fx_rates r
         where r.operator_id = $1 and ($2::text is null or r.base = $2)
           and ($3::text is null or r.quote = $3) and ($4::text is null or r.id < $4)
         order by r.id desc limit $5`,
        [operatorId, base, quote, page.before, page.limit],
      );
      return rows;
    },
  };
}

type Moment = Pick<NewRate, 'base' | 'quote' | 'rate' | 'source' | 'asOf'>;

/** The rate that holds for a pair and moment, and whether it is the same; null without one. */
async function findRate(
  db: Queryable,
  operatorId: string,
  { base, quote, rate, source, asOf }: Moment,
): Promise<(StoredRate & { isSame: boolean }) | null> {
  const { rows } = await db.query<StoredRate & { isSame: boolean }>(
    `select ${COLUMNS}, r.rate = $6::numeric and r.source = $5 as "isSame" from fx_rates r
     where r.operator_id = $1 and r.base = $2 and r.quote = $3 and r.as_of = $4
     order by r.id desc limit 1`,
    [operatorId, base, quote, asOf, source, rate],
  );
  return rows[0] ?? null;
}

/**
 * Conversions whose amounts, or those of their reversals, were exchanged at a rate of this moment.
 */
async function exchangedAt(
  db: Queryable,
  operatorId: string,
  { base, quote, asOf }: Moment,
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select distinct f.original_event_id as id from fx_rates r
     join slot_facts f on f.operator_id = $1 and f.fx_rate_id = r.id
     where r.operator_id = $1 and r.base = $2 and r.quote = $3 and r.as_of = $4`,
    [operatorId, base, quote, asOf],
  );
  return rows.map(({ id }) => id);
}

/**
 * Amounts to exchange: their currencies, the target currencies, and their time range (milliseconds
 * since 1970).
 */
type RateScope = { bases: readonly string[]; quotes: readonly string[]; from: number; to: number };

/** Rates that hold and may apply to the amounts in scope; none for a null scope. */
export async function readRates(
  db: Queryable,
  operatorId: string,
  exchanged: RateScope | null,
): Promise<FxRate[]> {
  if (exchanged === null) return [];
  const { bases, quotes, from, to } = exchanged;
  const { rows } = await db.query<Omit<FxRate, 'rateE12' | 'asOf'> & { rateE12: string; asOf: Date }>({
    name: 'read-fx-rates',
    text: `select distinct on (base, quote, as_of) id, base, quote, rate, (rate * 1000000000000)::numeric(38, 0) as "rateE12", source,
       as_of as "asOf"
     from fx_rates
     where operator_id = $1 and base = any($2) and quote = any($3)
       and as_of between $4::timestamptz - make_interval(days => $5) and $6
     order by base, quote, as_of, id desc`,
    values: [operatorId, bases, quotes, new Date(from), RATE_HOLDS_DAYS, new Date(to)],
  });
  return rows.map((row) => ({ ...row, rateE12: BigInt(row.rateE12), asOf: row.asOf.getTime() }));
}
