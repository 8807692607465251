// Report of a run at the door: the figures, and the folder with the history.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DoorResult } from './run.ts';

/** Figures of a run, as they stand in the line of JSON. */
export function doorFiguresOf({
  judgement,
  disturbances,
  entries,
  trafficMs,
  judgingMs,
  violations,
}: DoorResult) {
  const kills = (target: RegExp) =>
    disturbances.filter((each) => each.kind === 'kill' && target.test(each.target)).length;
  const asked = entries.filter(({ is }) => is === 'invoke').length;
  return {
    calls: asked,
    answered: entries.filter(({ is }) => is === 'ok').length,
    keys: judgement.keys,
    kills_of_apis: kills(/api/),
    kills_of_postgres: kills(/postgres/),
    other_faults: disturbances.filter(({ kind }) => kind !== 'kill').length,
    unclear: judgement.unclear,
    without_effect: entries.filter(({ is }) => is === 'fail').length,
    together_at_most: judgement.together,
    calls_per_s: Math.round((1000 * asked) / trafficMs),
    checking_ms: judgingMs,
    checking_steps: judgement.steps,
    violations: violations.length,
  };
}

/** Keeps the history, the violations and the logs of the parts in a folder. */
export function keepHistory(
  folder: string,
  { entries, violations, disturbances, dataDir }: DoorResult,
): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, records] of Object.entries({ history: entries, violations, disturbances }))
    writeFileSync(
      join(folder, `${name}.jsonl`),
      records.map((record) => `${JSON.stringify(record)}\n`).join(''),
    );
  cpSync(join(dataDir, 'logs'), join(folder, 'logs'), { recursive: true });
}
