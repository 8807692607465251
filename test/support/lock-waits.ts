// Connections of a database that wait for a lock.
import type { Pool } from '../../store/db/pool.ts';
import { eventually } from './eventually.ts';

/** Waits until so many connections wait for a lock. */
export function untilWaiting(
  pool: Pool,
  what: string,
  isRight: (count: number) => boolean,
): Promise<unknown> {
  return eventually(what, async () => {
    const { rows } = await pool.query<{ count: number }>(
      `select count(*)::int as count from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return isRight(rows[0]!.count);
  });
}
