// The embedded PostgreSQL starts in any folder, as any user, and after every kind of kill.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Client } from 'pg';
import { embeddedDatabaseUrl, loadSecrets, makeDataDir } from '../../local/data-dir.ts';
import { startPostgres } from '../../local/postgres.ts';
import { freePort } from '../support/ports.ts';

const root = mkdtempSync(join(tmpdir(), 'postrider-postgres-'));
after(() => rmSync(root, { recursive: true, force: true }));
const isRoot = process.getuid?.() === 0;

/** Creates a data folder inside a folder with the given mode. */
function dataDirIn(name: string, mode: number): string {
  chmodSync(root, 0o755);
  mkdirSync(join(root, name));
  chmodSync(join(root, name), mode);
  const dataDir = join(root, name, '.data');
  makeDataDir(dataDir);
  return dataDir;
}

async function start(dataDir: string) {
  return startPostgres({ dataDir, port: await freePort(), password: loadSecrets(dataDir).postgresPassword });
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

test('PostgreSQL in an open folder starts, keeps its data, and syncs commits to disk', async () => {
  const dataDir = dataDirIn('open', 0o755);
  const first = await start(dataDir);
  await query(first.url, 'create table kept (n int)');
  await first.stop();
  const second = await start(dataDir);
  assert.deepEqual(
    await query(second.url, `select count(*)::int as n, current_setting('fsync') as fsync from kept`),
    [{ n: 0, fsync: 'on' }],
  );
  assert.equal(embeddedDatabaseUrl(dataDir), second.url);
  await second.stop();
  assert.throws(() => embeddedDatabaseUrl(dataDir), /No embedded PostgreSQL runs/);
});

test(
  'root can start the embedded PostgreSQL in a folder that is closed to all others',
  { skip: !isRoot },
  async () => {
    const dataDir = dataDirIn('closed', 0o700);
    const server = await start(dataDir);
    assert.equal(statSync(join(dataDir, 'postgres')).uid, 0);
    await server.stop();
  },
);

test(
  'root can still start the embedded PostgreSQL after its open folder has been closed',
  { skip: !isRoot },
  async (t) => {
    const dataDir = dataDirIn('later-closed', 0o755);
    await (await start(dataDir)).stop();
    if (statSync(join(dataDir, 'postgres')).uid === 0)
      return t.skip('the project itself lies in a closed folder');
    chmodSync(join(root, 'later-closed'), 0o700);
    await (await start(dataDir)).stop();
  },
);

test('a PostgreSQL that outlived its parent is replaced, and a killed one starts again', async () => {
  const dataDir = dataDirIn('killed', 0o755);
  const outlived = await start(dataDir);
  const replacement = await start(dataDir);
  assert.equal(await outlived.ended, 'exit 0');
  process.kill(replacement.pid, 'SIGKILL');
  await replacement.ended;
  const again = await start(dataDir);
  assert.deepEqual(await query(again.url, 'select 1 as one'), [{ one: 1 }]);
  await again.stop();
});

test('the embedded PostgreSQL refuses connections without the password', async () => {
  const dataDir = dataDirIn('password', 0o755);
  const server = await start(dataDir);
  const url = new URL(server.url);
  url.password = 'wrong';
  await assert.rejects(query(url.href, 'select 1'), /password authentication failed/);
  await server.stop();
});
