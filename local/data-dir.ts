// What the stack keeps in its data folder beside the databases: the folder itself, the secrets made at first start, and
// the lock that keeps a second stack out.
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine } from './process.ts';
import { postgresUrl, runningPostgresPort } from './postgres.ts';

export interface Secrets {
  readonly adminToken: string;
  readonly secretsKey: string;
  readonly postgresPassword: string;
}

/** Makes the folder, open enough for PostgreSQL's user to pass through whatever the umask says; what is secret in it has a mode of its own. */
export function makeDataDir(dataDir: string): void {
  if (mkdirSync(dataDir, { recursive: true }) !== undefined) chmodSync(dataDir, 0o755);
}

/** The secrets of this data folder, made the first time and readable by the owner only. */
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

/** Where the running embedded database of this folder is. Throws when none runs. */
export function embeddedDatabaseUrl(dataDir: string): string {
  const port = runningPostgresPort(dataDir);
  if (port === undefined)
    throw new Error(
      `No embedded PostgreSQL runs on ${dataDir}: start it with npm start, or set DATABASE_URL.`,
    );
  return postgresUrl({ port, password: loadSecrets(dataDir).postgresPassword });
}

/** Takes the folder for this process; the returned function gives it back. Throws when a living stack has it. */
export function lockDataDir(dataDir: string): () => void {
  const file = join(dataDir, 'stack.lock');
  const holder = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as { pid: number; command: string })
    : undefined;
  if (holder && holder.pid !== process.pid && commandLine(holder.pid) === holder.command) {
    throw new Error(
      `${dataDir} is in use by process ${holder.pid}: stop that first, or set DATA_DIR and the ports to run a second stack.`,
    );
  }
  writeFileSync(file, JSON.stringify({ pid: process.pid, command: commandLine(process.pid) }));
  return () => rmSync(file, { force: true });
}
