// Customers moved to another affiliate over HTTP: what both affiliates earn and hear of it.
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

const TEN_PERCENT = { components: [{ kind: 'percent', on: ['sale'], percent: '10' }] };
const sale = (transactionId: string, amount: string, at: string, more: object = {}) => ({
  event: 'sale',
  customer_id: 'u',
  transaction_id: transactionId,
  amount,
  occurred_at: at,
  ...more,
});

describe('a customer moved from a past date on', () => {
  test('what a moved customer did since belongs to the new affiliate, and both hear the difference', async () => {
    const broker = await withSettledBroker(api, TEN_PERCENT);
    const [a, b] = [await broker.affiliate(), await broker.affiliate()];
    const click = await broker.click(a, ago(12));
    const earlier = await broker.send(sale('s1', '100.00', ago(10), { click_id: click }));
    const later = await broker.send(sale('s2', '200.00', ago(2)));
    assert.deepEqual(await broker.earned(a, b), ['30.00', '0.00']);

    await broker.reassign('u', b, ago(5));
    assert.deepEqual(await broker.earned(a, b), ['10.00', '20.00']);
    assert.deepEqual(await broker.heard(a, earlier), ['created 10.00 10.00']);
    assert.deepEqual(await broker.heard(a, later), [
      'created 20.00 20.00',
      'adjusted reassigned -20.00 0.00',
    ]);
    assert.deepEqual(await broker.heard(b, later), ['created 20.00 20.00']);
    assert.deepEqual(await broker.heard(b, earlier), []);

    // A click of the former affiliate does not take the customer back.
    await broker.send(sale('s3', '50.00', ago(1), { click_id: await broker.click(a, ago(1.5)) }));
    assert.deepEqual(await broker.earned(a, b), ['10.00', '25.00']);
  });

  test('postbacks about a moved conversion follow those that have not arrived yet, to every endpoint', async () => {
    const broker = await withSettledBroker(api, TEN_PERCENT);
    const [a, b] = [await broker.affiliate(), await broker.affiliate()];
    const click = await broker.click(a, ago(12));
    const conversion = await broker.send(sale('s1', '100.00', ago(2), { click_id: click }));
    await broker.send({ event: 'refund', reference: 's1', transaction_id: 'r', amount: '40.00' });
    await broker.reassign('u', b, ago(5));
    const { rows } = await api.pool.query<{ endpoint: string; id: string; follows: string | null }>(
      `select endpoint_id as endpoint, id, predecessor_id as follows from deliveries
       where original_event_id = $1 order by endpoint_id, id`,
      [conversion],
    );
    const to = (endpoint: string) => rows.filter((row) => row.endpoint === endpoint);
    const lengths = [...new Set(rows.map(({ endpoint }) => endpoint))].map((endpoint) => to(endpoint).length);
    assert.deepEqual(
      lengths.toSorted((one, other) => one - other),
      [1, 3],
    );
    for (const { endpoint, id, follows } of rows)
      assert.equal(follows, to(endpoint).findLast((one) => one.id < id)?.id ?? null);
  });

  test('a refund after the move is the former affiliate’s where its conversion is', async () => {
    const broker = await withSettledBroker(api, TEN_PERCENT);
    const [a, b] = [await broker.affiliate(), await broker.affiliate()];
    const click = await broker.click(a, ago(12));
    const earlier = await broker.send(sale('s1', '100.00', ago(10), { click_id: click }));
    const later = await broker.send(sale('s2', '200.00', ago(2)));
    await broker.reassign('u', b, ago(5));
    const refund = (reference: string, amount: string) =>
      broker.send({ event: 'refund', reference, transaction_id: `r-${reference}`, amount });
    await refund('s1', '40.00');
    assert.deepEqual(await broker.earned(a, b), ['6.00', '20.00']);
    await refund('s2', '50.00');
    assert.deepEqual(await broker.earned(a, b), ['6.00', '15.00']);
    assert.deepEqual((await broker.heard(a, earlier)).slice(1), ['reversed refund -4.00 6.00']);
    assert.deepEqual((await broker.heard(b, later)).slice(1), ['reversed refund -5.00 15.00']);
    assert.equal((await broker.heard(a, later)).length, 2, 'the refund is not the former affiliate’s');
  });

  test('a refund before the move goes with its conversion', async () => {
    const broker = await withSettledBroker(api, TEN_PERCENT);
    const [a, b] = [await broker.affiliate(), await broker.affiliate()];
    const click = await broker.click(a, ago(12));
    const later = await broker.send(sale('s2', '200.00', ago(2), { click_id: click }));
    await broker.send({ event: 'refund', reference: 's2', transaction_id: 'r', amount: '50.00' });
    assert.deepEqual(await broker.earned(a, b), ['15.00', '0.00']);
    await broker.reassign('u', b, ago(5));
    assert.deepEqual(await broker.earned(a, b), ['0.00', '15.00']);
    assert.deepEqual((await broker.heard(a, later)).at(-1), 'adjusted reassigned -15.00 0.00');
    assert.deepEqual(await broker.heard(b, later), ['created 15.00 15.00']);
  });

  test('a customer moved back is the first affiliate’s again, who hears an adjustment and no new conversion', async () => {
    const broker = await withSettledBroker(api, TEN_PERCENT);
    const [a, b] = [await broker.affiliate(), await broker.affiliate()];
    const click = await broker.click(a, ago(12));
    const one = await broker.send(sale('s1', '200.00', ago(4), { click_id: click }));
    const two = await broker.send(sale('s2', '50.00', ago(1)));
    const from = ago(5);
    await broker.reassign('u', b, from);
    assert.deepEqual(await broker.earned(a, b), ['0.00', '25.00']);
    await broker.reassign('u', a, ago(2));
    assert.deepEqual(await broker.earned(a, b), ['5.00', '20.00']);
    await broker.reassign('u', a, from);
    assert.deepEqual(await broker.earned(a, b), ['25.00', '0.00']);
    for (const [conversion, sum] of [
      [one, '20.00'],
      [two, '5.00'],
    ] as const) {
      assert.deepEqual(await broker.heard(a, conversion), [
        `created ${sum} ${sum}`,
        `adjusted reassigned -${sum} 0.00`,
        `adjusted reassigned ${sum} ${sum}`,
      ]);
      assert.deepEqual(await broker.heard(b, conversion), [
        `created ${sum} ${sum}`,
        `adjusted reassigned -${sum} 0.00`,
      ]);
    }
  });

  test('a month of a moved customer is divided at the date, and each part stops at zero', async () => {
    const share = { kind: 'revshare', on: ['revenue'], percent: '25' };
    const broker = await withSettledBroker(api, { components: [share] });
    const [a, b] = [await broker.affiliate(), await broker.affiliate()];
    const revenue = (transactionId: string, amount: string, at: string, more: object = {}) =>
      broker.send({ ...sale(transactionId, amount, at, more), event: 'revenue' });
    const click = await broker.click(a, lastMonth('02T12:00'));
    await revenue('r1', '1000.00', lastMonth('05T12:00'), { click_id: click });
    await revenue('r2', '-400.00', lastMonth('20T12:00'));
    assert.deepEqual(await broker.earned(a, b), ['150.00', '0.00']);
    await broker.reassign('u', b, lastMonth('10T00:00'));
    assert.deepEqual(await broker.earned(a, b), ['250.00', '0.00']);
    await revenue('r3', '600.00', lastMonth('25T12:00'));
    assert.deepEqual(await broker.earned(a, b), ['250.00', '50.00']);
    await broker.reassign('u', a, lastMonth('10T00:00'));
    assert.deepEqual(await broker.earned(a, b), ['300.00', '0.00']);
  });

  test('a bounty goes to whoever has the customer when it qualifies', async () => {
    const bounty = { kind: 'cpa', on: ['ftd'], amount: '200.00' };
    const broker = await withSettledBroker(api, { components: [bounty] });
    const [a, b] = [await broker.affiliate(), await broker.affiliate()];
    const ftd = (transactionId: string, at: string, more: object = {}) =>
      broker.send({ ...sale(transactionId, '100.00', at, more), event: 'ftd' });
    const first = await ftd('f1', ago(10), { click_id: await broker.click(a, ago(12)) });
    await broker.reassign('u', b, ago(5));
    assert.deepEqual(await broker.earned(a, b), ['200.00', '0.00']);
    await broker.reassign('u', b, ago(11));
    assert.deepEqual(await broker.earned(a, b), ['0.00', '200.00']);
    assert.deepEqual(await broker.heard(b, first), ['created 200.00 200.00']);
  });
});

test('a move from a future date on leaves alone what happens before it', async () => {
  const broker = await withSettledBroker(api, TEN_PERCENT);
  const [a, b] = [await broker.affiliate(), await broker.affiliate()];
  const click = await broker.click(a, ago(12));
  await broker.send(sale('s1', '100.00', ago(10), { click_id: click }));
  await broker.reassign('u', b, ago(-0.5));
  await broker.reassign('u', a, ago(-400));
  await broker.send(sale('s2', '200.00', ago(0)));
  assert.deepEqual(await broker.earned(a, b), ['30.00', '0.00']);
  // The clock of the operator may be up to a day ahead.
  await broker.send(sale('s3', '50.00', ago(-0.75)));
  assert.deepEqual(await broker.earned(a, b), ['30.00', '5.00']);
});

test('a move finds the orphans of a customer whom nobody brought', async () => {
  const broker = await withSettledBroker(api, TEN_PERCENT);
  const b = await broker.affiliate();
  const earlier = await broker.send(sale('s1', '100.00', ago(10)));
  const later = await broker.send(sale('s2', '200.00', ago(2)));
  await broker.reassign('u', b, ago(5));
  assert.deepEqual(await broker.earned(b), ['20.00']);
  assert.deepEqual(await broker.heard(b, later), ['created 20.00 20.00']);
  assert.equal(await broker.outcome(earlier), 'orphaned no_evidence');
});
