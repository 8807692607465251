// Deletes expired data in steps: at most one monthly partition of each table, and some rows.
import type { Pool } from '../../store/db/pool.ts';
import {
  deleteExpired,
  deleteExpiredImports,
  deleteExpiredRows,
  dropExpiredPartition,
  EXPIRING_TABLES,
} from '../../store/upkeep/expiry.ts';

export type PurgeActivities = {
  /**
   * Runs one step. Returns the dropped partitions and the number of deleted rows; nothing when no
   * expired data is left.
   */
  purgeOnce(): Promise<{ partitions: string[]; rows: number }>;
};

/** Retention of clicks and attempts, in months. */
export type Retention = { clicksMonths: number; attemptsMonths: number };

const ROWS_PER_STEP = 5000;

export function createPurge({ pool, retention }: { pool: Pool; retention: Retention }): PurgeActivities {
  return {
    async purgeOnce() {
      const partitions: string[] = [];
      let rows = await deleteExpiredImports(pool, ROWS_PER_STEP);
      for (const table of EXPIRING_TABLES) rows += await deleteExpired(pool, table, ROWS_PER_STEP);
      for (const [table, months] of [
        ['clicks', retention.clicksMonths],
        ['attempts', retention.attemptsMonths],
      ] as const) {
        const dropped = await dropExpiredPartition(pool, table, months);
        if (dropped !== null) partitions.push(dropped);
        rows += await deleteExpiredRows(pool, table, months, ROWS_PER_STEP);
      }
      return { partitions, rows };
    },
  };
}
