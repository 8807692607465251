// Starts `closePeriod` for months that ended some days ago. Runs by schedule; each run starts a
// bounded number.
import { upkeep } from './steps.ts';

export async function closeDuePeriods(): Promise<{ started: number }> {
  return upkeep.closeDuePeriods();
}
