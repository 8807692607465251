// Counts what reports show, operator by operator, on schedule.
import type { Pool } from '../../store/db/pool.ts';
import {
  countReportDay,
  noteCounted,
  readDaysToCount,
  readDueReports,
  type DueReports,
} from '../../store/ledger/report-days.ts';

export type CountReportsActivities = {
  /** Counts until the time budget ends; `more` tells whether days may be left. Safe to repeat. */
  countReports(): Promise<{ days: number; more: boolean }>;
};

const OPERATORS_AT_MOST = 1000;
/**
 * Pause of an operator, and at least so many times as long as counting took: so reports take a
 * twentieth of a connection's time at most.
 */
const PAUSE_MS = 60_000;
const PAUSE_TIMES = 20;

type Deps = { pool: Pool; budgetMs: number };

export function createCountReports({ pool, budgetMs }: Deps): CountReportsActivities {
  /** Returns the number of days counted; those left come first at the next turn. */
  async function count(due: DueReports, deadline: number): Promise<number> {
    const startedAt = new Date();
    let counted = 0;
    for (const day of await readDaysToCount(pool, due)) {
      if (Date.now() >= deadline) {
        // Past days that changed are noted; those of a first count go on from here.
        const through = earlier(startedAt, new Date(`${day}T00:00:00Z`));
        await noteCounted(pool, due.operatorId, { through: later(through, due.countedThrough), pauseMs: 0 });
        return counted;
      }
      await countReportDay(pool, due.operatorId, day);
      counted++;
    }
    const tookMs = Date.now() - startedAt.getTime();
    const pauseMs = Math.max(PAUSE_MS, tookMs * PAUSE_TIMES);
    await noteCounted(pool, due.operatorId, { through: startedAt, pauseMs });
    return counted;
  }

  return {
    async countReports() {
      const deadline = Date.now() + budgetMs;
      let days = 0;
      for (const due of await readDueReports(pool, OPERATORS_AT_MOST)) {
        days += await count(due, deadline);
        if (Date.now() >= deadline) return { days, more: true };
      }
      return { days, more: false };
    },
  };
}

function earlier(a: Date, b: Date): Date {
  return a < b ? a : b;
}

function later(a: Date, b: Date | null): Date {
  return b === null || a > b ? a : b;
}
