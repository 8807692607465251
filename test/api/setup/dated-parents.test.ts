// Parents by date over HTTP: who is paid a part of what affiliates earn, and what everyone hears
// when a parent changes for a time in the past.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { withApi, type TestApi } from '../../support/api.ts';
import { ago, lastMonth, withSettledBroker } from '../../support/settled-broker.ts';
import { auditOf } from '../../support/settling.ts';

let api: TestApi;
before(async () => {
  api = await withApi();
});
// The audit checks the books after all tests of this file.
after(async () => {
  const { findings } = await auditOf(api.pool);
  await api.close();
  assert.deepEqual(findings, []);
});

/** Each level of parents is paid 10 %, then 5 %, of what the affiliate earns. */
const paying = (component: object) => ({
  components: [component],
  overrides: [{ percent: '10' }, { percent: '5' }],
});
const PERCENT = paying({ kind: 'percent', on: ['sale'], percent: '10' });

describe('a parent by date', () => {
  test('a parent is paid a part of a percentage when it stood above the affiliate at the time of the sale', async () => {
    const broker = await withSettledBroker(api, PERCENT);
    const [a, p, q] = [await broker.affiliate(), await broker.affiliate(), await broker.affiliate()];
    const sale = { event: 'sale', customer_id: 'u', amount: '100.00' };
    const click = await broker.click(a, ago(30));
    const ids: string[] = [];
    for (const days of [20, 10, 2])
      ids.push(
        await broker.send({ ...sale, transaction_id: `${days}`, occurred_at: ago(days), click_id: click }),
      );
    await broker.change(a, { parent_id: p, parent_since: ago(15) });
    assert.deepEqual(await broker.earned(a, p, q), ['30.00', '2.00', '0.00']);
    await broker.change(a, { parent_id: q, parent_since: ago(5) });
    assert.deepEqual(await broker.earned(a, p, q), ['30.00', '1.00', '1.00']);
    await broker.change(a, { parent_id: null, parent_since: ago(12) });
    assert.deepEqual(await broker.earned(a, p, q), ['30.00', '0.00', '1.00']);
    // The former date again: the change ends where the next one begins.
    await broker.change(a, { parent_id: p, parent_since: ago(25) });
    assert.deepEqual(await broker.earned(a, p, q), ['30.00', '1.00', '1.00']);
    assert.deepEqual(await broker.heard(a, ids[1]!), ['created 10.00 10.00'], 'a parent is paid besides');
    assert.deepEqual(await broker.heard(p, ids[2]!), [
      'adjusted parent_changed 1.00 1.00',
      'adjusted parent_changed -1.00 0.00',
    ]);
    assert.deepEqual(await broker.heard(q, ids[2]!), ['adjusted parent_changed 1.00 1.00']);
    assert.deepEqual(await broker.heard(p, ids[0]!), ['adjusted parent_changed 1.00 1.00']);
  });

  test('a parent is paid a part of a bounty when it stood above at the time of the deposit that earns it', async () => {
    const broker = await withSettledBroker(api, paying({ kind: 'cpa', on: ['ftd'], amount: '200.00' }));
    const [a, p, q] = [await broker.affiliate(), await broker.affiliate(), await broker.affiliate()];
    const ftd = { event: 'ftd', amount: '50.00' };
    await broker.send({
      ...ftd,
      customer_id: 'u',
      occurred_at: ago(10),
      click_id: await broker.click(a, ago(12)),
    });
    await broker.send({
      ...ftd,
      customer_id: 'v',
      occurred_at: ago(3),
      click_id: await broker.click(a, ago(4)),
    });
    await broker.change(a, { parent_id: p, parent_since: ago(11) });
    await broker.change(p, { parent_id: q, parent_since: ago(5) });
    assert.deepEqual(await broker.earned(a, p, q), ['400.00', '40.00', '10.00']);
    await broker.change(a, { parent_id: q, parent_since: ago(5) });
    assert.deepEqual(await broker.earned(a, p, q), ['400.00', '20.00', '20.00']);
  });

  test('a parent is paid a part of a month from its date on, also when it is given a date in the past', async () => {
    const broker = await withSettledBroker(api, paying({ kind: 'revshare', on: ['revenue'], percent: '25' }));
    const [a, p, q] = [await broker.affiliate(), await broker.affiliate(), await broker.affiliate()];
    const revenue = { event: 'revenue', customer_id: 'u' };
    const click = await broker.click(a, lastMonth('02T12:00'));
    const send = (day: string, amount: string) =>
      broker.send({ ...revenue, transaction_id: day, amount, occurred_at: lastMonth(day), click_id: click });
    await send('05T12:00', '1000.00');
    await send('20T12:00', '2000.00');
    assert.deepEqual(await broker.earned(a, p, q), ['750.00', '0.00', '0.00']);
    await broker.change(a, { parent_id: p, parent_since: lastMonth('10T00:00') });
    assert.deepEqual(await broker.earned(a, p, q), ['750.00', '50.00', '0.00']);
    await broker.change(a, { parent_id: q, parent_since: lastMonth('15T00:00') });
    assert.deepEqual(await broker.earned(a, p, q), ['750.00', '0.00', '50.00']);
    await send('12T12:00', '400.00');
    assert.deepEqual(await broker.earned(a, p, q), ['850.00', '10.00', '50.00']);
    // Two levels: 5 % of what is above p.
    await broker.change(p, { parent_id: q, parent_since: lastMonth('11T00:00') });
    assert.deepEqual(await broker.earned(a, p, q), ['850.00', '10.00', '55.00']);
  });

  test('a parent is paid nothing before a date in the future', async () => {
    const broker = await withSettledBroker(api, PERCENT);
    const [a, p] = [await broker.affiliate(), await broker.affiliate()];
    await broker.change(a, { parent_id: p, parent_since: ago(-0.5) });
    const sale = {
      event: 'sale',
      customer_id: 'u',
      amount: '100.00',
      click_id: await broker.click(a, ago(1)),
    };
    await broker.send({ ...sale, transaction_id: '1' });
    assert.deepEqual(await broker.earned(a, p), ['10.00', '0.00']);
    // The clock of the operator may be up to a day ahead.
    await broker.send({ ...sale, transaction_id: '2', occurred_at: ago(-0.75) });
    assert.deepEqual(await broker.earned(a, p), ['20.00', '1.00']);
  });

  test('a parent loses its part of a refunded sale with the affiliate, whoever is the parent by then', async () => {
    const broker = await withSettledBroker(api, PERCENT);
    const [a, p, q] = [await broker.affiliate(), await broker.affiliate(), await broker.affiliate()];
    await broker.change(a, { parent_id: p, parent_since: ago(40) });
    const sale = {
      event: 'sale',
      customer_id: 'u',
      transaction_id: 's',
      amount: '100.00',
      occurred_at: ago(10),
    };
    const id = await broker.send({ ...sale, click_id: await broker.click(a, ago(12)) });
    await broker.change(a, { parent_id: q });
    await broker.send({ event: 'refund', reference: 's', transaction_id: 'r', amount: '50.00' });
    assert.deepEqual(await broker.earned(a, p, q), ['5.00', '0.50', '0.00']);
    await broker.change(a, { parent_id: q, parent_since: ago(11) });
    assert.deepEqual(await broker.earned(a, p, q), ['5.00', '0.00', '0.50']);
    assert.deepEqual(await broker.heard(p, id), [
      'created 1.00 1.00',
      'reversed refund -0.50 0.50',
      'adjusted parent_changed -0.50 0.00',
    ]);
  });
});

test('a customer moved to the parent of its affiliate earns the parent all of it in place of a part', async () => {
  const broker = await withSettledBroker(api, PERCENT);
  const [a, p] = [await broker.affiliate(), await broker.affiliate()];
  await broker.change(a, { parent_id: p, parent_since: ago(40) });
  const sale = {
    event: 'sale',
    customer_id: 'u',
    transaction_id: 's',
    amount: '100.00',
    occurred_at: ago(10),
  };
  const id = await broker.send({ ...sale, click_id: await broker.click(a, ago(12)) });
  assert.deepEqual(await broker.earned(a, p), ['10.00', '1.00']);
  await broker.reassign('u', p, ago(11));
  assert.deepEqual(await broker.earned(a, p), ['0.00', '10.00']);
  const last = (await broker.heard(p, id)).at(-1)!;
  assert.match(last, / 10\.00$/, 'what the parent was told of the sale in all');
  await broker.reassign('u', a, ago(11));
  assert.deepEqual(await broker.earned(a, p), ['10.00', '1.00']);
  assert.match((await broker.heard(p, id)).at(-1)!, / 1\.00$/);
});
