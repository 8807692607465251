// Deletes expired data of all operators: whole monthly partitions of clicks and attempts, and
// single rows that lie in no monthly partition.
import { withTransaction, type Pool } from '../db/pool.ts';

/**
 * Partitioned tables with expiry, and the column that gives the age of a row outside the monthly
 * partitions.
 */
const AGE_COLUMNS = { clicks: 'received_at', attempts: 'started_at' } as const;

/**
 * Dropping a partition locks the whole table, and settling must not wait long for it; a later step
 * retries.
 */
const LOCK_MS = 1000;

/**
 * Drops the oldest partition when all of it is older than `months`. Returns its name, or null when
 * there is none.
 */
export async function dropExpiredPartition(
  pool: Pool,
  table: keyof typeof AGE_COLUMNS,
  months: number,
): Promise<string | null> {
  return withTransaction(
    pool,
    async (client) => {
      const { rows } = await client.query<{ dropped: string | null }>(
        `select drop_oldest_partition($1, now() - make_interval(months => $2)) as dropped`,
        [table, months],
      );
      return rows[0]!.dropped;
    },
    { lockTimeoutMs: LOCK_MS },
  );
}

/**
 * Tables whose rows expire one by one: the column that says when, and how long they stay after it.
 * Content holders stay a day longer than their repeat window, for differing clocks and events that
 * wait to be inserted; hours of an endpoint as long as its statistics show them, and one day more.
 */
const EXPIRING = {
  content_holders: { at: 'held_until', staysFor: '1 day' },
  sessions: { at: 'expires_at', staysFor: '0' },
  audit_log: { at: 'at', staysFor: '24 months' },
  endpoint_hours: { at: 'hour', staysFor: '32 days' },
} as const;
type ExpiringTable = keyof typeof EXPIRING;
export const EXPIRING_TABLES = Object.keys(EXPIRING) as ExpiringTable[];

/** Deletes up to `limit` rows that have expired, the oldest first, and returns their number. */
export async function deleteExpired(pool: Pool, table: ExpiringTable, limit: number): Promise<number> {
  const { at, staysFor } = EXPIRING[table];
  const { rowCount } = await pool.query(
    `delete from ${table} where ctid = any(array(
       select ctid
       from ${table}
       where ${at} < now() - interval '${staysFor}'
       order by ${at} limit $1
       for update skip locked))`,
    [limit],
  );
  return rowCount ?? 0;
}

/**
 * Deletes up to `limit` rows outside the monthly partitions that are older than `months`, and
 * returns their number.
 */
export async function deleteExpiredRows(
  pool: Pool,
  table: keyof typeof AGE_COLUMNS,
  months: number,
  limit: number,
): Promise<number> {
  const { rowCount } = await pool.query(
    `delete from ${table}_other where ctid = any(array(
       select ctid
       from ${table}_other
       where ${AGE_COLUMNS[table]} < now() - make_interval(months => $1)
       limit $2))`,
    [months, limit],
  );
  return rowCount ?? 0;
}

/**
 * Deletes up to `limit` chunks of imports that ended more than 30 days ago, or whose file did not
 * come whole within a day; and the latter imports themselves. Returns the number of rows.
 */
export async function deleteExpiredImports(pool: Pool, limit: number): Promise<number> {
  const isBroken = `i.state = 'receiving' and i.created_at < now() - interval '1 day'`;
  const { rowCount: chunks } = await pool.query(
    `delete from import_chunks where ctid = any(array(
       select c.ctid from imports i
       join import_chunks c on c.operator_id = i.operator_id and c.import_id = i.id
       where i.finished_at < now() - interval '30 days' or (${isBroken})
       limit $1))`,
    [limit],
  );
  const { rowCount: imports } = await pool.query(
    `delete from imports i where ${isBroken} and not exists (
       select from import_chunks c where c.operator_id = i.operator_id and c.import_id = i.id)`,
  );
  return (chunks ?? 0) + (imports ?? 0);
}
