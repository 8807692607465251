// Voids over HTTP of the events that bound customers: what becomes of the customers' other events.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { withApi, type TestApi } from '../../support/api.ts';
import { ago, withSettledBroker, type SettledBroker } from '../../support/settled-broker.ts';
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
const sale = (transactionId: string, at: string, more: object = {}) => ({
  event: 'sale',
  customer_id: 'u',
  transaction_id: transactionId,
  amount: '100.00',
  occurred_at: at,
  ...more,
});
/** Binds the customer `u` to an affiliate by a click of so many days ago. */
const bind = async (broker: SettledBroker, affiliateId: string, days: number) =>
  broker.send({
    event: 'registration',
    customer_id: 'u',
    click_id: await broker.click(affiliateId, ago(days)),
    occurred_at: ago(days),
  });

describe('events of a customer whose binding is voided', () => {
  test('unbound events are found again when a coupon, a click, an assignment or a move arrives', async () => {
    const arrivals: [string, (broker: SettledBroker, id: string, eventId: string) => Promise<unknown>][] = [
      ['coupon', (broker, id) => broker.made('POST /v1/coupons', { code: 'LATE', affiliate_id: id })],
      [
        'click',
        (broker, id) =>
          broker.made('POST /v1/clicks', { affiliate_id: id, click_id: 'theirs', clicked_at: ago(9) }),
      ],
      [
        'assignment',
        (broker, id, eventId) => broker.made(`POST /v1/orphans/${eventId}/assign`, { affiliate_id: id }),
      ],
      ['move', (broker, id) => broker.reassign('u', id, ago(9))],
    ];
    for (const [name, arrive] of arrivals) {
      const broker = await withSettledBroker(api, TEN_PERCENT);
      const [a, b] = [await broker.affiliate(), await broker.affiliate()];
      const registration = await bind(broker, a, 12);
      const evidence =
        name === 'click' ? { click_id: 'theirs' } : name === 'coupon' ? { coupon: 'late' } : {};
      const id = await broker.send(sale('s', ago(8), evidence));
      assert.deepEqual(await broker.earned(a), ['10.00'], name);
      await broker.decide(registration, 'void');
      const reason = { click: 'unknown_click', coupon: 'unknown_coupon' }[name] ?? 'no_evidence';
      assert.deepEqual(await broker.orphans(), { [reason]: 1 }, name);
      assert.deepEqual(await broker.earned(a), ['0.00'], name);
      await arrive(broker, b, id);
      await broker.rematch();
      assert.equal(await broker.outcome(id), 'settled', name);
      assert.deepEqual(await broker.earned(a, b), ['0.00', '10.00'], name);
      assert.deepEqual(
        await broker.heard(a, id),
        ['created 10.00 10.00', 'reversed unbound -10.00 0.00'],
        name,
      );
      assert.deepEqual(await broker.heard(b, id), ['created 10.00 10.00'], name);
    }
  });

  test('unbound events are told as reinstated to an affiliate who heard of them, and never as new ones', async () => {
    const broker = await withSettledBroker(api, TEN_PERCENT);
    const a = await broker.affiliate();
    const registration = await bind(broker, a, 12);
    const id = await broker.send(sale('s', ago(8)));
    await broker.decide(registration, 'void');
    assert.equal(await broker.outcome(id), 'orphaned no_evidence');
    await broker.decide(registration, 'unvoid');
    await broker.rematch();
    assert.equal(await broker.outcome(id), 'settled');
    assert.deepEqual(await broker.earned(a), ['10.00']);
    assert.deepEqual(await broker.heard(a, id), [
      'created 10.00 10.00',
      'reversed unbound -10.00 0.00',
      'reinstated unbound 10.00 10.00',
    ]);
  });

  test('unbound events are told as adjusted to the first affiliate after they were another one’s', async () => {
    const broker = await withSettledBroker(api, TEN_PERCENT);
    const [a, b] = [await broker.affiliate(), await broker.affiliate()];
    const registration = await bind(broker, a, 12);
    const id = await broker.send(sale('s', ago(8), { click_id: await broker.click(b, ago(9)) }));
    await broker.decide(registration, 'void');
    assert.deepEqual(await broker.earned(a, b), ['0.00', '10.00'], 'the sale’s own click decides');
    await broker.reassign('u', a, ago(10));
    assert.deepEqual(await broker.earned(a, b), ['10.00', '0.00']);
    assert.deepEqual(await broker.heard(a, id), [
      'created 10.00 10.00',
      'reversed unbound -10.00 0.00',
      'adjusted reassigned 10.00 10.00',
    ]);
    assert.deepEqual(await broker.heard(b, id), ['created 10.00 10.00', 'adjusted reassigned -10.00 0.00']);
  });

  test('events stay with an affiliate whom a person moved the customer to', async () => {
    const broker = await withSettledBroker(api, TEN_PERCENT);
    const [a, b] = [await broker.affiliate(), await broker.affiliate()];
    const registration = await bind(broker, a, 12);
    const id = await broker.send(sale('s', ago(8)));
    await broker.reassign('u', b, ago(9));
    await broker.decide(registration, 'void');
    assert.deepEqual(await broker.earned(a, b), ['0.00', '10.00']);
    assert.deepEqual(await broker.heard(b, id), ['created 10.00 10.00'], 'nothing changed for the affiliate');
  });

  test('unbound events have the reason that they would have without the voided event', async () => {
    const broker = await withSettledBroker(api, TEN_PERCENT);
    const a = await broker.affiliate();
    const early = await broker.send(sale('s', ago(20)));
    const registration = await bind(broker, a, 12);
    await broker.rematch();
    assert.equal(await broker.outcome(early), 'orphaned before_click');
    await broker.decide(registration, 'void');
    assert.equal(await broker.outcome(early), 'orphaned no_evidence');
    await broker.decide(registration, 'unvoid');
    await broker.rematch();
    assert.equal(await broker.outcome(early), 'orphaned before_click');
  });

  test('unbound events are freed from a binding to an affiliate who was closed', async () => {
    const broker = await withSettledBroker(api, TEN_PERCENT);
    const [a, b] = [await broker.affiliate(), await broker.affiliate()];
    const registration = await bind(broker, a, 12);
    await broker.change(a, { state: 'closed' });
    const click = await broker.click(b, ago(1));
    const id = await broker.send(sale('s', ago(-0.01), { click_id: click }));
    assert.equal(await broker.outcome(id), 'orphaned affiliate_closed');
    await broker.decide(registration, 'void');
    assert.deepEqual(await broker.earned(a, b), ['0.00', '10.00']);
  });
});

test('orphans that wait to be judged anew are listed by their reason, and found without any evidence', async () => {
  const broker = await withSettledBroker(api, TEN_PERCENT);
  const a = await broker.affiliate();
  await bind(broker, a, 12);
  const ids = [await broker.send(sale('s1', ago(8))), await broker.send(sale('s2', ago(7)))];
  await broker.decide(ids[0]!, 'void');
  // The step after the one that put them back was lost with its process.
  await api.pool.query(`update amendments set in_force = false where operator_id = $1 and event_id = $2`, [
    broker.operatorId,
    ids[0],
  ]);
  await api.pool.query(
    `update event_outcomes set status = 'orphaned', reason = 'unvoided' where operator_id = $1 and event_id = $2`,
    [broker.operatorId, ids[0]],
  );
  assert.deepEqual(await broker.orphans(), { unvoided: 1 });
  for (const [reason, found] of [
    ['unvoided', [ids[0]]],
    ['unbound', []],
  ] as const) {
    const { body } = await broker.call<{ data: { id: string; attribution: unknown }[] }>(
      `GET /v1/orphans?reason=${reason}`,
    );
    assert.deepEqual(
      body.data.map(({ id, attribution }) => [id, attribution]),
      found.map((id) => [id, null]),
    );
  }
  assert.equal(await broker.rematch(), 1);
  assert.equal(await broker.outcome(ids[0]!), 'settled');
  assert.deepEqual(await broker.earned(a), ['20.00']);
});
