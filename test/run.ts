// `npm test`: starts one PostgreSQL and one Temporal server for the run, then Node's test runner on
// the given files, or on all. Options that start with `--` go to the runner:
// npm test -- --test-name-pattern=refund test/domain/commission/reversals.test.ts
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../local/postgres.ts';
import { findTemporalCli } from '../local/temporal-cli.ts';
import { startTemporal } from '../local/temporal.ts';
import { createTemplate } from './support/database.ts';
import { freePort } from './support/ports.ts';

/** Every test file in all folders. */
function allFiles(): string[] {
  return readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => join('test', file))
    .sort();
}

interface Services {
  readonly env: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

async function startServices(dataDir: string): Promise<Services> {
  const [postgresPort, temporalPort, program] = [
    await freePort(),
    await freePort(),
    await findTemporalCli(console.log),
  ];
  // Safe without fsync: the data is thrown away, and a killed process loses nothing.
  const settings = { fsync: 'off', full_page_writes: 'off' };
  const postgres = await startPostgres({ dataDir, port: postgresPort, password: 'test', settings });
  try {
    await createTemplate(postgres.url);
    const temporal = await startTemporal({
      program,
      dataDir,
      port: temporalPort,
      namespace: 'default',
      inMemory: true,
    });
    return {
      env: { ...process.env, TEST_DATABASE_URL: postgres.url, TEST_TEMPORAL_ADDRESS: temporal.address },
      stop: async () => void (await Promise.all([postgres.stop(), temporal.stop()])),
    };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

function runTests(args: readonly string[], env: NodeJS.ProcessEnv, stopping: AbortSignal): Promise<number> {
  const files = args.filter((arg) => !arg.startsWith('--'));
  const flags = args.filter((arg) => arg.startsWith('--'));
  const all = [
    '--import',
    '@oxc-node/core/register',
    '--test',
    '--test-concurrency=2',
    ...flags,
    ...(files.length > 0 ? files : allFiles()),
  ];
  const child = spawn(process.execPath, all, { stdio: 'inherit', env });
  stopping.addEventListener('abort', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

// The servers run in their own sessions, so this process must outlive them.
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());

const dataDir = mkdtempSync(join(tmpdir(), 'postrider-test-'));
chmodSync(dataDir, 0o755);
try {
  const services = await startServices(dataDir);
  try {
    process.exitCode = stopping.signal.aborted
      ? 1
      : await runTests(process.argv.slice(2), services.env, stopping.signal);
  } finally {
    await services.stop();
  }
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}
