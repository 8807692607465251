// The books over HTTP: months, statements as JSON and CSV, and the ledger, each for its own
// operator only.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { parse } from 'csv-parse/sync';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { monthAfter } from '../../../domain/ledger/periods.ts';
import { newId } from '../../../store/db/ids.ts';
import { finishClosing } from '../../../store/ledger/closing.ts';
import { withApi, type TestApi } from '../../support/api.ts';

type Parts = Record<'pending' | 'payable' | 'in_payout' | 'paid' | 'debt' | 'owed', string>;
type Line = Record<string, string | null> & { late: boolean };
type Statement = {
  id: string;
  period: string;
  status: string;
  opening: Parts;
  closing: Parts;
  lines_count: number;
  lines: Line[];
};
type List<Row> = { data: Row[]; next_cursor: string | null };
type Period = {
  period: string;
  status: string;
  closed_at: string | null;
  transfers: number | null;
  seal: string | null;
};

/** The month this many months before the current one, in UTC. */
const monthAgo = (count: number): string => {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - count, 1)).toISOString().slice(0, 7);
};
const [SECOND_LAST, LAST, THIS] = [monthAgo(2), monthAgo(1), monthAgo(0)] as const;
const HOSTILE = '=HYPERLINK("http://evil.example","click")';

let api: TestApi;
let key: string;
let operatorId: string;
let affiliateId: string;
let clickId: string;

/**
 * Two sales in the second last month, one reversed in the last, and one more in this; all posted
 * when they happened.
 */
before(async () => {
  api = await withApi();
  ({ key, id: operatorId } = await api.newOperator());
  affiliateId = (await post('affiliates', { name: 'Booked' })).id;
  const terms = { components: [{ kind: 'percent', on: 'sale', percent: '10' }] };
  await post('deals', { name: 'd', affiliate_id: affiliateId, terms });
  ({ click_id: clickId } = await post('clicks', {
    affiliate_id: affiliateId,
    clicked_at: `${SECOND_LAST}-01T00:00:00Z`,
  }));
  await sale('s-1', `${SECOND_LAST}-10T00:00:00Z`);
  await sale(HOSTILE, `${SECOND_LAST}-11T00:00:00Z`);
  const refund = { event: 'refund', transaction_id: 'r-1', reference: 's-1', amount: '25.00' };
  await sendAndSettle({ ...refund, occurred_at: `${SECOND_LAST}-28T00:00:00Z` }, `${LAST}-02T00:00:00Z`);
  await sale('s-2', `${THIS}-01T00:00:00Z`);
  // Ids begin with the time of posting; only the clock of settling was moved.
  await api.pool.query(`begin; set local session_replication_role = replica;
    update transfers set id = id_bound('trf', posted_at) || right(id, 16); commit`);
});
after(() => api.close());

async function post(path: string, body: object): Promise<{ id: string; click_id: string }> {
  const answer = await api.call<{ id: string; click_id: string }>(`POST /v1/${path}`, { key, body });
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  return answer.body;
}

async function sendAndSettle(event: object, postedAt: string): Promise<void> {
  const { id } = await post('events', { currency: 'USD', ...event });
  const settling = createSettle({ pool: api.pool, now: () => new Date(postedAt) });
  await settling.settle({
    batchId: newId('bat'),
    owner: 'endpoint',
    operators: [{ operatorId, eventIds: [id] }],
  });
}

const sale = (transactionId: string, at: string): Promise<void> =>
  sendAndSettle(
    {
      event: 'sale',
      transaction_id: transactionId,
      click_id: clickId,
      customer_id: 'bound',
      amount: '100.00',
      occurred_at: at,
    },
    at,
  );

async function get<T>(path: string): Promise<T> {
  const { status, body } = await api.call<T>(`GET /v1/${path}`, { key });
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

async function getText(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ headers: Headers; text: string }> {
  const response = await fetch(`${api.url}/v1/${path}`, {
    headers: { authorization: `Bearer ${key}`, ...headers },
  });
  assert.equal(response.status, 200);
  return { headers: response.headers, text: await response.text() };
}

const close = (period: string) => api.call<Period>(`POST /v1/periods/${period}/close`, { key });

const cents = (text: string): number => Math.round(Number(text) * 100);

function tiesOf({ opening, closing, lines }: Statement): [number, number] {
  return [
    cents(opening.owed) + lines.reduce((sum, line) => sum + cents(line['amount']!), 0),
    cents(closing.owed),
  ];
}

describe('months', () => {
  test('months are listed as open, newest first, from the current month to the first with a transfer', async () => {
    const { data, next_cursor } = await get<List<Period>>('periods');
    assert.deepEqual(
      data.map(({ period, status }) => [period, status]),
      [
        [THIS, 'open'],
        [LAST, 'open'],
        [SECOND_LAST, 'open'],
      ],
    );
    assert.equal(next_cursor, null);
    const page = await get<List<Period>>('periods?limit=2');
    assert.deepEqual(await get(`periods?limit=2&cursor=${page.next_cursor}`), {
      data: [data[2]],
      next_cursor: null,
    });
  });

  test('a month cannot be closed before its end, before earlier months, before the first month, or if invalid', async () => {
    assert.equal((await close(THIS)).status, 422);
    assert.equal((await close(LAST)).status, 422);
    assert.equal((await close('1999-12')).status, 422);
    assert.equal((await close('2026-13')).status, 404);
    assert.equal((await api.call('GET /v1/periods/1999-12', { key })).status, 404);
    assert.equal((await api.call('GET /v1/periods?cursor=2026-13', { key })).status, 400);
  });

  test('closing a month starts also without Temporal, ends with its statements, and may be repeated', async () => {
    for (const period of [SECOND_LAST, LAST]) {
      const first = await close(period);
      assert.deepEqual([first.status, first.body.status, first.body.closed_at], [202, 'closing', null]);
      assert.equal((await close(period)).status, 202);
      await finishClosing(api.pool, operatorId, period);
      const again = await close(period);
      assert.deepEqual([again.status, again.body.status], [200, 'closed']);
      assert.match(again.body.seal!, /^[0-9a-f]{64}$/);
      assert.deepEqual(await get(`periods/${period}`), again.body);
    }
    const { data } = await get<List<Period>>('periods');
    assert.deepEqual(
      data.map(({ status, transfers }) => [status, transfers]),
      [
        ['open', null],
        ['closed', 1],
        ['closed', 2],
      ],
    );
  });
});

describe('statements', () => {
  const list = () => get<List<Statement>>(`affiliates/${affiliateId}/statements`);

  test('statements are listed newest first, each opening with the closing balance of the previous statement', async () => {
    const { data } = await list();
    assert.deepEqual(
      data.map(({ period, status, opening, closing, lines_count }) => [
        period,
        status,
        opening.pending,
        closing.pending,
        lines_count,
      ]),
      [
        [LAST, 'final', '20.00', '17.50', 1],
        [SECOND_LAST, 'final', '0.00', '20.00', 2],
      ],
    );
    assert.deepEqual(
      (await get<List<Statement>>(`affiliates/${affiliateId}/statements?currency=eur`)).data,
      [],
    );
    const page = await get<List<Statement>>(`affiliates/${affiliateId}/statements?limit=1`);
    const next = await get<List<Statement>>(
      `affiliates/${affiliateId}/statements?limit=1&cursor=${page.next_cursor}`,
    );
    assert.deepEqual([...page.data, ...next.data], data);
  });

  test('statements are listed for all affiliates, also of one month, for their operator only', async () => {
    const { data } = await list();
    for (const { id, period } of data)
      assert.deepEqual(
        (await get<List<Statement>>(`statements?period=${period}`)).data.map((statement) => statement.id),
        [id],
      );
    assert.deepEqual((await get<List<Statement>>(`statements?period=${THIS}`)).data, []);
    const { key: stranger } = await api.newOperator();
    const foreign = await api.call<List<Statement>>(`GET /v1/statements?period=${LAST}`, { key: stranger });
    assert.deepEqual(foreign.body.data, []);
    assert.deepEqual(
      (await get<List<Statement>>('statements')).data.map(({ id }) => id).toSorted(),
      data.map(({ id }) => id).toSorted(),
    );
  });

  test('statements explain each line, mark late lines, and add up', async () => {
    const [last] = (await list()).data;
    const statement = await get<Statement>(`statements/${last!.id}`);
    assert.deepEqual(tiesOf(statement), [1750, 1750]);
    const [line] = statement.lines;
    assert.deepEqual(
      [
        line!['amount'],
        line!['moved'],
        line!['from'],
        line!['to'],
        line!['description'],
        line!['event'],
        line!['transaction_id'],
      ],
      ['-2.50', '2.50', 'pending', 'expense', 'commission taken back while on hold', 'refund', 'r-1'],
    );
    const original = await get<List<{ id: string }>>(`events?event=sale&to=${SECOND_LAST}-10T01:00:00Z`);
    assert.deepEqual(
      [line!['original_transaction_id'], line!['original_event_id']],
      ['s-1', original.data[0]!.id],
    );
    assert.ok(line!['formula']);
    assert.deepEqual([line!['period'], line!['origin_period'], line!.late], [LAST, SECOND_LAST, true]);
  });

  test('statements of an open month are preliminary and grow with new transfers', async () => {
    const path = `affiliates/${affiliateId}/statements/current`;
    const now = await get<Statement>(path);
    assert.deepEqual(
      [now.status, now.id, now.period, now.opening.pending, now.closing.pending],
      ['preliminary', null, THIS, '17.50', '27.50'],
    );
    assert.deepEqual(tiesOf(now), [2750, 2750]);
    await sale('s-3', `${THIS}-01T00:00:00Z`);
    const later = await get<Statement>(path);
    assert.deepEqual([later.lines_count, later.lines.length, later.closing.owed], [2, 2, '37.50']);
    const none = await get<Statement>(`${path}?currency=EUR`);
    assert.deepEqual([none.lines, none.closing.owed], [[], '0.00']);
    assert.equal((await api.call(`GET /v1/${path}?period=${LAST}`, { key })).status, 422);
    assert.equal((await api.call(`GET /v1/${path}?period=${monthAfter(THIS)}`, { key })).status, 422);
  });

  test('statements as CSV have the same lines, with the balance after each', async () => {
    const [, first] = (await list()).data;
    const { headers, text } = await getText(`statements/${first!.id}?format=csv`);
    assert.match(headers.get('content-type')!, /^text\/csv/);
    assert.equal(
      headers.get('content-disposition'),
      `attachment; filename=statement-${affiliateId}-${SECOND_LAST}-USD.csv`,
    );
    assert.ok(text.endsWith('\r\n') && !/[^\r]\n/.test(text), 'lines end as RFC 4180 says');
    const rows = parse<Record<string, string>>(text, { columns: true });
    assert.deepEqual(
      rows.map((row) => [row['code'], row['amount'], row['owed'], row['transaction_id']]),
      [
        ['opening', '', '0.00', ''],
        ['accrue', '10.00', '10.00', 's-1'],
        ['accrue', '10.00', '20.00', `'${HOSTILE}`],
        ['closing', '', '20.00', ''],
      ],
    );
    const byAccept = await getText(`statements/${first!.id}`, { accept: 'text/csv' });
    assert.equal(byAccept.text, text);
    assert.match(
      (await getText(`affiliates/${affiliateId}/statements/current?format=csv`)).text,
      /,preliminary\r\n/,
    );
    assert.equal((await api.call(`GET /v1/statements/${first!.id}?format=xml`, { key })).status, 400);
  });

  test('a long statement is returned in several pages', async () => {
    const other = await api.newOperator();
    const [aff, statementId] = [newId('aff'), newId('stm')];
    await api.pool.query(
      `with one as (insert into affiliates (operator_id, id, name) values ($1, $2, 'Busy')),
         accounts as (insert into accounts (operator_id, id, purpose, affiliate_id, currency, exponent)
           values ($1, 'expense', 'expense', null, 'USD', 2), ($1, 'pending/' || $2, 'pending', $2, 'USD', 2))
       insert into periods (operator_id, period, status) values ($1, '2020-01', 'closing')`,
      [other.id, aff],
    );
    await api.pool.query(
      `insert into transfers (operator_id, id, posting_group, currency, debit_account, credit_account, amount_minor, code, affiliate_id,
         occurred_at, posted_at, period, origin_period)
       select $1, 'trf_' || lpad(n::text, 26, '0'), 'g', 'USD', 'expense', 'pending/' || $2, n, 'accrue', $2, now(), now(), '2020-02', '2020-02'
       from generate_series(1, 1200) n`,
      [other.id, aff],
    );
    await api.pool.query(
      `insert into statements select $1, $3, $2, 'USD', '2020-01', 0, 0, 0, 0, 0, 720600, 0, 0, 0, 0, 1200, now()`,
      [other.id, aff, statementId],
    );
    await api.pool.query(
      `insert into statement_lines select operator_id, $2, id from transfers where operator_id = $1`,
      [other.id, statementId],
    );
    const { body } = await api.call<Statement>(`GET /v1/statements/${statementId}`, { key: other.key });
    assert.deepEqual(tiesOf(body), [720600, 720600]);
    assert.deepEqual(
      [body.lines.length, new Set(body.lines.map((line) => line['transfer_id'])).size],
      [1200, 1200],
    );
  });
});

test('the ledger is filtered by currency and by time of posting', async () => {
  const ledger = async (query: string) => {
    const { data } = await get<List<Record<string, string | null>>>(
      `affiliates/${affiliateId}/ledger?${query}`,
    );
    return data.map((row) => [row['code'], row['amount'], row['period'], row['origin_period']]);
  };
  const taken = ['void_pending', '2.50', LAST, SECOND_LAST];
  assert.deepEqual(await ledger(`from=${LAST}-01T00:00:00Z&to=${THIS}-01T00:00:00Z`), [taken]);
  assert.equal((await ledger(`currency=usd`)).length, 5);
  assert.deepEqual(await ledger(`currency=EUR`), []);
  const page = await get<List<{ id: string; actor: null }>>(
    `affiliates/${affiliateId}/ledger?limit=4&from=${SECOND_LAST}-01T00:00:00Z`,
  );
  assert.equal(page.data[0]!.actor, null);
  const rest = await ledger(`limit=4&from=${SECOND_LAST}-01T00:00:00Z&cursor=${page.next_cursor}`);
  assert.deepEqual(rest, [['accrue', '10.00', SECOND_LAST, SECOND_LAST]]);
  assert.equal(
    (await api.call(`GET /v1/affiliates/${affiliateId}/ledger?from=yesterday`, { key })).status,
    400,
  );
});

test('a transfer says what it moved, for which conversion, by which formula and on which statement', async () => {
  const { data } = await get<List<{ id: string; period: string; statement_id: string | null }>>(
    `affiliates/${affiliateId}/ledger`,
  );
  const { data: statements } = await get<List<Statement>>(`affiliates/${affiliateId}/statements`);
  const statementOf = (month: string) => statements.find(({ period }) => period === month)?.id ?? null;
  assert.deepEqual(
    data.map((row) => row.statement_id),
    data.map((row) => statementOf(row.period)),
  );
  assert.ok(statementOf(LAST) !== null && statementOf(THIS) === null);

  const late = data.find(({ period }) => period === LAST)!;
  const whole = await get<Record<string, string | null>>(`transfers/${late.id}`);
  const { lines } = await get<Statement>(`statements/${statementOf(LAST)}`);
  const line = lines.find((each) => each['transfer_id'] === late.id)!;
  for (const field of [
    'description',
    'event',
    'event_id',
    'transaction_id',
    'original_event_id',
    'original_transaction_id',
    'commission_id',
    'formula',
  ])
    assert.deepEqual([field, whole[field]], [field, line[field]]);
  assert.deepEqual(
    [whole['affiliate_name'], whole['original_transaction_id'], whole['amount'], whole['payout_id']],
    ['Booked', 's-1', '2.50', null],
  );
  assert.ok(whole['formula']);
  assert.equal((await api.call(`GET /v1/transfers/${newId('trf')}`, { key })).status, 404);
});

test('another operator’s months, statements and ledger are not found', async () => {
  const other = await api.newOperator();
  const { data } = await get<List<Statement>>(`affiliates/${affiliateId}/statements`);
  for (const path of [
    `statements/${data[0]!.id}`,
    `statements/${data[0]!.id}?format=csv`,
    `affiliates/${affiliateId}/statements`,
    `affiliates/${affiliateId}/statements/current`,
    `affiliates/${affiliateId}/ledger`,
    `periods/${LAST}`,
  ])
    assert.equal((await api.call(`GET /v1/${path}`, { key: other.key })).status, 404, path);
  const periods = await api.call<List<Period>>('GET /v1/periods', { key: other.key });
  assert.deepEqual(
    periods.body.data.map(({ period, status }) => [period, status]),
    [[THIS, 'open']],
  );
});
