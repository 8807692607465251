// Drops what its time is over: months of clicks and attempts, contents that may be sent again. Runs by schedule; each step does a bounded amount.
import { upkeep } from './steps.ts';

/** More than a run ever needs; the next one goes on. */
const STEPS_AT_MOST = 500;

export async function purge(): Promise<{ partitions: string[]; rows: number }> {
  const all = { partitions: [] as string[], rows: 0 };
  for (let step = 0; step < STEPS_AT_MOST; step++) {
    const { partitions, rows } = await upkeep.purgeOnce();
    all.partitions.push(...partitions);
    all.rows += rows;
    if (partitions.length === 0 && rows === 0) break;
  }
  return all;
}
