// Imports over HTTP: files that are taken and refused, what becomes of each line, and what stays of
// it. The steps are made by hand; other tests look at the workflow.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { IMPORT_LIMITS } from '../../../api/events/imports.routes.ts';
import { takeInLines } from '../../../api/events/import-lines.ts';
import { newId } from '../../../store/db/ids.ts';
import { stepImport } from '../../../store/intake/import-steps.ts';
import { findOperatorRules } from '../../../store/access/callers.ts';
import { deleteExpiredImports } from '../../../store/upkeep/expiry.ts';
import { withApi, type TestApi } from '../../support/api.ts';
import type { Failure } from '../../support/paid-affiliate.ts';

type Line = {
  line: number;
  status: string;
  event_id: string | null;
  path: string | null;
  code: string | null;
};
type Import = Record<string, unknown> & {
  id: string;
  state: string;
  total: number;
  done: number;
  accepted: number;
  duplicate: number;
  refused: number;
  results: Line[];
  next_cursor: string | null;
};

let api: TestApi;
let operator: { id: string; key: string };

before(async () => (api = await withApi()));
after(() => api.close());
beforeEach(async () => (operator = await api.newOperator()));

const call = <T = Record<string, unknown>>(
  request: string,
  body?: unknown,
  headers: Record<string, string> = {},
) => api.call<T>(request, { key: operator.key, headers, ...(body !== undefined && { body }) });
const send = (csv: string, { query = '', headers = {} }: { query?: string; headers?: object } = {}) =>
  call<Import & Failure>(`POST /v1/imports${query}`, csv, { 'content-type': 'text/csv', ...headers });
const find = async (id: string, query = '') => (await call<Import>(`GET /v1/imports/${id}${query}`)).body;

async function step(id: string) {
  const rules = await findOperatorRules(api.pool, operator.id);
  return stepImport(api.pool, operator.id, id, (db, lines) => takeInLines(db, rules!, lines));
}

/** Sends a file, and makes all its steps. */
async function imported(csv: string, query = ''): Promise<Import> {
  const { status, body } = await send(csv, { query });
  assert.equal(status, 202, JSON.stringify(body));
  while ((await step(body.id)).state === 'running');
  return find(body.id);
}

const count = async (table: string): Promise<number> => {
  const { rows } = await api.pool.query<{ count: number }>(
    `select count(*)::int as count from ${table} where operator_id = $1`,
    [operator.id],
  );
  return rows[0]!.count;
};

describe('an import', () => {
  test('an import takes each line in as an event, and says what became of each', async () => {
    await call('POST /v1/event-types', { name: 'first_money', standard: 'ftd' });
    const csv = [
      'Event,Transaction ID,customer_id,amount,currency,occurred_at,metadata',
      'ftd,t-1,c-1,100.00,usd,2026-01-02T10:00:00Z,"{""page"":[1]}"',
      'first_money,t-2,c-2,7,USD,1767000000,',
      'ftd,t-1,c-1,100.00,USD,2026-01-02T10:00:00Z,"{""page"":[1]}"',
      'ftd,t-1,c-1,99.00,USD,2026-01-02T10:00:00Z,"{""page"":[1]}"',
      'ftd,t-3,c-3,1.001,USD,,',
      'party,t-4,c-4,,,,',
      'ftd,t-5,c-5,1,USD,,{page',
      'ftd,t-6,c-6,1,USD,,,surplus',
      'deposit,,c-7,1,USD,,',
      'ftd,t-8,{customer},1,USD,,',
    ].join('\r\n');
    const done = await imported(csv);
    const { state, total, accepted, duplicate, refused } = done;
    assert.deepEqual([state, total, done.done, accepted, duplicate, refused], ['done', 10, 10, 2, 1, 7]);
    assert.deepEqual(
      done.results.map(({ line, status, path, code }) => [line, status, path, code]),
      [
        [1, 'accepted', null, null],
        [2, 'accepted', null, null],
        [3, 'duplicate', null, null],
        [4, 'refused', 'amount', 'conflict'],
        [5, 'refused', 'amount', 'too_precise'],
        [6, 'refused', 'event', 'unknown_event'],
        [7, 'refused', 'metadata', 'invalid_type'],
        [8, 'refused', 'column 8', 'unknown_field'],
        [9, 'refused', 'transaction_id', 'transaction_id_required'],
        [10, 'refused', 'customer_id', 'placeholder'],
      ],
    );
    const [first, , third, fourth] = done.results;
    assert.deepEqual([third!.event_id, fourth!.event_id], [first!.event_id, first!.event_id]);
    const trace = await call<{ event: Record<string, unknown> }>(`GET /v1/events/${first!.event_id}`);
    const { event, transaction_id: id, amount, metadata } = trace.body.event;
    assert.deepEqual([event, id, amount, metadata], ['ftd', 't-1', '100.00', { page: [1] }]);
    assert.equal(await count('events'), 2);
  });

  test('an import is the same event as a request with the same values', async () => {
    const event = { event: 'sale', transaction_id: 's-1', customer_id: 'c', amount: '5.00', currency: 'USD' };
    const { body } = await call('POST /v1/events', event);
    const { results } = await imported(
      'event;transaction_id;customer_id;amount;currency\nsale;s-1;c;5.0;USD\n',
    );
    assert.deepEqual([results[0]!.status, results[0]!.event_id], ['duplicate', body['id']]);
  });

  test('an import that is dry says what would be refused, and takes nothing in', async () => {
    const csv = 'event,transaction_id,customer_id\nkyc,k-1,c\nkyc,k-2,\n';
    const done = await imported(csv, '?dry_run=true');
    assert.deepEqual([done['dry_run'], done.accepted, done.refused], [true, 1, 1]);
    assert.equal(done.results[0]!.event_id, null);
    assert.equal(await count('events'), 0);
  });

  test('an import takes nothing in twice, whatever step is made again or beside it', async () => {
    await call('PATCH /v1/operator', { without_transaction_id: 'accept_each' });
    const csv = `event,customer_id,amount,currency\n${'sale,c,1.00,USD\n'.repeat(1600)}`;
    const { body } = await send(csv);
    await Promise.all([1, 2, 3, 4, 5].map(() => step(body.id)));
    await step(body.id);
    const { state, accepted, total } = await find(body.id);
    assert.deepEqual([state, accepted, total], ['done', 1600, 1600]);
    assert.equal(await count('events'), 1600);
  });

  test('an import takes in the other lines where PostgreSQL refuses one', async () => {
    await api.pool.query(
      `alter table events add constraint no_party check (coupon is distinct from 'PARTY') not valid`,
    );
    try {
      const lines = Array.from({ length: 20 }, (_, index) => `kyc,c-${index},${index === 7 ? 'PARTY' : ''}`);
      const done = await imported(`event,customer_id,coupon\n${lines.join('\n')}`);
      assert.deepEqual([done.accepted, done.refused, done.results[7]!.code], [19, 1, 'invalid_request']);
      assert.equal(await count('events'), 19);
    } finally {
      await api.pool.query(`alter table events drop constraint no_party`);
    }
  });

  test('an import’s results come in pages in the order of the file, and as CSV of those refused', async () => {
    const lines = Array.from({ length: 1200 }, (_, index) =>
      index % 400 === 399 ? 'kyc,' : `kyc,c-${index + 1}`,
    );
    const { id, results, next_cursor: next } = await imported(`event,customer_id\n${lines.join('\n')}`);
    assert.deepEqual([results.length, results[0]!.line, next], [50, 1, '50']);
    const page = await find(id, '?limit=3&cursor=498');
    assert.deepEqual(
      page.results.map(({ line }) => line),
      [499, 500, 501],
    );
    const answer = await fetch(`${api.url}/v1/imports/${id}?status=refused`, {
      headers: { authorization: `Bearer ${operator.key}`, accept: 'text/csv' },
    });
    const rows = parse(await answer.text());
    assert.deepEqual(rows[0], ['line', 'status', 'event_id', 'path', 'code', 'message', 'issues']);
    assert.deepEqual(
      rows.slice(1).map(([line, status, , path, code]) => [line, status, path, code]),
      ['400', '800', '1200'].map((line) => [line, 'refused', 'transaction_id', 'transaction_id_required']),
    );
  });

  test('an import repeated with its Idempotency-Key is the same import; another file is a conflict', async () => {
    const headers = { 'idempotency-key': 'december' };
    const csv = 'event,customer_id\nkyc,c\n';
    const answers = await Promise.all([1, 2, 3].map(() => send(csv, { headers })));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([202]));
    assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
    assert.equal((await send(`${csv}kyc,d\n`, { headers })).status, 409);
    assert.equal((await send(csv, { headers, query: '?dry_run=true' })).status, 409);
    assert.equal(await count('imports'), 1);
    assert.equal(await count('import_chunks'), 1);
  });
});

describe('what stays of an import', () => {
  test('an import keeps nothing of a line that was taken in, and its results for a month', async () => {
    const done = await imported('event,customer_id,coupon\nkyc,a-secret-customer,\nparty,another-secret,\n');
    const { rows } = await api.pool.query<{ row: string }>(
      `select row_to_json(c)::text as row from import_chunks c where operator_id = $1`,
      [operator.id],
    );
    assert.equal(rows.length, 1);
    assert.ok(!rows[0]!.row.includes('secret'), rows[0]!.row);
    await api.pool.query(`update imports set finished_at = now() - interval '29 days' where id = $1`, [
      done.id,
    ]);
    assert.equal(await deleteExpiredImports(api.pool, 100), 0);
    await api.pool.query(`update imports set finished_at = now() - interval '31 days' where id = $1`, [
      done.id,
    ]);
    assert.equal(await deleteExpiredImports(api.pool, 100), 1);
    const { accepted, results } = await find(done.id);
    assert.deepEqual([accepted, results], [1, []]);
  });

  test('an import whose file did not come whole is never taken in, and goes after a day', async () => {
    const columns = ['event', 'customer_id'];
    const id = await api.store.imports.begin(operator.id, { columns, isDryRun: false, actor: 'key' });
    await api.store.imports.addChunk(operator.id, id, 0, [['kyc', 'c']]);
    assert.equal((await step(id)).state, 'receiving');
    assert.equal((await call(`DELETE /v1/imports/${id}`)).status, 422);
    assert.equal(await deleteExpiredImports(api.pool, 100), 0);
    await api.pool.query(`update imports set created_at = now() - interval '25 hours' where id = $1`, [id]);
    assert.equal(await deleteExpiredImports(api.pool, 100), 2);
    assert.deepEqual(
      [await count('imports'), await count('import_chunks'), await count('events')],
      [0, 0, 0],
    );
  });

  test('an import that is stopped takes no more in, and forgets the lines that it did not', async () => {
    const { body } = await send(`event,customer_id\n${'kyc,c\n'.repeat(700)}`);
    await step(body.id);
    const stopped = await call<Import>(`DELETE /v1/imports/${body.id}`);
    assert.deepEqual([stopped.status, stopped.body.state, stopped.body.done], [200, 'cancelled', 500]);
    assert.equal((await step(body.id)).done, 500);
    assert.equal(await count('import_chunks'), 1);
    const done = await imported('event,customer_id\nkyc,c\n');
    assert.equal((await call(`DELETE /v1/imports/${done.id}`)).status, 422);
  });
});

describe('a file that is refused', () => {
  const refusals: [string, string, string, string][] = [
    ['names a field that events do not have', 'event,customer,name\nkyc,c,x\n', 'customer', 'unknown_field'],
    ['has no column with the event', 'customer_id\nc\n', 'event', 'required'],
    ['has a column twice', 'event,customer_id,Customer ID\nkyc,c,d\n', 'customer_id', 'duplicate_column'],
    ['is empty', '', 'event', 'required'],
    [
      'has a quote that is not closed',
      `event,coupon\nkyc,c\nkyc,"x\n${'y'.repeat(5000)}`,
      '',
      'unclosed_quote',
    ],
  ];
  for (const [why, csv, path, code] of refusals)
    test(`a file that ${why} is refused whole`, async () => {
      const { status, body } = await send(csv);
      const [issue] = body.error.issues!;
      assert.deepEqual([status, issue!.path, issue!.code], [400, path, code]);
      assert.deepEqual([await count('imports'), await count('import_chunks')], [0, 0]);
    });

  const raw = (body: Buffer | string, headers: Record<string, string> = {}) =>
    fetch(`${api.url}/v1/imports`, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${operator.key}`, 'content-type': 'text/csv', ...headers },
    });

  test('a file that is no UTF-8, compressed, too large or no CSV is refused', async () => {
    const latin = Buffer.concat([Buffer.from('event,customer_id\nkyc,J'), Buffer.from([0xf6, 0x72, 0x67])]);
    const answer = await raw(latin);
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), /invalid_encoding/);
    assert.equal((await raw('x', { 'content-encoding': 'gzip' })).status, 415);
    assert.equal((await raw('{}', { 'content-type': 'application/json' })).status, 415);
    const row = `kyc,${'x'.repeat(250_000)}\n`;
    const large = await raw(`event,coupon\n${row.repeat(Math.ceil(IMPORT_LIMITS.bytes / row.length) + 1)}`);
    assert.equal(large.status, 413);
    assert.deepEqual([await count('imports'), await count('import_chunks')], [0, 0]);
  });

  test('a file is taken from keys that may manage', async () => {
    const scopes = ['read', 'events:write'];
    const { body } = await call<{ api_key: string }>('POST /v1/api-keys', { name: 'w', scopes });
    assert.equal((await raw('event\n', { authorization: `Bearer ${body.api_key}` })).status, 403);
  });

  test('a file of tabs with a byte order mark and blank lines is read', async () => {
    const done = await imported('\ufeffevent\tcustomer_id\r\n\r\nkyc\tc-1\r\nkyc\t"c;2"\r\n');
    assert.deepEqual([done.total, done.accepted], [2, 2]);
    assert.equal((await find(newId('imp')))['error'] !== undefined, true);
  });
});
