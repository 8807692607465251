// Python with packages, in a virtual environment that is created once and kept in the user's cache.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const INSTALL_MS = 180_000;

/**
 * Path of a Python with these packages (`name==version`); undefined without Python. Throws when the
 * packages cannot be installed.
 */
export async function pythonWith(packages: readonly string[]): Promise<string | undefined> {
  const version = await run('python3', ['-c', 'import sys; print(*sys.version_info[:2], sep=".")']).catch(
    () => undefined,
  );
  if (version === undefined) return undefined;
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'postrider');
  const place = join(cache, `python-${[version.stdout.trim(), ...packages].join('-').replaceAll('==', '-')}`);
  if (!existsSync(place)) await install(packages, cache, place);
  return join(place, 'bin/python');
}

/**
 * Builds the environment in a temporary folder and renames it, so that concurrent runs never see
 * half of it.
 */
async function install(packages: readonly string[], cache: string, place: string): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'fetch-'));
  try {
    await run('python3', ['-m', 'venv', folder]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages];
    await run(join(folder, 'bin/python'), pip, { timeout: INSTALL_MS });
    renameSync(folder, place);
  } catch (error) {
    if (!existsSync(place)) throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
