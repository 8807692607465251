// What its time is over goes: whole months of partitioned tables, and the few rows whose ids name no month. For all operators, since it is ours.
import { withTransaction, type Pool } from '../db/pool.ts';

/** Partitioned tables that are purged, with the column that tells the age of a row outside the months. */
const AGE_COLUMNS = { clicks: 'received_at', attempts: 'started_at' } as const;

/** A month is dropped under the whole table's lock, which settling must not wait for long; the next step tries again. */
const LOCK_MS = 1000;

/** Drops the oldest month if all of it is older than so many months, and says which. */
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
 * Deletes some of the holders of contents whose repeats are over, each by the window its operator had then; gives how many. A day is left for
 * clocks that differ and for events that wait to be inserted.
 */
export async function deleteExpiredContentHolders(pool: Pool, limit: number): Promise<number> {
  const { rowCount } = await pool.query(
    `delete from content_holders where ctid = any(array(
       select ctid from content_holders where held_until < now() - interval '1 day' order by held_until limit $1 for update skip locked))`,
    [limit],
  );
  return rowCount ?? 0;
}

/** Deletes some of the rows that lie in no month and are older than so many months; gives how many. */
export async function deleteExpiredRows(
  pool: Pool,
  table: keyof typeof AGE_COLUMNS,
  months: number,
  limit: number,
): Promise<number> {
  const { rowCount } = await pool.query(
    `delete from ${table}_other where ctid = any(array(
       select ctid from ${table}_other where ${AGE_COLUMNS[table]} < now() - make_interval(months => $1) limit $2))`,
    [months, limit],
  );
  return rowCount ?? 0;
}
