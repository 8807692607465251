// Finds abandoned work and starts its workflow again. Runs by schedule; each run does a bounded
// amount.
import type { SweepResult } from '../activities/upkeep/sweep.ts';
import { upkeep } from './steps.ts';

export async function sweep(): Promise<SweepResult> {
  return upkeep.sweepOnce();
}
