// Payment details over HTTP: checked when saved, masked when shown, sealed in the database.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { withApi, type TestApi } from '../../support/api.ts';
import type { Failure } from '../../support/paid-affiliate.ts';

let api: TestApi;
let key: string;
let affiliate: string;

const call = <T = Record<string, unknown>>(request: string, body?: object) =>
  api.call<T>(request, { key, ...(body && { body }) });
const put = (body: object) =>
  call<Record<string, unknown> & Failure>(`PUT /v1/affiliates/${affiliate}/payment-details`, body);

const IBAN = 'DE89 3704 0044 0532 0130 00';
const BANK = { method: 'bank', holder: 'Jörg Müller', iban: IBAN, bic: 'cobadeff' };

before(async () => {
  api = await withApi();
  ({ key } = await api.newOperator());
  affiliate = (await call<{ id: string }>('POST /v1/affiliates', { name: 'Media' })).body.id;
});
after(() => api.close());

test('payment details are shown masked, and sealed in the database', async () => {
  assert.equal((await call(`GET /v1/affiliates/${affiliate}/payment-details`)).status, 404);
  assert.equal((await call(`GET /v1/affiliates/${affiliate}`)).body['has_payment_details'], false);
  const saved = await put(BANK);
  assert.equal(saved.status, 200);
  const { body } = await call(`GET /v1/affiliates/${affiliate}/payment-details`);
  assert.deepEqual(body, saved.body);
  assert.equal((await call(`GET /v1/affiliates/${affiliate}`)).body['has_payment_details'], true);
  const { updated_at: at, updated_by: by, ...shown } = body;
  assert.deepEqual(shown, {
    affiliate_id: affiliate,
    method: 'bank',
    holder: 'Jörg Müller',
    iban: 'DE89…3000',
    bic: 'COBADEFF',
    kind: null,
    account: null,
  });
  assert.match(String(by), /^key_/);
  assert.ok(Date.now() - Date.parse(String(at)) < 60_000);
  const { rows } = await api.pool.query<{ row: string }>(
    `select encode(secret, 'escape') || row_to_json(p)::text as row from payment_details p`,
  );
  for (const secret of ['Jörg', 'DE89', '0532'])
    assert.ok(
      rows.every(({ row }) => !row.includes(secret)),
      secret,
    );
});

test('payment details of another way are free text, and replace what there was', async () => {
  const wallet = {
    method: 'other',
    holder: 'Jane',
    kind: 'USDT on Tron',
    account: 'TJRabPrwbZy45sbavfcjinPJC18kjpRTv8',
  };
  assert.deepEqual(
    [(await put(wallet)).body['account'], (await put({ ...wallet, account: 'jane@e.com' })).body['account']],
    ['TJRa…RTv8', '…om'],
  );
  assert.equal((await put(BANK)).body['method'], 'bank');
  assert.equal((await call(`DELETE /v1/affiliates/${affiliate}/payment-details`)).status, 204);
  assert.equal((await call(`GET /v1/affiliates/${affiliate}/payment-details`)).status, 404);
});

test('payment details that no bank would take are refused with their field', async () => {
  const cases: [object, string, string][] = [
    [{ ...BANK, iban: 'DE88 3704 0044 0532 0130 00' }, 'iban', 'invalid_iban'],
    [{ ...BANK, iban: 'DE89 3704 0044 0532 0130 0' }, 'iban', 'invalid_iban'],
    [{ ...BANK, iban: '4111 1111 1111 1111' }, 'iban', 'invalid_iban'],
    [{ ...BANK, bic: 'COBA' }, 'bic', 'invalid_bic'],
    [{ ...BANK, holder: '' }, 'holder', 'invalid_format'],
    [{ ...BANK, account: 'x' }, 'account', 'unknown_field'],
    [{ method: 'other', holder: 'Jane', kind: 'PayPal' }, 'account', 'required'],
    [{ method: 'cheque', holder: 'Jane' }, 'method', 'invalid_format'],
  ];
  for (const [body, path, code] of cases) {
    const answer = await put(body);
    const [issue] = answer.body.error.issues!;
    assert.deepEqual([answer.status, issue!.path, issue!.code], [400, path, code], JSON.stringify(body));
  }
});

test('payment details need the scope manage to be changed', async () => {
  const { body } = await call('POST /v1/api-keys', { name: 'reader', scopes: ['read', 'events:write'] });
  const answer = await api.call(`PUT /v1/affiliates/${affiliate}/payment-details`, {
    key: String(body['api_key']),
    body: BANK,
  });
  assert.equal(answer.status, 403);
});

test('an operator’s payout account is a bank account, shown masked', async () => {
  const { method: _, ...account } = BANK;
  assert.equal((await call('PUT /v1/operator/payout-account', BANK)).status, 400);
  assert.equal((await call('PUT /v1/operator/payout-account', account)).body['iban'], 'DE89…3000');
  assert.equal((await call('GET /v1/operator/payout-account')).body['holder'], 'Jörg Müller');
  assert.equal((await call('GET /v1/operator')).body['has_payout_account'], true);
  assert.equal((await call('DELETE /v1/operator/payout-account')).status, 204);
  assert.equal((await call('GET /v1/operator')).body['has_payout_account'], false);
  assert.equal((await call('GET /v1/operator/payout-account')).status, 404);
});

test('an operator’s minimum holds for payouts that give none of their own', async () => {
  const { body } = await call('PATCH /v1/operator', { minimum_payouts: { usd: '50', EUR: '0.5' } });
  assert.deepEqual(body['minimum_payouts'], { USD: '50.00', EUR: '0.50' });
  const refused = await call<Failure>('PATCH /v1/operator', { minimum_payouts: { USD: '0.001' } });
  assert.deepEqual([refused.status, refused.body.error.issues![0]!.path], [400, 'minimum_payouts.USD']);
  await call(`POST /v1/affiliates/${affiliate}/adjustments`, {
    currency: 'USD',
    amount: '40.00',
    reason: 'a test',
    idempotency_key: 'a-1',
  });
  const payout = { affiliate_id: affiliate, currency: 'USD' };
  const low = await call<Failure>('POST /v1/payouts', payout);
  assert.equal(low.status, 422);
  assert.match(low.body.error.message, /^40\.00 is payable/);
  assert.equal((await call('POST /v1/payouts', { ...payout, minimum: '10.00' })).status, 201);
});
