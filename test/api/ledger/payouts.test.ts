// Payouts over HTTP: reserved after debt, confirmed, failed, returned; and manual adjustments.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { newId } from '../../../store/db/ids.ts';
import { withApi, type TestApi } from '../../support/api.ts';
import {
  assertCleanAudit,
  withPaidAffiliate,
  type Body,
  type Commission,
  type Failure,
  type Payout,
} from '../../support/paid-affiliate.ts';

let api: TestApi;
before(async () => {
  api = await withApi();
});
after(() => api.close());

describe('a payout', () => {
  test('a chargeback during a reserved payout becomes debt, recovered from a later commission', async () => {
    const { call, sale, chargeback, balance, release, payOut, step } = await withPaidAffiliate(api);
    await sale('first', '10');
    await release();
    const { body: first } = await payOut();
    await chargeback('first');
    assert.equal(await balance(), '0.00 0.00 10.00 0.00 10.00');
    await step(first.id, 'confirm');
    assert.equal(await balance(), '0.00 0.00 0.00 10.00 10.00');
    await sale('second', '6');
    await release();
    const refused = await payOut();
    assert.deepEqual([refused.status, refused.body.error.code], [422, 'not_possible']);
    assert.equal(await balance(), '0.00 6.00 0.00 10.00 10.00', 'a refusal moves nothing');
    await sale('third', '7.5');
    await release();
    const { body: second } = await payOut({ minimum: '3.50' });
    assert.deepEqual([second.amount, second.recovered], ['3.50', '10.00']);
    assert.equal(await balance(), '0.00 0.00 3.50 10.00 0.00');
    await step(second.id, 'confirm');
    assert.equal(await balance(), '0.00 0.00 0.00 13.50 0.00');
    type Ledger = { data: { code: string }[] };
    const { body } = await call<Ledger>(
      `GET /v1/affiliates/${(await call<{ affiliate_id: string }>(`GET /v1/payouts/${first.id}`)).body.affiliate_id}/ledger`,
    );
    assert.ok(body.data.some(({ code }) => code === 'recover_debt'));
    await assertCleanAudit(api);
  });

  test('a payout that fails after a chargeback is payable again, and the next payout recovers the debt', async () => {
    const { sale, chargeback, balance, release, payOut, step } = await withPaidAffiliate(api);
    await sale('reversed', '10');
    await sale('kept', '4');
    await release();
    const { body: payout } = await payOut();
    await chargeback('reversed');
    assert.equal((await step(payout.id, 'fail', { reason: 'bad IBAN' })).body.state, 'failed');
    assert.equal(await balance(), '0.00 14.00 0.00 0.00 10.00');
    const { body: next } = await payOut();
    assert.deepEqual([next.amount, next.recovered], ['4.00', '10.00']);
    await step(next.id, 'confirm');
    assert.equal(await balance(), '0.00 0.00 0.00 4.00 0.00');
    await assertCleanAudit(api);
  });

  test('a payout returned after its confirmation is payable again', async () => {
    const { sale, balance, release, payOut, step, call } = await withPaidAffiliate(api);
    await sale('s', '10');
    await release();
    const { body: payout } = await payOut();
    await step(payout.id, 'confirm');
    assert.equal((await step(payout.id, 'return', { reason: 'account closed' })).body.state, 'returned');
    assert.equal(await balance(), '0.00 10.00 0.00 0.00 0.00');
    const { body } = await call<{ history: { state: string; actor: string; reason: string | null }[] }>(
      `GET /v1/payouts/${payout.id}`,
    );
    assert.deepEqual(
      body.history.map(({ state, reason }) => [state, reason]),
      [
        ['reserved', null],
        ['paid', null],
        ['returned', 'account closed'],
      ],
    );
    await assertCleanAudit(api);
  });

  test('a won chargeback of a paid commission cancels open debt and pays recovered debt back', async () => {
    const { send, sale, chargeback, balance, release, payOut, step } = await withPaidAffiliate(api);
    await sale('a', '10');
    await release();
    await step((await payOut()).body.id, 'confirm');
    await chargeback('a');
    await send('chargeback_won', 'won a', { reference: 'a' });
    assert.equal(await balance(), '0.00 0.00 0.00 10.00 0.00');

    await sale('b', '8');
    await release();
    await step((await payOut()).body.id, 'confirm');
    await chargeback('b');
    await sale('c', '5');
    await sale('d', '5');
    await release();
    assert.equal((await payOut()).body.amount, '2.00');
    assert.equal(await balance(), '0.00 0.00 2.00 18.00 0.00');
    await send('chargeback_won', 'won b', { reference: 'b' });
    assert.equal(await balance(), '8.00 0.00 2.00 18.00 0.00');
    await assertCleanAudit(api);
  });

  test('a payout is never empty or below the minimum', async () => {
    const { sale, release, payOut } = await withPaidAffiliate(api);
    assert.equal((await payOut()).status, 422);
    await sale('s', '10');
    await release();
    assert.deepEqual(
      [(await payOut({ minimum: '10.01' })).status, (await payOut({ minimum: '10.00' })).status],
      [422, 201],
    );
    assert.equal((await payOut()).status, 422);
    for (const more of [
      { minimum: '-1' },
      { minimum: '1.001' },
      { currency: 'XXQ' },
      { affiliate_id: newId('aff') },
      { amount: '1' },
    ]) {
      const { status, body } = await payOut(more);
      assert.deepEqual([status, body.error.issues?.[0]?.path], [400, Object.keys(more)[0]]);
    }
  });

  test('a payout is confirmed once: a repeat gets the same answer, a contradiction is refused', async () => {
    const { sale, release, payOut, step, balance } = await withPaidAffiliate(api);
    await sale('s', '10');
    await release();
    const { body: payout } = await payOut();
    assert.equal((await step(payout.id, 'return')).status, 422, 'nothing was paid yet');
    const answers = await Promise.all(
      [1, 2, 3].map(() => step(payout.id, 'confirm', { external_reference: 'wire 7' })),
    );
    assert.deepEqual(
      answers.map(({ status, body }) => [status, body.state]),
      [1, 2, 3].map(() => [200, 'paid']),
    );
    assert.equal((await step(payout.id, 'confirm', { external_reference: 'wire 8' })).status, 422);
    assert.equal((await step(payout.id, 'fail')).status, 422);
    assert.equal(await balance(), '0.00 0.00 0.00 10.00 0.00');
    await sale('t', '10');
    await release();
    const { body: other } = await payOut();
    assert.equal((await step(other.id, 'confirm', { external_reference: 'wire 7' })).status, 409);
    assert.equal((await step(other.id, 'fail')).body.state, 'failed');
    assert.equal((await step(newId('pay'), 'confirm')).status, 404);
    await assertCleanAudit(api);
  });

  test('a payout repeated with its Idempotency-Key is returned again; other content is a conflict', async () => {
    const { sale, release, payOut, call } = await withPaidAffiliate(api);
    await sale('s', '10');
    await release();
    const key = { 'idempotency-key': 'run 1' };
    const answers = await Promise.all([1, 2, 3, 4].map(() => payOut({}, key)));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]));
    assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
    assert.equal((await payOut({ minimum: '1.00' }, key)).status, 409);
    assert.equal((await payOut({}, { 'idempotency-key': 'x'.repeat(256) })).status, 400);
    const { body } = await call<{ data: Payout[] }>('GET /v1/payouts?state=reserved');
    assert.deepEqual(
      body.data.map(({ id }) => id),
      [answers[0]!.body.id],
    );
    const stranger = await withPaidAffiliate(api);
    assert.equal((await stranger.call(`GET /v1/payouts/${answers[0]!.body.id}`)).status, 404);
    assert.equal((await stranger.step(answers[0]!.body.id, 'confirm')).status, 404);
  });
});

describe('manual adjustments', () => {
  test('an adjustment up is payable at once, and one down is recovered by the next payout', async () => {
    const { call, affiliateId, balance, payOut, sale, release } = await withPaidAffiliate(api);
    const adjust = (amount: string, key: string, reason = 'bonus') =>
      call<Body & Failure>(`POST /v1/affiliates/${affiliateId}/adjustments`, {
        currency: 'USD',
        amount,
        reason,
        idempotency_key: key,
      });
    const up = await adjust('+5.00', 'k1');
    assert.deepEqual([up.status, up.body['amount'], up.body['reason']], [201, '5.00', 'bonus']);
    assert.match(String(up.body['actor']), /^key_/);
    assert.deepEqual((await adjust('5.00', 'k1')).body['id'], up.body['id'], 'a repeat');
    assert.equal((await adjust('6.00', 'k1')).status, 409);
    assert.equal(await balance(), '0.00 5.00 0.00 0.00 0.00');
    assert.equal((await adjust('-7.00', 'k2', 'paid by mistake')).body['amount'], '-7.00');
    assert.equal(await balance(), '0.00 5.00 0.00 0.00 7.00');
    await sale('s', '10');
    await release();
    const { body } = await payOut();
    assert.deepEqual([body.amount, body.recovered], ['8.00', '7.00']);
    const down = await call<Commission>(`GET /v1/commissions?affiliate_id=${affiliateId}&state=owed`);
    assert.deepEqual((down.body as unknown as { data: Commission[] }).data[0]?.amount, '-7.00');
    const id = String(up.body['commission_id']);
    assert.equal((await call(`POST /v1/commissions/${id}/reject`, { reason: 'no' })).status, 422);
    for (const amount of ['0', '1.001', 'five', ''])
      assert.equal((await adjust(amount, 'k3')).status, 400, amount);
    assert.equal((await call(`POST /v1/affiliates/${newId('aff')}/adjustments`, {})).status, 404);
    await assertCleanAudit(api);
  });

  test('write-offs clear debt in part or in whole, never more than the debt', async () => {
    const { call, affiliateId, balance, sale, chargeback, release, payOut, step } =
      await withPaidAffiliate(api);
    const writeOff = (more: object = {}) =>
      call<Body & Failure>(`POST /v1/affiliates/${affiliateId}/write-offs`, {
        currency: 'USD',
        reason: 'goodwill',
        ...more,
      });
    assert.equal((await writeOff()).status, 422);
    await sale('s', '10');
    await release();
    await step((await payOut()).body.id, 'confirm');
    await chargeback('s');
    assert.equal((await writeOff({ amount: '10.01' })).status, 422);
    const part = await writeOff({ amount: '4.00', idempotency_key: 'w1' });
    assert.deepEqual([part.status, part.body['amount']], [201, '4.00']);
    assert.equal(
      (await writeOff({ amount: '4.00', idempotency_key: 'w1' })).body['id'],
      part.body['id'],
      'a repeat',
    );
    assert.equal(await balance(), '0.00 0.00 0.00 10.00 6.00');
    assert.equal((await writeOff()).body['amount'], '6.00');
    assert.equal(await balance(), '0.00 0.00 0.00 10.00 0.00');
    await assertCleanAudit(api);
  });

  test('requests that move money need a key with the manage scope', async () => {
    const { call, affiliateId } = await withPaidAffiliate(api);
    const { body } = await call('POST /v1/api-keys', { name: 'reader', scopes: ['read', 'events:write'] });
    const key = String(body['api_key']);
    for (const path of [
      'holds/release',
      'commissions/approve',
      'payouts',
      `affiliates/${affiliateId}/adjustments`,
      `affiliates/${affiliateId}/write-offs`,
    ]) {
      assert.equal((await api.call(`POST /v1/${path}`, { key, body: {} })).status, 403, path);
    }
  });
});
