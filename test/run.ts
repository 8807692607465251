// `npm test`: starts one PostgreSQL and one Temporal server for the run, then Node's test runner on
// the given files, or on all. Options that start with `--` go to the runner:
// npm test -- --test-name-pattern=refund test/domain/commission/reversals.test.ts
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findTemporalCli } from '../local/temporal-cli.ts';
import { startTemporal } from '../local/temporal.ts';
import { freePort } from './support/ports.ts';
import { sharedProcesses } from './support/shared-processes.ts';
import { runTests, withServers, type TestServices } from './support/test-run.ts';

/** Every test file in all folders but those of packages. */
function allFiles(): string[] {
  return readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts') && !file.includes('node_modules'))
    .map((file) => join('test', file))
    .sort();
}

const program = await findTemporalCli(console.log);

async function startInMemory({ dataDir }: TestServices) {
  return startTemporal({ program, dataDir, port: await freePort(), namespace: 'default', inMemory: true });
}

const args = process.argv.slice(2);
const flags = args.filter((arg) => arg.startsWith('--'));
const files = args.filter((arg) => !arg.startsWith('--'));
/** Node's runner skips a file's suite in a shared process when its name does not match. */
const selectsByName = flags.some((flag) => /^--test-(name-pattern|skip-pattern|only)/.test(flag));
const wanted = files.length > 0 ? files : allFiles();
process.exitCode = await withServers(startInMemory, (run) =>
  runTests([...flags, ...(selectsByName ? wanted : sharedProcesses(wanted, run.dataDir))], run),
);
