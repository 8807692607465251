// Commissions over HTTP: released when their hold ends, approved or rejected by a person, listed
// and explained.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { newId } from '../../../store/db/ids.ts';
import { withApi, type TestApi } from '../../support/api.ts';
import {
  assertCleanAudit,
  withPaidAffiliate,
  type Commission,
  type Failure,
} from '../../support/paid-affiliate.ts';

let api: TestApi;
before(async () => {
  api = await withApi();
});
after(() => api.close());

describe('a commission', () => {
  test('a commission is pending until its hold ends, payable then, and paid by a payout', async () => {
    const { sale, commissionOf, balance, release, payOut, step, longAgo } = await withPaidAffiliate(api);
    const due = await sale('due', '10');
    const held = await sale('held', '7', longAgo(29));
    assert.deepEqual(
      [(await commissionOf(due)).state, await balance()],
      ['pending', '17.00 0.00 0.00 0.00 0.00'],
    );

    assert.equal(await release(), 1);
    assert.deepEqual(
      [(await commissionOf(due)).state, (await commissionOf(held)).state],
      ['payable', 'pending'],
    );
    assert.equal(await balance(), '7.00 10.00 0.00 0.00 0.00');
    assert.equal(await release(), 0);

    const { status, body: payout } = await payOut();
    assert.deepEqual(
      [status, payout.amount, payout.state, payout.recovered],
      [201, '10.00', 'reserved', '0.00'],
    );
    assert.deepEqual(
      [(await commissionOf(due)).state, await balance()],
      ['in_payout', '7.00 0.00 10.00 0.00 0.00'],
    );

    const confirmed = await step(payout.id, 'confirm', { external_reference: 'wire 1' });
    assert.deepEqual(
      [confirmed.status, confirmed.body.state, confirmed.body.external_reference],
      [200, 'paid', 'wire 1'],
    );
    assert.deepEqual(
      [(await commissionOf(due)).state, await balance()],
      ['paid', '7.00 0.00 0.00 10.00 0.00'],
    );
    await assertCleanAudit(api);
  });

  test('a commission whose hold ends after the given time is not released', async () => {
    const { call, sale, release, longAgo } = await withPaidAffiliate(api);
    await sale('older', '1', longAgo(50));
    await sale('younger', '1', longAgo(40));
    const { body } = await call('POST /v1/holds/release', { before: longAgo(15) });
    assert.deepEqual(body, { released: 1, more: false });
    assert.deepEqual((await call('POST /v1/holds/release', { before: '2999-01-01T00:00:00Z' })).body, {
      released: 1,
      more: false,
    });
    assert.equal(await release(), 0);
  });

  test('the commission of a month is released as a whole once the hold of its last event ends', async () => {
    const { send, balance, release } = await withPaidAffiliate(api);
    const recent = new Date(Date.now() - 40 * 86_400_000).toISOString();
    await send('revenue', 'r2', { customer_id: 'c', amount: '100', occurred_at: recent });
    await send('revenue', 'r3', { customer_id: 'c', amount: '60', occurred_at: recent });
    assert.equal(await balance(), '40.00 0.00 0.00 0.00 0.00');
    assert.equal(await release(), 1);
    await send('revenue', 'r4', { customer_id: 'c', amount: '40', occurred_at: recent });
    assert.equal(await balance(), '10.00 40.00 0.00 0.00 0.00');
    await send('revenue', 'r5', { customer_id: 'c', amount: '-100', occurred_at: recent });
    assert.equal(await balance(), '0.00 25.00 0.00 0.00 0.00');
    await assertCleanAudit(api);
  });

  test('a commission is approved once before its hold ends, with the API key as actor', async () => {
    const { call, sale, chargeback, commissionOf, balance, longAgo } = await withPaidAffiliate(api);
    const { id } = await commissionOf(await sale('early', '10', longAgo(1)));
    const approved = await call<Commission>(`POST /v1/commissions/${id}/approve`);
    assert.deepEqual(
      [approved.status, approved.body.state, approved.body.money['payable']],
      [200, 'payable', '10.00'],
    );
    assert.match(String(approved.body.decisions[0]!['actor']), /^key_/);
    assert.equal((await call(`POST /v1/commissions/${id}/approve`)).status, 200, 'a repeat');
    assert.equal(await balance(), '0.00 10.00 0.00 0.00 0.00');
    const gone = await commissionOf(await sale('gone', '10', longAgo(1)));
    await chargeback('gone');
    const { status, body } = await call<Failure>(`POST /v1/commissions/${gone.id}/approve`);
    assert.deepEqual([status, body.error.code], [422, 'not_possible']);
    await assertCleanAudit(api);
  });

  test('a rejected commission stays rejected despite later events, and its trace names the reason', async () => {
    const { call, send, sale, chargeback, commissionOf, balance, release } = await withPaidAffiliate(api);
    const event = await sale('bad', '10');
    const { id } = await commissionOf(event);
    const other = await commissionOf(await sale('worse', '10'));
    const unsaid = await call<Commission>(`POST /v1/commissions/${other.id}/reject`);
    assert.deepEqual([unsaid.status, unsaid.body.decisions[0]!['reason']], [200, 'no reason given']);
    const { status, body } = await call<Commission>(`POST /v1/commissions/${id}/reject`, {
      reason: 'own traffic',
    });
    assert.deepEqual(
      [status, body.state, body.amount, body.formula],
      [200, 'rejected', '0.00', 'nothing, since it was rejected'],
    );
    assert.deepEqual([body.decisions[0]!['decision'], body.decisions[0]!['amount']], ['rejected', '10.00']);
    assert.equal(
      (await call(`POST /v1/commissions/${id}/reject`, { reason: 'again' })).status,
      200,
      'a repeat',
    );
    await chargeback('bad');
    await send('chargeback_won', 'won', { reference: 'bad' });
    assert.equal(await balance(), '0.00 0.00 0.00 0.00 0.00');
    assert.equal(await release(), 0);
    const trace = (
      await call<{ commissions: Commission[]; transfers: { code: string; reason: string | null }[] }>(
        `GET /v1/events/${event}`,
      )
    ).body;
    assert.equal(trace.commissions[0]!.state, 'rejected');
    assert.deepEqual(
      trace.transfers.map(({ code, reason }) => [code, reason]),
      [
        ['accrue', null],
        ['void_pending', 'own traffic'],
      ],
    );
    await assertCleanAudit(api);
  });

  test('the commission of a month can be rejected, and later events earn nothing in it', async () => {
    const { call, send, commissionOf, balance, longAgo } = await withPaidAffiliate(api);
    const { id } = await commissionOf(
      await send('revenue', 'r1', { customer_id: 'c', amount: '100', occurred_at: longAgo(40) }),
    );
    await call(`POST /v1/commissions/${id}/reject`, { reason: 'contract ended' });
    await send('revenue', 'r2', { customer_id: 'c', amount: '100', occurred_at: longAgo(40) });
    assert.equal(await balance(), '0.00 0.00 0.00 0.00 0.00');
    assert.equal(
      (await call<Commission>(`GET /v1/commissions/${id}`)).body.formula,
      'nothing, since it was rejected',
    );
    await assertCleanAudit(api);
  });

  test('rejecting the commission of a month says how many events it covers, and approving it gives the whole month back', async () => {
    const { call, send, commissionOf, balance, applyChanges } = await withPaidAffiliate(api);
    const revenue = (name: string, amount: string) => send('revenue', name, { customer_id: 'c', amount });
    await revenue('good', '1000');
    const { id, events } = await commissionOf(await revenue('bad', '100'));
    assert.equal(events, 2, 'the trace of one event says that its commission is for two');
    const rejected = await call<Commission>(`POST /v1/commissions/${id}/reject`, { reason: 'fraud' });
    assert.deepEqual([rejected.body.events, rejected.body.state], [2, 'rejected']);
    await revenue('good again', '1000');
    assert.equal(await balance(), '0.00 0.00 0.00 0.00 0.00');
    const approved = await call<Commission>(`POST /v1/commissions/${id}/approve`, { reason: 'by mistake' });
    assert.deepEqual(
      [approved.status, approved.body.events, approved.body.decisions.map(({ decision }) => decision)],
      [200, 3, ['rejected', 'reinstated']],
    );
    const again = await call(`POST /v1/commissions/${id}/approve`);
    assert.equal(again.status, 200, 'a repeat before settlement came to it');
    await assertCleanAudit(api);
    await applyChanges();
    assert.equal(await balance(), '525.00 0.00 0.00 0.00 0.00');
    await assertCleanAudit(api);
  });

  test('rejecting one event takes only its part of the month back', async () => {
    const { call, send, balance, applyChanges } = await withPaidAffiliate(api);
    const revenue = (name: string, amount: string) => send('revenue', name, { customer_id: 'c', amount });
    await revenue('good', '1000');
    const bad = await revenue('bad', '100');
    await call(`POST /v1/events/${bad}/reject`, { reason: 'fraud' });
    await applyChanges();
    await revenue('good again', '1000');
    assert.equal(await balance(), '500.00 0.00 0.00 0.00 0.00');
    await assertCleanAudit(api);
  });

  test('a rejected commission is not given back after its debt was written off', async () => {
    const { call, sale, commissionOf, affiliateId, release, payOut, step } = await withPaidAffiliate(api);
    const { id } = await commissionOf(await sale('kept', '10'));
    await release();
    await step((await payOut()).body.id, 'confirm');
    await call(`POST /v1/commissions/${id}/reject`, { reason: 'found out' });
    const writeOff = { currency: 'USD', reason: 'goodwill' };
    assert.equal((await call(`POST /v1/affiliates/${affiliateId}/write-offs`, writeOff)).status, 201);
    const { status, body } = await call<Failure>(`POST /v1/commissions/${id}/approve`);
    assert.deepEqual([status, body.error.code], [422, 'not_possible']);
    await assertCleanAudit(api);
  });

  test('a paid commission that is rejected turns into debt', async () => {
    const { call, sale, commissionOf, balance, release, payOut, step } = await withPaidAffiliate(api);
    const { id } = await commissionOf(await sale('late', '10'));
    await release();
    await step((await payOut()).body.id, 'confirm');
    await call(`POST /v1/commissions/${id}/reject`, { reason: 'found out' });
    assert.equal(await balance(), '0.00 0.00 0.00 10.00 10.00');
    await assertCleanAudit(api);
  });

  test('commissions are listed by affiliate, state, currency and month, page after page', async () => {
    const { call, send, sale, affiliateId, release, longAgo } = await withPaidAffiliate(api);
    const [first, second] = [await sale('1', '1'), await sale('2', '2')];
    assert.equal(await release(), 2);
    await sale('3', '3', longAgo(1));
    await send('revenue', 'r', { customer_id: 'c', amount: '100', occurred_at: longAgo(1) });
    type List = { data: Commission[]; next_cursor: string | null };
    const list = async (query: string): Promise<List> =>
      (await call<List>(`GET /v1/commissions?affiliate_id=${affiliateId}&${query}`)).body;
    const payable = await list('state=payable&currency=usd');
    assert.deepEqual(
      payable.data.map(({ amount }) => amount),
      ['2.00', '1.00'],
    );
    const page = await list('limit=3');
    assert.equal((await list(`limit=3&cursor=${page.next_cursor}`)).data.length, 1);
    assert.equal((await list(`period=${longAgo(1).slice(0, 7)}`)).data.length, 1);
    assert.equal((await call('GET /v1/commissions?state=gone')).status, 400);
    const stranger = await withPaidAffiliate(api);
    assert.equal((await stranger.call(`GET /v1/commissions/${payable.data[0]!.id}`)).status, 404);
    assert.equal((await stranger.call(`POST /v1/commissions/${payable.data[0]!.id}/approve`)).status, 404);
    assert.ok(first < second);
  });

  test('bulk decisions apply to each commission independently', async () => {
    const { call, sale, commissionOf, affiliateId, balance, longAgo, applyChanges } =
      await withPaidAffiliate(api);
    const ids: string[] = [];
    for (const number of [1, 2, 3, 4])
      ids.push((await commissionOf(await sale(`s${number}`, '10', longAgo(1)))).id);
    await call(`POST /v1/commissions/${ids[1]}/reject`, { reason: 'bad' });
    const unknown = newId('slot');
    type Results = { results: { id: string; status: string; events: number }[]; more: boolean };
    const approved = await call<Results>('POST /v1/commissions/approve', { ids: [ids[0], ids[1], unknown] });
    assert.deepEqual(
      approved.body.results.map(({ id, status }) => [id, status]),
      [
        [ids[0], 'approved'],
        [ids[1], 'reinstated'],
        [unknown, 'not_found'],
      ],
    );
    assert.deepEqual(
      approved.body.results.map(({ events }) => events),
      [1, 1, 0],
    );
    await applyChanges();
    const wish = { affiliate_id: affiliateId, before: '2999-01-01T00:00:00Z', reason: 'fraud ring' };
    const rejected = await call<Results>('POST /v1/commissions/reject', wish);
    assert.deepEqual(
      rejected.body.results.map(({ id, status }) => [id, status]),
      ids.map((id) => [id, 'rejected']),
    );
    assert.equal(await balance(), '0.00 0.00 0.00 0.00 0.00');
    for (const body of [{}, { ids, affiliate_id: affiliateId }, { affiliate_id: affiliateId }, { ids: [] }]) {
      assert.equal((await call('POST /v1/commissions/approve', body)).status, 400, JSON.stringify(body));
    }
    await assertCleanAudit(api);
  });
});
