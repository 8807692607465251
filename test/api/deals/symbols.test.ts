// Deals that pay per lot by symbol, over HTTP: from the trade to the commission, the postback and
// the audit.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { newId } from '../../../store/db/ids.ts';
import { withApi, type TestApi } from '../../support/api.ts';
import { auditOf } from '../../support/settling.ts';

type Body = { id: string; [name: string]: unknown };
type Row = Record<string, string>;

let api: TestApi;
let operator: { id: string; key: string };
let click: unknown;
let affiliateId: string;
before(async () => {
  api = await withApi();
  operator = await api.newOperator();
  ({ id: affiliateId } = await made('affiliates', { name: 'Partner' }));
  const components = [
    { kind: 'per_lot', symbol_group: 'metals', symbols: ['XAU*'], amount: '10.00' },
    { kind: 'per_lot', amount: '4.00' },
  ];
  await made('deals', { name: 'd', affiliate_id: affiliateId, terms: { components } });
  await made('endpoints', {
    affiliate_id: affiliateId,
    url: 'http://127.0.0.1:9/{symbol}?g={symbol_group|none}',
  });
  ({ click_id: click } = await made('clicks', {
    affiliate_id: affiliateId,
    clicked_at: '2026-10-01T00:00:00Z',
  }));
});
after(() => api.close());

async function made(path: string, body: object): Promise<Body> {
  const answer = await api.call<Body>(`POST /v1/${path}`, { key: operator.key, body });
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  return answer.body;
}

async function trade(lots: string, fields: object): Promise<string[]> {
  const { id } = await made('events', {
    event: 'trade',
    click_id: click,
    customer_id: 'c',
    transaction_id: newId('test'),
    volume: lots,
    occurred_at: '2026-10-05T00:00:00Z',
    ...fields,
  });
  await createSettle({ pool: api.pool }).settle({
    batchId: newId('bat'),
    owner: 'endpoint',
    operators: [{ operatorId: operator.id, eventIds: [id] }],
  });
  const { body } = await api.call<{ commissions: Row[] }>(`GET /v1/events/${id}`, { key: operator.key });
  return body.commissions.map(
    ({ component, amount, formula }) => `${component} ${amount}${/ in .*/.exec(formula!)?.[0] ?? ''}`,
  );
}

test('a trade earns by the component of its symbol, and others by the one without symbols', async () => {
  assert.deepEqual(await trade('2.00', { symbol: 'xauusd' }), ['per_lot 20.00 in metals or XAU*']);
  assert.deepEqual(await trade('1.00', { symbol_group: 'metals' }), ['per_lot 30.00 in metals or XAU*']);
  assert.deepEqual(await trade('5.00', { symbol: 'EURUSD', symbol_group: 'forex' }), ['per_lot 20.00']);
  assert.deepEqual(await trade('1.00', {}), ['per_lot 24.00']);
  const { rows } = await api.pool.query<{ body: string }>('select body from deliveries order by id');
  const told = rows.map(({ body }) => (JSON.parse(body) as { data: Row }).data);
  assert.deepEqual(
    told.map(({ symbol = '', symbol_group: group = '' }) => `${symbol}/${group}`),
    ['xauusd/', '/metals', 'EURUSD/forex', '/'],
  );
  assert.deepEqual((await auditOf(api.pool)).findings, []);
});

test('the audit finds a trade that is in the slot of other symbols', async () => {
  const { rows } = await api.pool.query<{ id: string; component: string }>(
    `select id, component from slots where kind = 'per_lot'`,
  );
  assert.equal(rows.length, 2);
  await api.pool.query('alter table events disable trigger user');
  await api.pool.query(`update events set symbol = 'XAGUSD' where symbol = 'xauusd'`);
  const { checks, findings } = await auditOf(api.pool);
  assert.deepEqual(checks, ['trade_is_by_its_symbol']);
  assert.match(findings.join('\n'), /per_lot:trade\+volume@metals, which does not take its symbol/);
});
