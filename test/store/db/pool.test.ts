// Connection pool: lossless values, atomic transactions, and a bound on every wait.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createPool, withTransaction } from '../../../store/db/pool.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { startProxy, throughProxy } from '../../support/severable-proxy.ts';

let database: TestDatabase;
before(async () => {
  database = await withDatabase();
  await database.pool.query('create table things (id bigint primary key)');
});
after(() => database.drop());

async function ids(): Promise<bigint[]> {
  const { rows } = await database.pool.query<{ id: bigint }>('select id from things order by id');
  return rows.map(({ id }) => id);
}

test('the pool reads bigints, decimals, dates and times without loss', async () => {
  const sql = `select 9223372036854775807::int8 as big, '{1,null}'::int8[] as list, 0.10::numeric as exact, '2026-02-28'::date as day,
    '2026-02-28T23:59:59.999Z'::timestamptz as instant`;
  const { rows } = await database.pool.query(sql);
  const instant = new Date('2026-02-28T23:59:59.999Z');
  assert.deepEqual(rows, [
    { big: 9223372036854775807n, list: [1n, null], exact: '0.10', day: '2026-02-28', instant },
  ]);
});

test('a transaction that throws is rolled back', async () => {
  const refused = withTransaction(database.pool, async (client) => {
    await client.query('insert into things values (1)');
    throw new Error('no');
  });
  await assert.rejects(refused, /^Error: no$/);
  assert.deepEqual(await ids(), []);
});

test('a transaction fails at commit when one of its failed statements was ignored', async () => {
  const swallowed = withTransaction(database.pool, async (client) => {
    await client.query('insert into things values (2)');
    await client.query('select 1 / 0').catch(() => {});
  });
  await assert.rejects(swallowed, /rolled back/);
  assert.deepEqual(await ids(), []);
});

test('a transaction waits for a lock no longer than the lock timeout', async () => {
  await withTransaction(database.pool, async (client) => {
    await client.query('lock table things');
    const second = withTransaction(database.pool, (other) => other.query('lock table things'), {
      lockTimeoutMs: 50,
    });
    await assert.rejects(second, { code: '55P03' });
  });
});

test('a cut connection fails its own transaction only', async () => {
  const cut = withTransaction(database.pool, (client) =>
    client.query('select pg_terminate_backend(pg_backend_pid())'),
  );
  await assert.rejects(cut, { code: '57P01' });
  await withTransaction(database.pool, (client) => client.query('insert into things values (3)'));
  assert.deepEqual(await ids(), [3n]);
});

test('a query fails within three seconds when the database is unreachable', async () => {
  const pool = createPool('postgres://nobody@127.0.0.1:1/none');
  await assert.rejects(
    withTransaction(pool, async () => {}),
    { code: 'ECONNREFUSED' },
  );
  await pool.end();
});

test('the server ends a statement whose caller gives up waiting, and its connection goes on', async () => {
  const pool = createPool(database.url, { max: 1, queryTimeoutMs: 400, applicationName: 'gives up' });
  const sleeping = async (): Promise<number> => {
    const { rows } = await database.pool.query(
      `select from pg_stat_activity where application_name = 'gives up' and state = 'active'`,
    );
    return rows.length;
  };
  try {
    for (const run of [
      () => pool.query('select pg_sleep(60)'),
      () => withTransaction(pool, (client) => client.query('select pg_sleep(60)')),
    ]) {
      await assert.rejects(run, { code: '57014' });
      assert.equal(await sleeping(), 0);
      assert.deepEqual((await pool.query('select 1 as one')).rows, [{ one: 1 }]);
    }
  } finally {
    await pool.end();
  }
});

test('a connection that is silent for ever ends with the limit of its statement', async () => {
  const proxy = await startProxy(Number(new URL(database.url).port));
  const pool = createPool(throughProxy(database.url, proxy), { max: 1, statementTimeoutMs: 60_000 });
  const asked = (limits: { statementTimeoutMs: number }) =>
    withTransaction(
      pool,
      async (client) => {
        await client.query('select');
        proxy.abandon();
        await client.query('select');
      },
      limits,
    );
  try {
    const startedAt = Date.now();
    await assert.rejects(asked({ statementTimeoutMs: 300 }), /said nothing for too long/);
    assert.ok(Date.now() - startedAt < 5000, `it took ${Date.now() - startedAt} ms`);
    assert.deepEqual((await pool.query('select 1 as one')).rows, [{ one: 1 }]);
  } finally {
    await pool.end();
    await proxy.close();
  }
});

test('a connection says nothing while a statement runs within its limit, and goes on', async () => {
  const pool = createPool(database.url, { max: 1, statementTimeoutMs: 100 });
  try {
    const slept = (client: { query(text: string): Promise<unknown> }) => client.query('select pg_sleep(1.5)');
    await withTransaction(pool, slept, { statementTimeoutMs: 3000 });
    assert.deepEqual((await pool.query('select 1 as one')).rows, [{ one: 1 }]);
  } finally {
    await pool.end();
  }
});
