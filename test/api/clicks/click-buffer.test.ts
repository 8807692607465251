// Redirects while PostgreSQL is away: visitors are redirected, and buffered clicks are written
// later.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createClickWriter } from '../../../api/clicks/click-writer.ts';
import { createLinkCache } from '../../../api/clicks/link-cache.ts';
import { newId } from '../../../store/db/ids.ts';
import { createLogger } from '../../../log.ts';
import { createClicks, type NewClick } from '../../../store/attribution/clicks.ts';
import { createLinks } from '../../../store/attribution/links.ts';
import { createPool, type Pool } from '../../../store/db/pool.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';
import { startProxy, throughProxy, type SeverableProxy } from '../../support/severable-proxy.ts';

let database: TestDatabase;
let proxy: SeverableProxy;
let pool: Pool;
let operator: TestOperator;

before(async () => {
  database = await withDatabase();
  proxy = await startProxy(Number(new URL(database.url).port));
  pool = createPool(throughProxy(database.url, proxy), { queryTimeoutMs: 2500 });
  operator = await withOperator(database.pool);
});
after(async () => {
  await pool.end();
  await proxy.close();
  await database.drop();
});

const log = createLogger('silent', 'test');

function aClick(): NewClick {
  const { operatorId, affiliateId } = operator;
  return {
    operatorId,
    id: newId('clk'),
    affiliateId,
    linkId: null,
    subs: [null, null, null, null, null],
    clickedAt: Date.now(),
  };
}

async function kept(ids: readonly string[]): Promise<number> {
  const { rows } = await database.pool.query<{ n: number }>(
    `select count(*)::int as n from clicks where id = any($1)`,
    [ids],
  );
  return rows[0]!.n;
}

for (const fault of ['sever', 'stall'] as const) {
  test(`with a ${fault}ed connection to PostgreSQL visitors are redirected at once, and buffered clicks are written later`, async () => {
    const late: string[] = [];
    const clickWriter = createClickWriter({
      clicks: createClicks(pool),
      onLate: (ids) => late.push(...ids),
      log,
    });
    const durable = aClick();
    await clickWriter.visit(durable);
    assert.equal(await kept([durable.id]), 1, 'durable before the visitor goes on');
    proxy[fault]();
    const buffered = Array.from({ length: 50 }, aClick);
    const startedAt = Date.now();
    for (const click of buffered) await clickWriter.visit(click);
    assert.ok(Date.now() - startedAt < 2500, 'only the first visitor waits');
    await assert.rejects(
      clickWriter.insert(aClick()),
      /cannot take this now/,
      'a server is asked to repeat its click',
    );
    assert.equal(await kept(buffered.map(({ id }) => id)), 0);
    proxy.restore();
    await eventually(
      'the held clicks to be written',
      async () => (await kept(buffered.map(({ id }) => id))) === buffered.length,
    );
    await eventually('orphans of the operator to be looked at', () => late.length > 0);
    assert.deepEqual(late, [operator.operatorId]);
    const next = aClick();
    await clickWriter.visit(next);
    assert.equal(await kept([next.id]), 1, 'durable again before the visitor goes on');
  });
}

test('stopping the API writes buffered clicks', async () => {
  const clickWriter = createClickWriter({ clicks: createClicks(pool), onLate: () => {}, log });
  proxy.sever();
  const click = aClick();
  await clickWriter.visit(click);
  proxy.restore();
  await clickWriter.drain(5000);
  assert.equal(await kept([click.id]), 1);
});

test('a cached link redirects while PostgreSQL is away, an uncached one does not', async () => {
  const link = {
    affiliateId: operator.affiliateId,
    landingUrl: 'https://shop.example/',
    params: {},
    deepLinkHosts: [],
  };
  const [met, unmet] = [newId('link'), newId('link')];
  for (const id of [met, unmet])
    await createLinks(database.pool).insert(operator.operatorId, { ...link, id });
  const links = createLinkCache({ links: createLinks(pool) });
  assert.equal((await links.find(met))?.operatorId, operator.operatorId);
  assert.equal(await links.find(newId('link')), null);
  proxy.sever();
  assert.equal((await links.find(met))?.operatorId, operator.operatorId);
  await assert.rejects(links.find(unmet));
  proxy.restore();
  await eventually(
    'the other link to be found',
    async () => (await links.find(unmet).catch(() => null)) !== null,
  );
});
