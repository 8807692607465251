// Data of one busy operator, written by SQL: a year of events with their outcomes, clicks,
// bindings, commissions, transfers, statements, postbacks and attempts, in a broker's proportions.
import type { Pool } from '../../store/db/pool.ts';
import { LEDGER, writeBooks } from './books.ts';
import { writePayDay } from './pay-day.ts';
import { DELIVERIES } from './deliveries.ts';
import { EVENTS } from './events.ts';
import { readSamples, writePlan, YEAR_MS, type Sample } from './plan.ts';
import { writeSetup } from './setup.ts';
import { insert } from './sql.ts';
import { addUpStuckCounts } from '../../store/delivery/stuck-counts.ts';
import { countReportDay, noteCounted, readDaysToCount } from '../../store/ledger/report-days.ts';

const STUCK_AT_ONCE = 20_000;

/** What was written, for values of filters. `samples`: rows of a new event, and of an old one. */
export type ListsData = {
  operatorId: string;
  events: number;
  affiliates: number;
  customers: number;
  samples: Sample[];
};

/**
 * Writes the data of an operator. Some customers and affiliates are much busier than others, some
 * statuses and states are rare, old, or of one affiliate alone.
 */
export async function writeListsData(pool: Pool, operatorId: string, events: number): Promise<ListsData> {
  const affiliates = Math.max(20, Math.min(1000, Math.ceil(events / 5000)));
  const customers = Math.ceil(events / 20);
  const sizes = { operatorId, events, affiliates, customers };
  const context = { ...sizes, pool, startMs: Date.now() - YEAR_MS };
  await writePlan(context);
  const samples = await readSamples(context);
  await writeSetup(context);
  // Two at a time: tables of the same rows, in the order of their ids.
  const rest = [...EVENTS, ...DELIVERIES, ...LEDGER].values();
  const worker = async (): Promise<void> => {
    for (const written of rest) await insert(context, written(context));
  };
  await Promise.all([worker(), worker()]);
  await writeBooks(context);
  await writePayDay(context);
  await countReports(pool, operatorId);
  // As the sweep does, every ten seconds.
  while ((await addUpStuckCounts(pool, STUCK_AT_ONCE)) > 0);
  // An event that was never settled, which the sweep's mark has passed.
  await pool.query(`insert into sweep_marks values ('events', now() - interval '10 minutes')`);
  await pool.query(
    `insert into unsettled_events (operator_id, event_id, received_at)
     select $1, event, at from bench_plan where status is null and at < now() - interval '10 minutes'`,
    [operatorId],
  );
  await pool.query('drop table bench_plan');
  await pool.query('vacuum analyze');
  return { ...sizes, samples };
}

/** Counts what reports show, as the schedule does. */
async function countReports(pool: Pool, operatorId: string): Promise<void> {
  await pool.query('analyze');
  const through = new Date();
  for (const day of await readDaysToCount(pool, { operatorId, countedThrough: null }))
    await countReportDay(pool, operatorId, day);
  await noteCounted(pool, operatorId, { through, pauseMs: 0 });
}
