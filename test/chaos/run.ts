// One chaos run: starts the parts, lets traffic and faults go on together, waits until all is
// quiet, and judges what came of it from outside.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { generator } from '../support/generator.ts';
import { createCallers } from './callers.ts';
import { inflict } from './inflict.ts';
import { judgeAll } from './judgements/all.ts';
import { judgeDoubles } from './judgements/doubles.ts';
import { compareInCalm, look, waitUntilQuiet } from './look.ts';
import { startParts, type Parts } from './parts.ts';
import type { Step } from './plan.ts';
import { createProgress } from './progress.ts';
import { startReceivers } from './receivers.ts';
import type { Evidence, Violation } from './records.ts';
import { historiesOf, plainHistoriesOf, play, setUp } from './traffic.ts';

export interface ChaosOptions {
  readonly seed: number;
  readonly plan: readonly Step[];
  readonly events: number;
  /** Events of plain histories beside these. */
  readonly plainEvents?: number;
  readonly quietWithinMs: number;
  readonly print: (line: string) => void;
}

export interface ChaosResult {
  readonly evidence: Evidence;
  readonly violations: readonly Violation[];
  readonly doubled: number;
  readonly inFlight: number;
  /** From the last fault until everything was quiet. */
  readonly quietMs: number;
  readonly dataDir: string;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * The parts have stopped when it resolves or throws, also after a signal to stop; their data and
 * logs are left in `dataDir`.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { print } = options;
  const [parts, receivers] = await Promise.all([startParts(print), startReceivers()]);
  const stopped = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => reject(new Error(`stopped by ${signal}`)));
  });
  try {
    return await Promise.race([suffer({ parts, receivers, ...options }), stopped]);
  } catch (error) {
    print(`the data and logs are in ${parts.dataDir}`);
    throw error;
  } finally {
    await parts.stop();
    await receivers.close();
  }
}

type Stage = ChaosOptions & { parts: Parts; receivers: Awaited<ReturnType<typeof startReceivers>> };

async function suffer(stage: Stage): Promise<ChaosResult> {
  const { parts, receivers, seed, plan: steps, events, plainEvents = 0, quietWithinMs, print } = stage;
  const next = generator(seed);
  const callers = createCallers({ ...parts, next });
  const now = Date.now();
  const histories = [...historiesOf(seed, events, now), ...plainHistoriesOf(seed, plainEvents, now)];
  const operators = await Promise.all(
    histories.map((history, number) =>
      setUp({ history, number, seed, now }, { call: callers.of(number), receivers }),
    ),
  );
  print(`${operators.length} operators, ${steps.length} steps of faults`);
  const progress = createProgress();
  const moods = generator(seed + 1);
  const [disturbances] = await Promise.all([
    inflict(parts, steps, (index) => {
      progress.advance(index / steps.length);
      receivers.shake(moods);
    }).finally(() => {
      progress.advance(1);
      receivers.calm();
    }),
    ...operators.map((operator) => play(operator, progress)),
  ]);
  const endedAt = Date.now();
  print('the faults are over and all is sent; waiting until everything is quiet');
  for (const { call, run, endpoints } of operators)
    for (const { id, isDead } of endpoints)
      if (!isDead) await call(`POST /v1/endpoints/${id}/resume`, { key: run.client.key });
  const open = await waitUntilQuiet(operators, quietWithinMs);
  const quietMs = Date.now() - endedAt;
  const seen = await Promise.all(operators.map((operator) => look(operator, receivers.arrivals)));
  const calls = [...callers.calls];
  const differences = (await Promise.all(operators.map(compareInCalm))).flat();
  const evidence: Evidence = { calls, arrivals: receivers.arrivals, disturbances, operators: seen };
  const violations = [
    ...open.map((what): Violation => ({ judgement: 'quiet', what, ids: [] })),
    ...differences.map((what): Violation => ({ judgement: 'model', what, ids: [] })),
    ...judgeAll(evidence),
    ...audit(parts.databaseUrl),
  ];
  const { count: doubled, inFlight } = judgeDoubles(evidence);
  return { evidence, violations, doubled, inFlight, quietMs, dataDir: parts.dataDir };
}

/** `npm run audit` on the database of the run. */
function audit(databaseUrl: string): Violation[] {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', './typescript.mjs', 'local/audit.ts'],
    { cwd: ROOT, encoding: 'utf8', env: { PATH: process.env.PATH, DATABASE_URL: databaseUrl } },
  );
  if (status === 0 && stdout.includes('"unexplained"')) return [];
  const lines = stderr.trim().split('\n');
  return lines.map((what) => ({ judgement: 'audit', what: `exit ${status}: ${what}`, ids: [] }));
}
