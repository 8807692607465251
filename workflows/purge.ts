// Deletes expired data: monthly partitions of clicks and attempts, and old content hashes. Runs by
// schedule; each step deletes a bounded amount.
import { upkeep } from './steps.ts';

/** More than a run ever needs; the next run continues. */
const MAX_STEPS = 500;

export async function purge(): Promise<{ partitions: string[]; rows: number }> {
  const all = { partitions: [] as string[], rows: 0 };
  for (let step = 0; step < MAX_STEPS; step++) {
    const { partitions, rows } = await upkeep.purgeOnce();
    all.partitions.push(...partitions);
    all.rows += rows;
    if (partitions.length === 0 && rows === 0) break;
  }
  return all;
}
