// Data folder of the stack: creates it, generates its secrets, and locks it against a second stack.
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine } from './process.ts';
import { postgresUrl, runningPostgresPort } from './postgres.ts';

interface Secrets {
  readonly adminToken: string;
  readonly secretsKey: string;
  readonly postgresPassword: string;
}

/**
 * Creates the folder with a mode that lets PostgreSQL's user pass through, regardless of the umask.
 * Secret files in it have modes of their own.
 */
export function makeDataDir(dataDir: string): void {
  if (mkdirSync(dataDir, { recursive: true }) !== undefined) chmodSync(dataDir, 0o755);
}

/** Secrets of the data folder, generated the first time and readable by the owner only. */
export function loadSecrets(dataDir: string): Secrets {
  const file = join(dataDir, 'secrets.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Secrets;
  const secrets = {
    adminToken: randomBytes(24).toString('base64url'),
    secretsKey: randomBytes(32).toString('base64'),
    postgresPassword: randomBytes(24).toString('base64url'),
  };
  writeFileSync(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  return secrets;
}

/** URL of the running embedded database of this folder. Throws when no server runs. */
export function embeddedDatabaseUrl(dataDir: string): string {
  const port = runningPostgresPort(dataDir);
  if (port === undefined)
    throw new Error(
      `No embedded PostgreSQL runs on ${dataDir}: start it with npm start, or set DATABASE_URL.`,
    );
  return postgresUrl({ port, password: loadSecrets(dataDir).postgresPassword });
}

/**
 * Locks the folder for this process; the returned function unlocks it. Throws when a running stack
 * holds the lock.
 */
export function lockDataDir(dataDir: string): () => void {
  const file = join(dataDir, 'stack.lock');
  const owner = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as { pid: number; command: string })
    : undefined;
  if (owner && owner.pid !== process.pid && commandLine(owner.pid) === owner.command) {
    throw new Error(
      `${dataDir} is in use by process ${owner.pid}: stop that first, ` +
        'or set DATA_DIR and the ports to run a second stack.',
    );
  }
  writeFileSync(file, JSON.stringify({ pid: process.pid, command: commandLine(process.pid) }));
  return () => rmSync(file, { force: true });
}
