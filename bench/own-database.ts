// Temporary PostgreSQL of one measurement: fresh data in a temporary folder, on a free port.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../local/postgres.ts';
import { freePort } from '../test/support/ports.ts';

/** Runs `work` with the URL of an empty database, and removes the database afterwards. */
export async function withOwnDatabase<T>(work: (databaseUrl: string) => Promise<T>): Promise<T> {
  const dataDir = mkdtempSync(join(tmpdir(), 'postrider-bench-'));
  chmodSync(dataDir, 0o755);
  const postgres = await startPostgres({ dataDir, port: await freePort(), password: 'bench' });
  try {
    return await work(postgres.url);
  } finally {
    await postgres.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
