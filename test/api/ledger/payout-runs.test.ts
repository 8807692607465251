// Payout runs over HTTP: what they ask for, what became of each affiliate, the files to pay by, and
// the bank's answer. The steps are made by hand; other tests look at the workflow.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { confirmLines } from '../../../api/ledger/payout-run-confirmation.ts';
import { confirmationOf } from '../../../api/ledger/payout-runs.schema.ts';
import { newId } from '../../../store/db/ids.ts';
import { stepPayoutRun } from '../../../store/ledger/payout-run-steps.ts';
import { createPayoutRuns } from '../../../store/ledger/payout-runs.ts';
import { createPayouts } from '../../../store/ledger/payouts.ts';
import { withApi, type TestApi } from '../../support/api.ts';
import { assertCleanAudit, type Failure } from '../../support/paid-affiliate.ts';

type Result = Record<string, string | null>;
type Run = Record<string, unknown> & {
  id: string;
  state: string;
  total: number;
  done: number;
  created: number;
  amount: string;
  results: Result[];
  next_cursor: string | null;
};

const IBAN = 'DE89370400440532013000';
const BANK = { method: 'bank', holder: 'Jane Doe', iban: IBAN, bic: 'COBADEFFXXX' };
const WALLET = { method: 'other', holder: 'Jane Doe', kind: 'USDT on Tron', account: 'TJRabPrwbZy45sbavfcj' };

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

/** An affiliate with these amounts by hand, and payment details unless `null`. */
async function affiliate(amounts: string[], details: object | null = BANK, state = 'active') {
  const { body } = await call<{ id: string }>('POST /v1/affiliates', { name: 'Media', state });
  for (const amount of amounts) {
    const given = { currency: 'USD', amount, reason: 'a test', idempotency_key: newId('req') };
    assert.equal((await call(`POST /v1/affiliates/${body.id}/adjustments`, given)).status, 201);
  }
  if (details !== null)
    assert.equal((await call(`PUT /v1/affiliates/${body.id}/payment-details`, details)).status, 200);
  return body.id;
}

async function start(body: object = {}, headers: Record<string, string> = {}) {
  return call<Run & Failure>('POST /v1/payout-runs', { currency: 'USD', ...body }, headers);
}
const find = async (id: string, query = '') => (await call<Run>(`GET /v1/payout-runs/${id}${query}`)).body;

/** Starts a run, and makes all its steps. */
async function run(body: object = {}): Promise<Run> {
  const { body: made, status } = await start(body);
  assert.equal(status, 202, JSON.stringify(made));
  while ((await stepPayoutRun(api.pool, operator.id, made.id)).state === 'running');
  return find(made.id);
}

async function file(id: string, accept: string, query = '', key = operator.key) {
  const headers = { authorization: `Bearer ${key}`, accept };
  const answer = await fetch(`${api.url}/v1/payout-runs/${id}${query}`, { headers });
  const [type, kept] = ['content-type', 'cache-control'].map((name) => answer.headers.get(name));
  return { status: answer.status, type, kept, text: await answer.text() };
}

describe('a payout run', () => {
  test('a payout run pays every affiliate for whom enough is payable, and says why it paid the others nothing', async () => {
    await call('PATCH /v1/operator', { minimum_payouts: { USD: '10.00' } });
    const ids = {
      paid: await affiliate(['60.00', '-5.00']),
      low: await affiliate(['9.99']),
      owing: await affiliate(['5.00', '-7.00']),
      suspended: await affiliate(['50.00'], BANK, 'suspended'),
      unknown: await affiliate(['50.00'], null),
    };
    const done = await run({ minimum: '1.00', payment_details: 'required' });
    const results = Object.fromEntries(
      done.results.map((row) => [row['affiliate_id'], [row['result'], row['amount'], row['payout_state']]]),
    );
    assert.deepEqual(results, {
      [ids.paid]: ['created', '55.00', 'reserved'],
      [ids.low]: ['below_minimum', '9.99', null],
      [ids.owing]: ['nothing_due', '0.00', null],
      [ids.suspended]: ['suspended', '50.00', null],
      [ids.unknown]: ['no_payment_details', '50.00', null],
    });
    const { state, total, created, amount, minimum } = done;
    assert.deepEqual(
      [state, total, done.done, created, amount, minimum],
      ['done', 5, 5, 1, '55.00', '10.00'],
    );
    assert.deepEqual(
      (done['counts'] as Result[]).map((row) => [row['result'], row['affiliates'], row['amount']]),
      [
        ['below_minimum', 1, '9.99'],
        ['created', 1, '55.00'],
        ['no_payment_details', 1, '50.00'],
        ['nothing_due', 1, '0.00'],
        ['suspended', 1, '50.00'],
      ],
    );
    assert.deepEqual(
      (await find(done.id, '?result=created')).results.map((row) => row['affiliate_id']),
      [ids.paid],
    );
    const { body } = await call<{ data: { id: string; amount: string; recovered: string }[] }>(
      'GET /v1/payouts',
    );
    assert.deepEqual(
      body.data.map((payout) => [payout.amount, payout.recovered]),
      [['55.00', '5.00']],
    );
    await assertCleanAudit(api);
    const again = await run();
    assert.deepEqual([again.created, again.amount], [1, '50.00']);
  });

  test('a payout run pays nobody twice, whatever step is made again or beside it', async () => {
    for (let count = 0; count < 8; count++) await affiliate(['20.00']);
    const { body } = await start();
    await Promise.all([1, 2, 3].map(() => stepPayoutRun(api.pool, operator.id, body.id)));
    await stepPayoutRun(api.pool, operator.id, body.id);
    const { created, amount, results } = await find(body.id);
    assert.deepEqual([created, amount, results.length], [8, '160.00', 8]);
    const payouts = await call<{ data: Record<string, string>[] }>('GET /v1/payouts');
    assert.equal(new Set(payouts.body.data.map((row) => row['affiliate_id'])).size, 8);
    assert.equal(payouts.body.data.length, 8);
    await assertCleanAudit(api);
  });

  test('a payout run that is dry says what it would pay, and pays nothing', async () => {
    await affiliate(['20.00']);
    const dry = await run({ dry_run: true });
    assert.deepEqual([dry.created, dry.amount, dry.results[0]!['result']], [1, '20.00', 'created']);
    assert.equal(dry.results[0]!['payout_id'], null);
    assert.deepEqual((await call<{ data: unknown[] }>('GET /v1/payouts')).body.data, []);
    assert.equal((await file(dry.id, 'application/xml')).status, 422);
    assert.equal((await run()).created, 1);
  });

  test('a payout run repeated with its Idempotency-Key is the same run; other content is a conflict', async () => {
    await affiliate(['20.00']);
    const key = { 'idempotency-key': 'december' };
    const answers = await Promise.all([1, 2, 3].map(() => start({ minimum: '5' }, key)));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([202]));
    assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
    for (const other of [
      {},
      { minimum: '6' },
      { minimum: '5', dry_run: true },
      { minimum: '5', currency: 'EUR' },
    ])
      assert.equal((await start(other, key)).status, 409, JSON.stringify(other));
  });

  test('a payout run that is stopped pays no more, and one that is done cannot be stopped', async () => {
    await affiliate(['20.00']);
    const { body } = await start();
    const stopped = await call<Run>(`DELETE /v1/payout-runs/${body.id}`);
    assert.deepEqual([stopped.status, stopped.body.state], [200, 'cancelled']);
    assert.equal((await stepPayoutRun(api.pool, operator.id, body.id)).created, 0);
    const done = await run();
    assert.equal((await call(`DELETE /v1/payout-runs/${done.id}`)).status, 422);
    const { data } = (await call<{ data: Run[] }>('GET /v1/payout-runs')).body;
    assert.deepEqual(
      data.map(({ state }) => state),
      ['done', 'cancelled'],
    );
  });

  test('a payout run tells the operator’s webhooks once that it is done, without accounts', async () => {
    await call('POST /v1/endpoints', { url: 'http://127.0.0.1:9/' });
    await affiliate(['20.00']);
    const done = await run();
    await stepPayoutRun(api.pool, operator.id, done.id);
    const { rows } = await api.pool.query<{ body: string }>(
      `select body from deliveries where operator_id = $1 and type = 'payout_run.done'`,
      [operator.id],
    );
    assert.equal(rows.length, 1);
    const { data } = JSON.parse(rows[0]!.body) as { data: object };
    assert.deepEqual(data, {
      payout_run_id: done.id,
      currency: 'USD',
      amount: '20.00',
      payouts: 1,
      affiliates: 1,
    });
    api.conformance.checkWebhook(JSON.parse(rows[0]!.body));
  });

  test('a payout run is refused with the field that is wrong', async () => {
    const cases: [object, string][] = [
      [{ currency: 'XXQ' }, 'currency'],
      [{ minimum: '-1' }, 'minimum'],
      [{ minimum: '0.001' }, 'minimum'],
      [{ payment_details: 'no' }, 'payment_details'],
      [{ affiliate_id: newId('aff') }, 'affiliate_id'],
    ];
    for (const [body, path] of cases) {
      const answer = await start(body);
      assert.deepEqual([answer.status, answer.body.error.issues![0]!.path], [400, path]);
    }
  });
});

describe('the files of a payout run', () => {
  test('a payout run as CSV has each account whole, for keys that may manage', async () => {
    const bank = await affiliate(['20.00']);
    const wallet = await affiliate(['30.00'], WALLET);
    const { id } = await run();
    const { status, type, kept, text } = await file(id, 'text/csv');
    assert.deepEqual([status, type, kept], [200, 'text/csv; charset=utf-8', 'no-store']);
    const rows = parse(text, { columns: true }) as unknown as Result[];
    assert.deepEqual(
      rows.map((row) => [row['affiliate_id'], row['amount'], row['iban'], row['kind'], row['account']]),
      [
        [wallet, '30.00', '', WALLET.kind, WALLET.account],
        [bank, '20.00', IBAN, '', ''],
      ],
    );
    const { body } = await call<{ api_key: string }>('POST /v1/api-keys', { name: 'r', scopes: ['read'] });
    for (const accept of ['text/csv', 'application/xml'])
      assert.equal((await file(id, accept, '', body.api_key)).status, 403);
    assert.equal((await file(id, 'application/json', '', body.api_key)).status, 200);
    assert.ok(!JSON.stringify(await find(id)).includes(IBAN));
  });

  test('a payout run as pain.001 needs the payer’s account and an IBAN of each, and names what is missing', async () => {
    await affiliate(['20.00']);
    const wallet = await affiliate(['30.00'], WALLET);
    const { id } = await run();
    const refused = await file(id, 'application/xml');
    assert.equal(refused.status, 422);
    assert.deepEqual(
      (JSON.parse(refused.text) as Failure).error.issues!.map(({ path, code }) => [path, code]),
      [
        ['payout_account', 'required'],
        [wallet, 'iban_required'],
      ],
    );
    await call('PUT /v1/operator/payout-account', { holder: 'Broker', iban: IBAN });
    assert.equal((await file(id, 'application/xml')).status, 422);
    const { status, type, text } = await file(id, 'application/xml', '?without_iban=omit');
    assert.deepEqual([status, type], [200, 'application/xml']);
    assert.match(text, /<NbOfTxs>1<\/NbOfTxs><CtrlSum>20\.00<\/CtrlSum>/);
  });

  test('a payout run as pain.001 has one message id for one content, and another one for other transfers', async () => {
    await call('PUT /v1/operator/payout-account', { holder: 'Broker', iban: IBAN });
    await affiliate(['20.00']);
    const wallet = await affiliate(['30.00'], WALLET);
    const { id, results } = await run();
    const messageId = async (query = '') =>
      /<MsgId>(.*?)<\/MsgId>/.exec((await file(id, 'application/xml', query)).text)?.[1];
    const omitting = '?without_iban=omit';
    const one = await messageId(omitting);
    assert.equal(await messageId(omitting), one);
    await call(`PUT /v1/affiliates/${wallet}/payment-details`, BANK);
    const both = await messageId();
    assert.equal(await messageId(omitting), both);
    await call(`POST /v1/payouts/${results[0]!['payout_id']}/confirm`, {});
    assert.deepEqual([await messageId(), both === one], [one, false]);
  });

  test('a payout run as pain.001 that is fetched days later is executed on that day, in the operator’s time zone', async () => {
    const timezone = 'Pacific/Kiritimati';
    await call('PATCH /v1/operator', { timezone });
    await call('PUT /v1/operator/payout-account', { holder: 'Broker', iban: IBAN });
    await affiliate(['20.00']);
    const { id } = await run();
    await api.pool.query(`update payout_runs set finished_at = now() - interval '5 days' where id = $1`, [
      id,
    ]);
    const { text } = await file(id, 'application/xml');
    const today = new Intl.DateTimeFormat('sv', { timeZone: timezone }).format();
    assert.match(text, new RegExp(`<ReqdExctnDt><Dt>${today}</Dt></ReqdExctnDt>`));
  });

  test('a payout run as pain.001 leaves out what was paid or failed meanwhile', async () => {
    await call('PUT /v1/operator/payout-account', { holder: 'Broker', iban: IBAN });
    for (const amount of ['20.00', '30.00']) await affiliate([amount]);
    const { id, results } = await run();
    const { body: made } = await call<{ run_id: string | null }>(
      `GET /v1/payouts/${results[0]!['payout_id']}`,
    );
    assert.equal(made.run_id, id);
    await call(`POST /v1/payouts/${results[0]!['payout_id']}/fail`, { reason: 'a test' });
    assert.match((await file(id, 'application/xml')).text, /<CtrlSum>20\.00<\/CtrlSum>/);
    await call(`POST /v1/payouts/${results[1]!['payout_id']}/confirm`, {});
    assert.equal((await file(id, 'application/xml')).status, 422);
  });
});

describe('a bank’s list of a payout run', () => {
  type Line = {
    line: number;
    payout_id: string | null;
    state: string | null;
    issue: { code: string; message: string } | null;
  };
  const confirm = (id: string, csv: string) =>
    call<{ results: Line[]; without_status: number; not_yet: number } & Failure>(
      `POST /v1/payout-runs/${id}/confirm`,
      csv,
      {
        'content-type': 'text/csv',
      },
    );

  test('a bank’s list confirms and fails payouts, with a result for each line; again it changes nothing', async () => {
    for (const amount of ['20.00', '30.00', '40.00']) await affiliate([amount]);
    const { id, results } = await run();
    const [a, b, c] = results.map((row) => row['payout_id']!);
    const other = await affiliate(['50.00']);
    const { body: foreign } = await call<{ id: string }>('POST /v1/payouts', {
      affiliate_id: other,
      currency: 'USD',
    });
    const csv = [
      'Payout ID;Status;External Reference;Reason',
      `${a};paid;wire 1;`,
      `${b};FAILED;;account closed`,
      `${c};paid;wire 1;`,
      `${c};sent;;`,
      `${foreign.id};paid;;`,
      `;paid;;`,
    ].join('\r\n');
    const expected = [
      [1, a, 'paid', null],
      [2, b, 'failed', null],
      [3, c, null, 'conflict'],
      [4, null, null, 'not_an_option'],
      [5, null, null, 'unknown_payout'],
      [6, null, null, 'required'],
    ];
    for (let again = 0; again < 2; again++) {
      const { status, body } = await confirm(id, csv);
      assert.equal(status, 200);
      assert.deepEqual(
        body.results.map((line) => [line.line, line.payout_id, line.state, line.issue?.code ?? null]),
        expected,
      );
    }
    const [, , , { issue }] = (await confirm(id, csv)).body.results as [Line, Line, Line, Line];
    assert.equal(issue?.message, 'must be one of paid, failed');
    // As the file of credit transfers names it, and as some banks give that back.
    const inFile = a!.replace('_', '-');
    const byReference = await confirm(
      id,
      ['reference,status', 'wire 1,failed', `${inFile},failed`, `${inFile.toUpperCase()},failed`].join('\n'),
    );
    assert.deepEqual(
      byReference.body.results.map((line) => [line.payout_id, line.state, line.issue?.code]),
      Array.from({ length: 3 }, () => [a, 'paid', 'not_possible']),
    );
    assert.deepEqual(
      (await find(id)).results.map((row) => row['payout_state']),
      ['paid', 'failed', 'reserved'],
    );
    await assertCleanAudit(api);
  });

  test('a payout run’s own CSV is sent back as it is, or with what the bank did, and changes no more than that', async () => {
    for (const amount of ['20.00', '30.00', '40.00']) await affiliate([amount]);
    await affiliate(['50.00'], BANK, 'suspended');
    const { id } = await run();
    const saved = async () => {
      const { text } = await file(id, 'text/csv');
      return { text, rows: parse(text, { columns: true }) as unknown as Result[] };
    };
    const untouched = await confirm(id, (await saved()).text);
    assert.deepEqual([untouched.body.results, untouched.body.without_status], [[], 4]);

    // Filled in as in a spreadsheet, which separates cells by semicolons here.
    const filled = (await saved()).rows.map((row) => {
      const said: Record<string, string[]> = { '20.00': ['paid', '=wire 1'], '30.00': ['Failed', ''] };
      const [status = '', external_reference = ''] = said[row['amount']!] ?? [];
      return { ...row, status, external_reference };
    });
    const lines = [Object.keys(filled[0]!), ...filled.map((row) => Object.values(row))];
    const list = lines.map((cells) => cells.join(';')).join('\r\n');
    const expected = [
      [3, 'failed', undefined],
      [4, 'paid', undefined],
    ];
    // What the bank said is in the run's file from now on.
    for (const next of [list, null, list]) {
      const { body } = await confirm(id, next ?? (await saved()).text);
      assert.deepEqual(
        body.results.map((line) => [line.line, line.state, line.issue?.code]),
        expected,
      );
      assert.deepEqual([body.without_status, body.not_yet], [2, 0]);
    }
    assert.deepEqual(
      (await saved()).rows.map((row) => [row['payout_state'], row['status'], row['external_reference']]),
      [
        ['', '', ''],
        ['reserved', '', ''],
        ['failed', 'failed', ''],
        ['paid', 'paid', "'=wire 1"],
      ],
    );
    await assertCleanAudit(api);
  });

  test('a bank’s list that takes longer than a request works is taken by being sent again', async () => {
    for (const amount of ['20.00', '30.00', '40.00']) await affiliate([amount]);
    const { id, results } = await run();
    const ids = results.map((row) => row['payout_id']!);
    const { lines } = confirmationOf(['payout_id,status', ...ids.map((each) => `${each},paid`)].join('\n'));
    const store = { payouts: createPayouts(api.pool), payoutRuns: createPayoutRuns(api.pool) };
    const send = async () => {
      const of = { operatorId: operator.id, runId: id, actor: 'key_test' };
      const confirmed = await confirmLines(store, of, lines, 0);
      return confirmed.results.map(({ state, issue }) => issue?.code ?? state);
    };
    assert.deepEqual(await send(), ['paid', 'not_yet', 'not_yet']);
    assert.deepEqual(await send(), ['paid', 'paid', 'not_yet']);
    assert.deepEqual(await send(), ['paid', 'paid', 'paid']);
    await assertCleanAudit(api);
  });

  test('a bank’s list without a status or of another type is refused whole', async () => {
    const { id } = await run();
    assert.equal((await confirm(id, 'payout_id\nx\n')).body.error.issues![0]!.path, 'status');
    const { body: other } = await confirm(id, `payout_id,status\n${'x,\n'.repeat(1001)}`);
    assert.deepEqual([other.results, other.without_status], [[], 1001]);
    const { body: long } = await confirm(id, `payout_id,status\n${'x,paid\n'.repeat(5000)}`);
    assert.deepEqual([long.results.length, long.results.at(-1)!.issue!.code], [5000, 'unknown_payout']);
    assert.equal((await call(`POST /v1/payout-runs/${id}/confirm`, {})).status, 415);
    const latin1 = Buffer.from('payout_id,status,reason\nx,failed,Gerät\n', 'latin1');
    const unread = await fetch(`${api.url}/v1/payout-runs/${id}/confirm`, {
      method: 'POST',
      headers: { authorization: `Bearer ${operator.key}`, 'content-type': 'text/csv' },
      body: latin1,
    });
    const { error } = (await unread.json()) as Failure;
    assert.equal(error.issues![0]!.code, 'invalid_encoding');
    assert.equal((await confirm(newId('run'), 'payout_id,status\n')).status, 404);
  });
});
