// Counts what reports show. Runs by schedule; each run counts for a bounded time.
import { upkeep } from './steps.ts';

export async function countReports(): Promise<{ days: number; more: boolean }> {
  return upkeep.countReports();
}
