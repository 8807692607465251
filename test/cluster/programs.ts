// Temporal's own server and schema tool, built with Go from its published module. They stay in the
// user's cache, since building takes minutes.
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir } from '../../local/temporal-cli.ts';

const run = promisify(execFile);

const MODULE = 'go.temporal.io/server';
const BUILD_TIMEOUT_MS = 20 * 60_000;

export interface ClusterPrograms {
  /** A folder with `temporal-server` and `temporal-sql-tool`. */
  readonly folder: string;
  /** A folder with the versions of Temporal's schemas, as the image has it. */
  readonly schema: string;
}

function programsOf(version: string): ClusterPrograms {
  const folder = join(cacheDir(), `temporal-server-${version}`);
  return { folder, schema: join(folder, 'schema') };
}

/** The programs of a version if they were built on this machine before. */
export function cachedPrograms(version: string): ClusterPrograms | undefined {
  const programs = programsOf(version);
  return existsSync(programs.folder) ? programs : undefined;
}

/** Builds the programs of a version. Throws an Error with the reason where Go cannot. */
export async function buildPrograms(version: string): Promise<ClusterPrograms> {
  const programs = programsOf(version);
  mkdirSync(cacheDir(), { recursive: true });
  const folder = mkdtempSync(join(cacheDir(), 'build-'));
  try {
    const go = (...args: string[]) =>
      run('go', args, {
        cwd: folder,
        env: { ...process.env, GOBIN: folder, GOFLAGS: '-mod=mod' },
        timeout: BUILD_TIMEOUT_MS,
      });
    const { stdout } = await go('mod', 'download', '-json', `${MODULE}@v${version}`);
    const { Dir: source } = JSON.parse(stdout) as { Dir: string };
    await go('install', `${MODULE}/cmd/server@v${version}`, `${MODULE}/cmd/tools/sql@v${version}`);
    renameSync(join(folder, 'server'), join(folder, 'temporal-server'));
    renameSync(join(folder, 'sql'), join(folder, 'temporal-sql-tool'));
    cpSync(join(source, 'schema'), join(folder, 'schema'), { recursive: true });
    renameSync(folder, programs.folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return programs;
}
