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
 * Deletes up to `limit` content holders whose repeat window has ended, and returns their number.
 * One extra day covers differing clocks and events that wait to be inserted.
 */
export async function deleteExpiredContentHolders(pool: Pool, limit: number): Promise<number> {
  const { rowCount } = await pool.query(
    `delete from content_holders where ctid = any(array(
       select ctid
       from content_holders
       where held_until < now() - interval '1 day'
       order by held_until limit $1
       for update skip locked))`,
    [limit],
  );
  return rowCount ?? 0;
}

const AUDIT_KEPT_MONTHS = 24;

/** Deletes up to `limit` old entries of the audit log, and returns their number. */
export async function deleteOldAuditEntries(pool: Pool, limit: number): Promise<number> {
  const { rowCount } = await pool.query(
    `delete from audit_log where ctid = any(array(
       select ctid from audit_log
       where at < now() - make_interval(months => $2) order by at limit $1))`,
    [limit, AUDIT_KEPT_MONTHS],
  );
  return rowCount ?? 0;
}

/** Deletes up to `limit` sessions that have ended, and returns their number. */
export async function deleteEndedSessions(pool: Pool, limit: number): Promise<number> {
  const { rowCount } = await pool.query(
    `delete from sessions where token_hash = any(array(
       select token_hash from sessions where expires_at < now() order by expires_at limit $1))`,
    [limit],
  );
  return rowCount ?? 0;
}

/** Days of counts behind the statistics of an endpoint: those that it shows, and one to spare. */
const ENDPOINT_HOURS_DAYS = 32;

/** Deletes up to `limit` counts of attempts that no statistics show, and returns their number. */
export async function deleteExpiredEndpointHours(pool: Pool, limit: number): Promise<number> {
  const { rowCount } = await pool.query(
    `delete from endpoint_hours where ctid = any(array(
       select ctid from endpoint_hours where hour < now() - make_interval(days => $1) order by hour limit $2))`,
    [ENDPOINT_HOURS_DAYS, limit],
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
