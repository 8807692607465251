// Report of a chaos run: the table, the line of JSON, and the folder with the evidence.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PARTS } from './plan.ts';
import { isAccepted, type FaultKind } from './records.ts';
import type { ChaosOptions, ChaosResult } from './run.ts';

/** Figures of a run, as they stand in the line of JSON. */
export function figuresOf({ seed }: Pick<ChaosOptions, 'seed'>, result: ChaosResult) {
  const { calls, arrivals, disturbances, operators } = result.evidence;
  const count = (kind: FaultKind) => disturbances.filter((each) => each.kind === kind).length;
  const longest = Math.max(0, ...calls.map(({ startedAt, endedAt }) => endedAt - startedAt));
  const outages = disturbances.filter(({ kind }) => kind === 'kill').map(({ from, until }) => until - from);
  const by = (judgement: string) => result.violations.filter((each) => each.judgement === judgement).length;
  return {
    seed,
    kills: count('kill'),
    freezes: count('freeze'),
    cuts: count('cut'),
    half_open: count('half-open'),
    delays: count('delay'),
    events: operators.reduce((sum, { events }) => sum + events.length, 0),
    calls: calls.filter(({ request }) => request.startsWith('POST')).length,
    repeated_calls: calls.reduce((sum, { tries }) => sum + tries - 1, 0),
    postbacks: new Set(arrivals.filter(isAccepted).map(({ path, id }) => `${path} ${id}`)).size,
    requests: arrivals.length,
    lost: by('lost'),
    doubled: result.doubled,
    in_flight_at_faults: result.inFlight,
    longest_restart_ms: Math.max(0, ...outages),
    longest_call_ms: longest,
    quiet_after_ms: result.quietMs,
    violations: result.violations.length,
  };
}

/** A line per part, and one per figure. */
export function tableOf(options: Pick<ChaosOptions, 'seed'>, result: ChaosResult): string {
  const { disturbances } = result.evidence;
  const of = (part: string, kind: FaultKind) =>
    disturbances.filter((each) => each.target === part && each.kind === kind).length;
  const parts = PARTS.map((part) => `| ${part} | ${of(part, 'kill')} | ${of(part, 'freeze')} |`);
  const { seed, ...figures } = figuresOf(options, result);
  const lines = Object.entries(figures).map(([name, value]) => `| ${name.replaceAll('_', ' ')} | ${value} |`);
  return [
    `| part | killed | frozen |`,
    `|---|---|---|`,
    ...parts,
    '',
    `| seed | ${seed} |`,
    '|---|---|',
    ...lines,
  ].join('\n');
}

/** Keeps all records, the violations and the logs of the parts in a folder; its data goes. */
export function keepEvidence(folder: string, { evidence, violations, dataDir }: ChaosResult): void {
  mkdirSync(folder, { recursive: true });
  const { operators, ...lists } = evidence;
  for (const [name, records] of Object.entries({ ...lists, violations, operators }))
    writeFileSync(
      join(folder, `${name}.jsonl`),
      records.map((record) => `${JSON.stringify(record)}\n`).join(''),
    );
  cpSync(join(dataDir, 'logs'), join(folder, 'logs'), { recursive: true });
}

/** Removes the data of a run. */
export function discard({ dataDir }: Pick<ChaosResult, 'dataDir'>): void {
  rmSync(dataDir, { recursive: true, force: true });
}
