// Reconciliation of an operator's own list with stored transactions: as CSV in any dialect, as
// JSON, and despite invalid rows.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { newId } from '../../../store/db/ids.ts';
import { withApi, type TestApi } from '../../support/api.ts';

type Result = {
  row: number | null;
  transaction_id: string | null;
  event: string | null;
  reason: string;
  event_id: string | null;
  here: Record<string, string | null> | null;
  duplicate_of_row?: number;
  issues?: { path: string; code: string }[];
};
type Answer = {
  totals: {
    reason: string;
    currency: string | null;
    count: number;
    amount_here?: string;
    amount_there?: string;
  }[];
  results: Result[];
  truncated: boolean;
  error?: { code: string; issues: { path: string; code: string }[] };
};

let api: TestApi;
let key: string;
let operatorId: string;
let affiliateId: string;

before(async () => {
  api = await withApi();
  ({ key, id: operatorId } = await api.newOperator());
  affiliateId = (await post('affiliates', { name: 'Listed' })).id;
  const terms = { components: [{ kind: 'percent', on: 'sale', percent: '10' }] };
  await post('deals', { name: 'd', affiliate_id: affiliateId, terms });
  const { click_id } = await post('clicks', {
    affiliate_id: affiliateId,
    clicked_at: '2026-10-01T00:00:00Z',
  });
  const sale = (transaction_id: string, amount: string, occurred_at = '2026-10-05T00:00:00Z') => {
    return { event: 'sale', transaction_id, click_id, amount, currency: 'USD', occurred_at };
  };
  for (const event of [
    sale('good', '100.00'),
    sale('less', '100.00'),
    sale('back', '100.00'),
    sale('later', '7.00', '2026-10-20T00:00:00Z'),
    { event: 'chargeback', transaction_id: 'cb', reference: 'back', occurred_at: '2026-10-06T00:00:00Z' },
    {
      event: 'sale',
      transaction_id: 'nobody',
      customer_id: 'stranger',
      amount: '5',
      currency: 'USD',
      occurred_at: '2026-10-05T00:00:00Z',
    },
    { ...sale('euros', '5'), currency: 'EUR' },
  ])
    await post('events', event);
  const settling = createSettle({ pool: api.pool });
  const eventIds = api.accepted.map(({ id }) => id);
  await settling.settle({ batchId: newId('bat'), owner: 'endpoint', operators: [{ operatorId, eventIds }] });
  await post('events', sale('fresh', '1.00'));
});
after(() => api.close());

async function post(path: string, body: object): Promise<{ id: string; click_id: string }> {
  const answer = await api.call<{ id: string; click_id: string }>(`POST /v1/${path}`, { key, body });
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  return answer.body;
}

async function reconcile(body: unknown, query = '', status = 200): Promise<Answer> {
  const type = typeof body === 'string' ? 'text/csv' : 'application/json';
  const answer = await api.call<Answer>(`POST /v1/reconciliations${query}`, {
    key,
    body,
    headers: { 'content-type': type },
  });
  assert.equal(answer.status, status, JSON.stringify(answer.body).slice(0, 500));
  return answer.body;
}

const inShort = ({ row, transaction_id, reason }: Result) => [row, transaction_id, reason];

const LIST = `transaction_id,amount,currency,commission
good,100.00,USD,10.00
less,99.00,USD,
back,100.00,USD,10.00
nobody,5,USD,
euros,5,EUR,
fresh,1.00,USD,
elsewhere,3.00,USD,
good,100.00,USD,
cb,,,
`;
const FINDINGS = [
  [1, 'good', 'match'],
  [2, 'less', 'amount_differs'],
  [3, 'back', 'reversed'],
  [4, 'nobody', 'orphaned'],
  [5, 'euros', 'set_aside'],
  [6, 'fresh', 'not_settled'],
  [7, 'elsewhere', 'missing_here'],
  [8, 'good', 'duplicate_row'],
  [9, 'cb', 'match'],
];

describe('a reconciliation', () => {
  test('a reconciliation of CSV gives a reason for each row, and totals by reason and currency', async () => {
    const { results, totals, truncated } = await reconcile(LIST);
    assert.deepEqual(results.map(inShort), FINDINGS);
    assert.equal(results[7]!.duplicate_of_row, 1);
    const { here } = results[2]!;
    assert.deepEqual(
      [here!['amount'], here!['commission'], here!['affiliate_id']],
      ['100.00', '0.00', affiliateId],
    );
    assert.deepEqual(
      totals.find(({ reason }) => reason === 'amount_differs'),
      { reason: 'amount_differs', currency: 'USD', count: 1, amount_here: '100.00', amount_there: '99.00' },
    );
    assert.equal(truncated, false);
  });

  test('a reconciliation of JSON gives the same answer as of CSV', async () => {
    const [header = '', ...lines] = LIST.trim().split('\n');
    const names = header.split(',');
    const rows = lines.map((line) =>
      Object.fromEntries(line.split(',').flatMap((cell, at) => (cell === '' ? [] : [[names[at], cell]]))),
    );
    assert.deepEqual(await reconcile({ rows }), await reconcile(LIST));
    assert.deepEqual(await reconcile(rows), await reconcile(LIST));
  });

  test('a reconciliation with a range also lists the stored transactions that the list lacks', async () => {
    const { results } = await reconcile(
      'transaction_id\nback\n',
      '?from=2026-10-05T00:00:00Z&to=2026-10-10T00:00:00Z',
    );
    assert.deepEqual(results.map(inShort).slice(0, 1), [[1, 'back', 'reversed']]);
    const missing = results.slice(1);
    assert.ok(missing.every(({ row, reason }) => row === null && reason === 'missing_there'));
    assert.deepEqual(
      new Set(missing.map(({ transaction_id: id }) => id)),
      new Set(['cb', 'euros', 'fresh', 'good', 'less', 'nobody']),
    );
    const json = await reconcile({ rows: [], from: '2026-10-20T00:00:00Z' });
    assert.deepEqual(json.results.map(inShort), [[null, 'later', 'missing_there']]);
    assert.equal((await reconcile(LIST, '?to=2026-10-10T00:00:00Z', 400)).error!.issues[0]!.path, 'from');
    await reconcile({ rows: [], from: '2026-10-20T00:00:00Z', to: '2026-10-20T00:00:00Z' }, '', 400);
  });

  test('a reconciliation answers as CSV where that is accepted, with a line for each difference', async () => {
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'text/csv',
      accept: 'text/csv',
    };
    const answer = await fetch(`${api.url}/v1/reconciliations`, { method: 'POST', headers, body: LIST });
    assert.match(answer.headers.get('content-type')!, /^text\/csv/);
    const [header, ...lines] = (await answer.text()).trim().split('\r\n');
    assert.match(header!, /^row,transaction_id,event,reason,event_id,here\.amount,/);
    assert.deepEqual(
      lines.map((line) => line.split(',')).map(([row, id, , reason]) => [Number(row), id, reason]),
      FINDINGS,
    );
  });

  test('a reconciliation finds no transactions of another operator', async () => {
    const other = await api.newOperator();
    const { body } = await api.call<Answer>('POST /v1/reconciliations?from=2020-01-01T00:00:00Z', {
      key: other.key,
      body: 'transaction_id\ngood\n',
      headers: { 'content-type': 'text/csv' },
    });
    assert.deepEqual(body.results.map(inShort), [[1, 'good', 'missing_here']]);
  });
});

describe('CSV is read', () => {
  for (const [title, text] of [
    ['with a byte order mark and CRLF', `\ufefftransaction_id,amount\r\ngood,100\r\n`],
    ['without a line end after the last line', `transaction_id,amount\ngood,100`],
    [
      'with quotes, also around line breaks and quotes',
      `"transaction_id","note","amount"\n"good","a ""note"",\nof two lines","100"\n`,
    ],
    ['with columns in another order and case, among others', `Note,AMOUNT,x,Transaction ID\n,100,y,good\n`],
    ['with semicolons', `transaction_id;amount\ngood;100\n`],
    ['with tabs', `transaction_id\tamount\ngood\t100\n`],
    ['with blanks around cells and empty lines', `transaction_id , amount\n\n good , 100 \n\n`],
    ['with bare CR line ends', `transaction_id,amount\rgood,100\r`],
  ] as const) {
    test(`CSV is read ${title}`, async () => {
      assert.deepEqual((await reconcile(text)).results.map(inShort), [[1, 'good', 'match']]);
    });
  }

  test('an invalid CSV row is answered with its error, and the other rows count', async () => {
    const text = [
      'transaction_id,amount,currency,event',
      ',100,USD,sale',
      'good,"1,000.00",USD,sale',
      'good,100,USD,sold',
      'good,100,XXX,sale',
      'g\u0007ood,100,USD,sale',
      `${'x'.repeat(300)},100,USD,sale`,
      'short',
      'go"od,1e2',
      'good,100,USD,sale,,,,too,long',
    ].join('\n');
    const { results } = await reconcile(text);
    assert.deepEqual(
      results.map(({ reason, issues }) => [
        reason,
        issues?.map(({ path, code }) => `${path} ${code}`).join(),
      ]),
      [
        ['invalid_row', 'transaction_id required'],
        ['invalid_row', 'amount invalid_format'],
        ['invalid_row', 'event not_an_option'],
        ['invalid_row', 'currency unknown_currency'],
        ['invalid_row', 'transaction_id invalid_format'],
        ['invalid_row', 'transaction_id invalid_format'],
        ['missing_here', undefined],
        ['invalid_row', 'amount invalid_format'],
        ['match', undefined],
      ],
    );
  });

  test('CSV is read up to a quote that is never closed', async () => {
    const { results } = await reconcile('transaction_id\ngood\n"less\nback\n');
    assert.deepEqual(
      results.map(({ reason, issues }) => [reason, issues?.[0]?.code]),
      [
        ['match', undefined],
        ['invalid_row', 'unclosed_quote'],
      ],
    );
  });

  test('CSV is refused without its column, with a column twice, empty, or too long', async () => {
    assert.equal((await reconcile('id,amount\ngood,100', '', 400)).error!.issues[0]!.code, 'required');
    assert.equal(
      (await reconcile('transaction_id,amount,Amount\ngood,1,2', '', 400)).error!.issues[0]!.code,
      'duplicate_column',
    );
    await reconcile(' ', '', 400);
    const rows = (count: number) => `transaction_id\n${'good\n'.repeat(count)}`;
    assert.equal((await reconcile(rows(10_000))).results.length, 10_000);
    assert.equal((await reconcile(rows(10_001), '', 400)).error!.issues[0]!.code, 'too_large');
    await reconcile({ rows: Array.from({ length: 10_001 }, () => ({})) }, '', 400);
    await reconcile(`transaction_id\n${'x'.repeat(2 ** 21)}`, '', 413);
    const other = await api.call('POST /v1/reconciliations', {
      key,
      body: 'x',
      headers: { 'content-type': 'text/plain' },
    });
    assert.equal(other.status, 415);
  });

  test('CSV columns may have the names of JavaScript’s own fields', async () => {
    const { results } = await reconcile('__proto__,constructor,transaction_id\n{},x,good\n');
    assert.deepEqual(results.map(inShort), [[1, 'good', 'match']]);
  });
});

test('a JSON reconciliation row with an unknown field is refused by itself', async () => {
  const { results } = await reconcile({
    rows: [{ transaction_id: 'good', colour: 'red' }, 7, null, { transaction_id: 'good', amount: 100 }],
  });
  assert.deepEqual(
    results.map(({ reason }) => reason),
    ['invalid_row', 'invalid_row', 'invalid_row', 'match'],
  );
});
