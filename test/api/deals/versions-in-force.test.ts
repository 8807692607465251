// Which version rates conversions after a deal has ended, or a version for new customers came: over
// HTTP, with sums by hand. Previews say the same before.
import { after, before, beforeEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createAmend } from '../../../activities/settlement/amend.ts';
import { createRerate } from '../../../activities/settlement/rerate.ts';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { newId } from '../../../store/db/ids.ts';
import { withApi, type TestApi } from '../../support/api.ts';
import { applyChanges, auditOf } from '../../support/settling.ts';

type Body = Record<string, never> & { id: string; [name: string]: unknown };

let api: TestApi;
let key: string;
let operatorId: string;
before(async () => {
  api = await withApi();
});
// The audit checks the books after all tests of this file.
after(async () => {
  const { findings } = await auditOf(api.pool);
  await api.close();
  assert.deepEqual(findings, []);
});
beforeEach(async () => {
  ({ key, id: operatorId } = await api.newOperator());
});

async function call(request: string, body?: object): Promise<Body> {
  const answer = await api.call<Body>(request, { key, ...(body && { body }) });
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  return answer.body;
}

const handOver = () => Promise.resolve({ workflows: 0 });
const at = (day: number, hour = 0): string => new Date(Date.UTC(2026, 9, day, hour)).toISOString();
const percent = (of: string, more: object = {}) => ({
  components: [{ kind: 'percent', on: 'sale', percent: of }],
  ...more,
});
const revshare = (of: string) => ({ components: [{ kind: 'revshare', percent: of, negative: 'reset' }] });

/** Sends events and settles them; returns their ids. */
async function settled(...events: object[]): Promise<string[]> {
  const eventIds: string[] = [];
  for (const event of events)
    eventIds.push((await call('POST /v1/events', { currency: 'USD', ...event })).id);
  const operators = [{ operatorId, eventIds }];
  await createSettle({ pool: api.pool }).settle({ batchId: newId('bat'), owner: 'endpoint', operators });
  return eventIds;
}

const applied = (): Promise<void> => applyChanges(api.pool, operatorId);

/** An affiliate with a click, and with a deal of its own where terms are given. */
async function partner(terms?: object) {
  const { id } = await call('POST /v1/affiliates', { name: 'Partner' });
  const own = terms && (await call('POST /v1/deals', { name: 'own', affiliate_id: id, terms }));
  return { id, dealId: own?.id ?? '', click: await clickOf(id, 1) };
}
type Partner = Awaited<ReturnType<typeof partner>>;

const clickOf = async (affiliateId: string, day: number): Promise<string> =>
  String((await call('POST /v1/clicks', { affiliate_id: affiliateId, clicked_at: at(day) }))['click_id']);

const defaultDeal = (terms: object): Promise<Body> => call('POST /v1/deals', { name: 'default', terms });
const end = (dealId: string, day: number): Promise<Body> =>
  call(`POST /v1/deals/${dealId}/end`, { at: at(day) });

const sale = (click: string, day: number, more: object = {}) => ({
  event: 'sale',
  transaction_id: `sale of ${day}`,
  customer_id: `c${day}`,
  click_id: click,
  amount: '100.05',
  occurred_at: at(day),
  ...more,
});
const refund = (reference: string, amount: string) => ({
  event: 'refund',
  transaction_id: `refund of ${reference}`,
  reference,
  amount,
});

async function balanceOf({ id }: Partner): Promise<string> {
  const { balances } = (await call(`GET /v1/affiliates/${id}/balance`)) as unknown as {
    balances: { pending: string; currency: string }[];
  };
  return balances.map(({ pending, currency }) => `${pending} ${currency}`).join(', ');
}

/** Postbacks need an endpoint; the amounts told so far are those of the outcomes. */
async function toldOf(eventIds: readonly string[]): Promise<(bigint | null)[]> {
  const { rows } = await api.pool.query<{ id: string; minor: bigint | null }>(
    `select event_id as id, payout_minor as minor from event_outcomes where event_id = any($1)`,
    [eventIds],
  );
  return eventIds.map((id) => rows.find((row) => row.id === id)!.minor);
}

describe('a deal that ends in the past', () => {
  test('keeps events before its end to the cent, and the default deal rates those from then on', async () => {
    await defaultDeal(percent('10'));
    const own = await partner(percent('20'));
    const ids = await settled(sale(own.click, 5), sale(own.click, 10), sale(own.click, 20));
    assert.equal(await balanceOf(own), '60.03 USD');
    await end(own.dealId, 10);
    await applied();
    // 20 % of 100.05, and twice 10 % of it, half to the even cent.
    assert.deepEqual(await toldOf(ids), [20_01n, 10_00n, 10_00n]);
    assert.equal(await balanceOf(own), '40.01 USD');
    // Events that come in later go by their own time.
    await settled(sale(own.click, 9), sale(own.click, 11));
    assert.equal(await balanceOf(own), '70.02 USD');
  });

  test('still takes refunds of its own conversions back by its own terms', async () => {
    await defaultDeal(percent('10', { clawback: { refund: 'none' } }));
    const own = await partner(percent('20'));
    await settled(sale(own.click, 5, { amount: '100.00' }), sale(own.click, 20, { amount: '100.00' }));
    await settled(refund('sale of 20', '30.00'));
    assert.equal(await balanceOf(own), '34.00 USD');
    await end(own.dealId, 10);
    await applied();
    // The later sale is rated by the default deal, which forgives the refund it had already.
    assert.equal(await balanceOf(own), '30.00 USD');
    await settled(refund('sale of 5', '50.00'));
    assert.equal(await balanceOf(own), '20.00 USD');
  });

  test('leaves events from its end on without commission where there is no default deal', async () => {
    const own = await partner(percent('20'));
    const ids = await settled(sale(own.click, 5), sale(own.click, 20));
    await end(own.dealId, 10);
    await applied();
    assert.deepEqual(await toldOf(ids), [20_01n, 0n]);
    assert.equal(await balanceOf(own), '20.01 USD');
    await settled(refund('sale of 20', '100.05'));
    assert.equal(await balanceOf(own), '20.01 USD');
  });

  test('divides the month at its end between its revenue share and that of the default deal', async () => {
    await defaultDeal(revshare('25'));
    const own = await partner(revshare('40'));
    const revenue = (day: number, amount: string) => sale(own.click, day, { event: 'revenue', amount });
    await settled(revenue(5, '1000.00'), revenue(20, '1000.00'), revenue(21, '-500.00'));
    assert.equal(await balanceOf(own), '600.00 USD');
    await end(own.dealId, 10);
    await applied();
    // 40 % of 1,000.00, and 25 % of 500.00.
    assert.equal(await balanceOf(own), '525.00 USD');
  });

  test('is applied although the same conversions are to be rated again for another reason', async () => {
    await defaultDeal(percent('10'));
    const own = await partner(percent('20', { overrides: [{ percent: '50' }] }));
    const parent = await partner();
    const ids = await settled(sale(own.click, 5), sale(own.click, 20));
    await call(`PATCH /v1/affiliates/${own.id}`, { parent_id: parent.id, parent_since: at(1) });
    await end(own.dealId, 10);
    await applied();
    assert.deepEqual(await toldOf(ids), [20_01n, 10_00n]);
    // Half of 20.01, half to the even cent.
    assert.equal(await balanceOf(parent), '10.00 USD');
  });

  test('keeps conversions where the default deal pays in another currency, and nothing waits', async () => {
    await defaultDeal(percent('10', { currency: 'EUR' }));
    const own = await partner(percent('20'));
    await settled(sale(own.click, 5), sale(own.click, 20));
    await end(own.dealId, 10);
    const { pool } = api;
    const { applyAmendments } = createAmend({ pool, ...createSettle({ pool }), handOver });
    const chunk = await applyAmendments({ operatorId });
    assert.deepEqual([chunk.applied, chunk.waiting, chunk.kept], [0, {}, { other_currency: 1 }]);
    assert.ok((await applyAmendments({ operatorId })).isEnd);
    assert.equal(await balanceOf(own), '40.02 USD');
    const { rowCount } = await pool.query(`select from change_requests where operator_id = $1`, [operatorId]);
    assert.equal(rowCount, 0);
    // A later amendment goes by the deal that it stayed with.
    const { rows } = await pool.query<{ id: string }>(
      `select id from events where operator_id = $1 and transaction_id = 'sale of 20'`,
      [operatorId],
    );
    await call(`POST /v1/events/${rows[0]!.id}/amend`, { amount: '50.00', currency: 'USD' });
    await applied();
    assert.equal(await balanceOf(own), '30.01 USD');
  });

  test('waits with a conversion that lacks the payout of the default deal until it is amended', async () => {
    await defaultDeal(percent('10', { payout: 'require' }));
    const own = await partner(percent('20'));
    const [id] = await settled(sale(own.click, 20));
    await end(own.dealId, 10);
    const { pool } = api;
    const { applyAmendments } = createAmend({ pool, ...createSettle({ pool }), handOver });
    assert.deepEqual((await applyAmendments({ operatorId })).waiting, { payout_required: 1 });
    assert.equal(await balanceOf(own), '20.01 USD');
    await call(`POST /v1/events/${id}/amend`, { payout: '7.00', currency: 'USD' });
    await applied();
    assert.equal(await balanceOf(own), '7.00 USD');
  });

  test('asks for another try of events that were set aside by its terms', async () => {
    await defaultDeal(percent('10'));
    const own = await partner(percent('20', { payout: 'require' }));
    await settled(sale(own.click, 20));
    await end(own.dealId, 10);
    assert.ok(api.workflowCalls.includes('retry payout_required'), api.workflowCalls.join());
  });
});

test('a deal that ends now keeps what happened, and the default deal rates what happens next', async () => {
  await defaultDeal(percent('10'));
  const own = await partner(percent('20'));
  const ids = await settled(sale(own.click, 5), sale(own.click, 20));
  await call(`POST /v1/deals/${own.dealId}/end`, {});
  await applied();
  assert.deepEqual(await toldOf(ids), [20_01n, 20_01n]);
  const occurredAt = new Date(Date.now() + 1000).toISOString();
  await settled({ ...sale(own.click, 31), occurred_at: occurredAt, click_id: undefined, customer_id: 'c5' });
  assert.equal(await balanceOf(own), '50.02 USD');
});

type Preview = { events: number; would_pay: string; paid: string; difference: string };
const WINDOW = { from: at(10), to: at(31) };

async function previewed(dealId: string, body: object): Promise<Preview> {
  const answer = await call(`POST /v1/deals/${dealId}/preview`, { ...WINDOW, ...body });
  const { events, would_pay: wouldPay, paid, difference } = answer as unknown as Preview;
  return { events, would_pay: wouldPay, paid, difference };
}

/** Adds a version from the beginning of the window and rates by it what is settled. */
async function versionAdded(dealId: string, body: object, effectiveFrom = WINDOW.from): Promise<void> {
  const added = await call(`POST /v1/deals/${dealId}/versions`, { effective_from: effectiveFrom, ...body });
  const { rerateChunk } = createRerate({ pool: api.pool, atOnce: 3, handOver });
  const version = Number(added['version']);
  while (!(await rerateChunk({ operatorId, dealId, version })).isFinished);
}

describe('a version for new customers', () => {
  const COHORT = { terms: percent('30'), applies_to: 'new_customers' };

  /** Sales of two customers after the window began: one came before it, one in it. */
  async function twoCustomers({ id, click }: Partner) {
    const later = await clickOf(id, 12);
    return [sale(click, 15, { amount: '100.00' }), sale(later, 16, { amount: '200.00' })];
  }

  test('rates new customers, and older ones keep the version before', async () => {
    const own = await partner(percent('10'));
    await versionAdded(own.dealId, COHORT);
    const ids = await settled(...(await twoCustomers(own)));
    assert.deepEqual(await toldOf(ids), [10_00n, 60_00n]);
  });

  test('rates settled conversions alike when it is dated back, as its preview said', async () => {
    const own = await partner(percent('10'));
    const ids = await settled(...(await twoCustomers(own)));
    assert.equal(await balanceOf(own), '30.00 USD');
    assert.deepEqual(await previewed(own.dealId, COHORT), {
      events: 1,
      would_pay: '60.00',
      paid: '20.00',
      difference: '40.00',
    });
    await versionAdded(own.dealId, COHORT);
    assert.deepEqual(await toldOf(ids), [10_00n, 60_00n]);
    assert.equal(await balanceOf(own), '70.00 USD');
  });

  test('of a default deal rates only customers of affiliates whose own deal does not', async () => {
    const { id: dealId } = await defaultDeal(percent('10'));
    const [own, plain] = [await partner(percent('20')), await partner()];
    const [first, second] = await twoCustomers(own);
    await settled(first!, { ...second, customer_id: 'c17', transaction_id: 'sale of 17' });
    await settled(sale(plain.click, 18, { amount: '10.00' }), sale(await clickOf(plain.id, 12), 19));
    assert.deepEqual(
      [await balanceOf(own), await balanceOf(plain)],
      ['60.00 USD', '11.00 USD'],
      'the sale of 100.05 earns 10.00',
    );
    // 30 % of 100.05, half to the even cent.
    const { events, would_pay: wouldPay, difference } = await previewed(dealId, COHORT);
    assert.deepEqual([events, wouldPay, difference], [1, '30.02', '20.02']);
    await versionAdded(dealId, COHORT);
    assert.deepEqual([await balanceOf(own), await balanceOf(plain)], ['60.00 USD', '31.02 USD']);
  });

  test('does not rate customers whose first event names an older click, though an event of a later one came first', async () => {
    const own = await partner(percent('10'));
    const later = await clickOf(own.id, 12);
    const [second] = await settled(sale(later, 13, { customer_id: 'one', amount: '100.00' }));
    const [first] = await settled(sale(own.click, 11, { customer_id: 'one', amount: '100.00' }));
    await versionAdded(own.dealId, COHORT, at(5));
    assert.deepEqual(await toldOf([first!, second!]), [10_00n, 10_00n]);
  });
});

describe('a preview', () => {
  const TERMS = { terms: percent('50') };

  test('of an ended deal leaves out events from its end on, as its version does', async () => {
    await defaultDeal(percent('10'));
    const own = await partner(percent('20'));
    await settled(sale(own.click, 12), sale(own.click, 20));
    await end(own.dealId, 15);
    await applied();
    assert.equal(await balanceOf(own), '30.01 USD');
    // 50 % of 100.05, half to the even cent.
    assert.deepEqual(await previewed(own.dealId, TERMS), {
      events: 1,
      would_pay: '50.02',
      paid: '20.01',
      difference: '30.01',
    });
    await versionAdded(own.dealId, TERMS);
    assert.equal(await balanceOf(own), '60.02 USD');
  });

  test('of the default deal takes the events that an ended deal left to it', async () => {
    const { id: dealId } = await defaultDeal(percent('10'));
    const own = await partner(percent('20'));
    await settled(sale(own.click, 12), sale(own.click, 20));
    await end(own.dealId, 15);
    await applied();
    assert.deepEqual(await previewed(dealId, TERMS), {
      events: 1,
      would_pay: '50.02',
      paid: '10.00',
      difference: '40.02',
    });
    await versionAdded(dealId, TERMS);
    assert.equal(await balanceOf(own), '70.03 USD');
  });

  test('takes a deal that begins for new customers only as one for new customers', async () => {
    const { id: dealId } = await defaultDeal(percent('10'));
    const own = await partner();
    await call('POST /v1/deals', {
      name: 'own',
      affiliate_id: own.id,
      effective_from: WINDOW.from,
      applies_to: 'new_customers',
      terms: percent('20'),
    });
    await settled(sale(own.click, 15), sale(await clickOf(own.id, 12), 16));
    assert.equal(await balanceOf(own), '30.01 USD');
    const { events, would_pay: wouldPay } = await previewed(dealId, TERMS);
    assert.deepEqual([events, wouldPay], [1, '50.02']);
    await versionAdded(dealId, TERMS);
    assert.equal(await balanceOf(own), '70.03 USD');
  });
});
