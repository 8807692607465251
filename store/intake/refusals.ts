// Refused requests: exact counts per minute, reason and address, and whole requests as samples.
import { lookThrough, type LookedPage } from '../db/look-through.ts';
import type { Page } from '../db/page.ts';
import { withTransaction, type Pool } from '../db/pool.ts';

/**
 * Sample of a refused request, without its body, key or signature. An issue is named by its path
 * and code.
 */
export type Refusal = {
  id: string;
  refusedAt: Date;
  reason: string;
  address: string;
  method: string;
  path: string;
  requestId: string;
  keyId: string;
  issuePath: string | null;
  issueCode: string | null;
};

/** Refusals in one minute; an empty address stands for addresses that were not counted apart. */
export type RefusalCount = { minute: Date; reason: string; address: string; count: number };

/** Filters of refusals; null means any. `from` is inclusive, `to` exclusive. */
type RefusalFilter = { from: Date; to: Date; reason: string | null; address: string | null };

/** `since`: from when on they are counted. */
type RefusalTotals = {
  since: Date;
  total: number;
  byReason: { reason: string; count: number }[];
  byAddress: { address: string; count: number }[];
};

export type Refusals = ReturnType<typeof createRefusals>;

/** Retention in days. Each insert also deletes older rows. */
const KEPT_DAYS = 30;
const ADDRESSES_AT_MOST = 100;
const COUNTS_AT_MOST = 50_000;

const COLUMNS = `id, refused_at as "refusedAt", reason, address, method, path,
  request_id as "requestId", key_id as "keyId",
  issue_path as "issuePath", issue_code as "issueCode"`;

export function createRefusals(pool: Pool) {
  return {
    /** Adds counts and samples of one operator and deletes expired rows, in one transaction. */
    async add(
      operatorId: string,
      counts: readonly RefusalCount[],
      samples: readonly Refusal[],
    ): Promise<void> {
      await withTransaction(pool, async (client) => {
        await client.query(
          `insert into refusal_counts (operator_id, minute, reason, address, count)
           select $1, minute, reason, address, count
           from json_to_recordset($2) as c (minute timestamptz, reason text, address text, count bigint)
           order by minute, reason, address
           on conflict (operator_id, minute, reason, address)
             do update set count = refusal_counts.count + excluded.count`,
          [operatorId, JSON.stringify(counts)],
        );
        await client.query(
          `insert into refusals (operator_id, id, refused_at, reason, address, method, path,
             request_id, key_id, issue_path, issue_code)
           select $1, id, "refusedAt", reason, address, method, path, "requestId", "keyId", "issuePath",
             "issueCode"
           from json_to_recordset($2) as r (id text, "refusedAt" timestamptz, reason text, address text,
             method text, path text,
             "requestId" text, "keyId" text, "issuePath" text, "issueCode" text)`,
          [operatorId, JSON.stringify(samples)],
        );
        await client.query(
          `delete from refusals
           where operator_id = $1 and id < id_bound('rfs', now() - make_interval(days => $2))`,
          [operatorId, KEPT_DAYS],
        );
        await client.query(
          `delete from refusal_counts where operator_id = $1 and minute < now() - make_interval(days => $2)`,
          [operatorId, KEPT_DAYS],
        );
      });
    },

    async list(
      operatorId: string,
      { from, to, reason, address }: RefusalFilter,
      page: Page,
    ): Promise<LookedPage<Refusal>> {
      // An id is made when the request is refused.
      const look = {
        rows: [
          `select id, refused_at, reason, address from refusals
           where operator_id = $1 and id >= id_bound('rfs', $2::timestamptz - interval '1 hour') and id < id_bound('rfs', $3::timestamptz + interval '1 hour')`,
        ],
        chosen: `refused_at >= $2 and refused_at < $3 and ($4::text is null or reason = $4)
          and ($5::text is null or address = $5)`,
        values: [operatorId, from, to, reason, address],
      };
      const { ids, reached } = await lookThrough(pool, look, page);
      const { rows } = await pool.query<Refusal>(
        `select ${COLUMNS} from refusals where operator_id = $1 and id = any($2) order by id desc`,
        [operatorId, ids],
      );
      return { rows, reached };
    },

    /**
     * Refusals by reason and by address, most first, of the minutes that begin in the time range,
     * the newest `COUNTS_AT_MOST` rows of them; `since` says where they end.
     */
    async totals(operatorId: string, { from, to, reason, address }: RefusalFilter): Promise<RefusalTotals> {
      const { rows } = await pool.query<{ reason: string; address: string; count: number; since: Date }>(
        `with newest as materialized (
           select minute, reason, address, count from refusal_counts
           where operator_id = $1 and minute >= date_trunc('minute', $2::timestamptz) and minute < $3
           order by minute desc limit (select ${COUNTS_AT_MOST})
         ), whole as materialized (
           select case when count(*) < ${COUNTS_AT_MOST} then $2
             else min(minute) + interval '1 minute' end as since
           from newest
         )
         select reason, address, coalesce(sum(count), 0)::float8 as count, since
         from whole left join newest on minute >= date_trunc('minute', since)
           and ($4::text is null or reason = $4) and ($5::text is null or address = $5)
         group by since, reason, address`,
        [operatorId, from, to, reason, address],
      );
      const counts = rows.filter(({ count }) => count > 0);
      return {
        since: rows[0]!.since,
        total: counts.reduce((sum, { count }) => sum + count, 0),
        byReason: sumBy(counts, (row) => row.reason).map(([name, count]) => ({ reason: name, count })),
        byAddress: sumBy(counts, (row) => row.address)
          .slice(0, ADDRESSES_AT_MOST)
          .map(([name, count]) => ({ address: name, count })),
      };
    },
  };
}

function sumBy<Row extends { count: number }>(
  rows: readonly Row[],
  nameOf: (row: Row) => string,
): [string, number][] {
  const sums = new Map<string, number>();
  for (const row of rows) sums.set(nameOf(row), (sums.get(nameOf(row)) ?? 0) + row.count);
  return [...sums].sort(([, a], [, b]) => b - a);
}
