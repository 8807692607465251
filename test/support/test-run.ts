// Runs Node's test runner on a PostgreSQL and a Temporal server of the run's own.
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../../local/postgres.ts';
import type { RunningPart } from '../../local/process.ts';
import { createTemplate } from './database.ts';
import { freePort } from './ports.ts';

/** What a Temporal server is started with. */
export interface TestServices {
  readonly dataDir: string;
  readonly postgres: { readonly port: number; readonly password: string };
}

export type TemporalStarter = (services: TestServices) => Promise<RunningPart & { readonly address: string }>;

/** Addresses, process ids and folder of both servers, and a signal that asks the run to stop. */
export interface TestRun {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly pids: { readonly postgres: number; readonly temporal: number };
  /** Removed after the run. */
  readonly dataDir: string;
  readonly stopping: AbortSignal;
}

/** Safe in tests: the data is thrown away, and a killed process loses nothing. */
export const UNSAFE = { fsync: 'off', full_page_writes: 'off' };

/**
 * Starts PostgreSQL with these settings, then Temporal, does `work` on both, and removes
 * everything. The servers run in their own sessions, so this process outlives them: a signal only
 * aborts `stopping`.
 */
export async function withServers<T>(
  startTemporal: TemporalStarter,
  work: (run: TestRun) => Promise<T>,
  settings: Readonly<Record<string, string>> = UNSAFE,
): Promise<T> {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
  const dataDir = mkdtempSync(join(tmpdir(), 'postrider-test-'));
  chmodSync(dataDir, 0o755);
  const own = { port: await freePort(), password: 'test' };
  try {
    const postgres = await startPostgres({ dataDir, ...own, settings });
    try {
      await createTemplate(postgres.url);
      const temporal = await startTemporal({ dataDir, postgres: own });
      try {
        return await work({
          databaseUrl: postgres.url,
          temporalAddress: temporal.address,
          dataDir,
          pids: { postgres: postgres.pid, temporal: temporal.pid },
          stopping: stopping.signal,
        });
      } finally {
        await temporal.stop();
      }
    } finally {
      await postgres.stop();
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Names the failed tests once more at the end, so that a log cut to its last lines has them. */
const REPORTER = '--test-reporter=spec';

/** Ends a file whose process stays alive after its tests: open servers of a failed hook keep it. */
const FILE_WITHIN_MS = 20 * 60_000;

/**
 * Exit code of Node's test runner, given its options and then the files; a stopping run ends it.
 */
export async function runTests(
  args: readonly string[],
  { stopping, databaseUrl, temporalAddress }: TestRun,
): Promise<number> {
  if (stopping.aborted) return 1;
  const reporter = args.some((arg) => arg.startsWith('--test-reporter')) ? [] : [REPORTER];
  const ours = ['--test', '--test-concurrency=2', `--test-timeout=${FILE_WITHIN_MS}`, ...reporter];
  const all = ['--import', './typescript.mjs', ...ours, ...args];
  const env = { ...process.env, TEST_DATABASE_URL: databaseUrl, TEST_TEMPORAL_ADDRESS: temporalAddress };
  const child = spawn(process.execPath, all, { stdio: 'inherit', env });
  stopping.addEventListener('abort', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
