// Calls every operation of the API once, over HTTP, so that its documentation can be checked
// against real responses.
import assert from 'node:assert/strict';
import { createAmend } from '../../activities/settlement/amend.ts';
import { createSettle } from '../../activities/settlement/settle.ts';
import { newId } from '../../store/db/ids.ts';
import { ADMIN_TOKEN, type TestApi } from './api.ts';

type Row = Record<string, unknown> & { id: string };
type List = { data: Row[] };

/** An operator with an API key, and calls on its behalf. */
type Session = {
  api: TestApi;
  operatorId: string;
  key: string;
  /** Sends a request that must succeed. */
  ask: <Body = Row>(request: string, body?: unknown, headers?: Record<string, string>) => Promise<Body>;
  /** Settles every accepted event, each as a batch of its own. */
  settleAll: (owner?: 'batch' | 'endpoint') => Promise<void>;
};

const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();
const TERMS = {
  components: [
    { kind: 'percent', on: 'sale', percent: '10' },
    { kind: 'cpa', on: 'ftd', amount: '50.00' },
    { kind: 'revshare', percent: '25' },
  ],
};

/** Calls every operation; returns the bodies of all planned postbacks. */
export async function callEveryOperation(api: TestApi): Promise<unknown[]> {
  const session = await startSession(api);
  await callOperatorSettings(session);
  const { parent, affiliate, deal } = await callAffiliatesAndDeals(session);
  const clickId = await callLinksAndClicks(session, affiliate);
  const endpoint = await callEndpoints(session, affiliate);
  const { sale, eventId } = await callIntake(session, clickId);
  await callImports(session);
  await callEventsAndSetAside(session, { sale, eventId, affiliate, deal });
  await callCommissions(session);
  await callPayoutsAndLedger(session, { parent, affiliate });
  const bodies = await callDeliveriesAndReplays(session, endpoint);
  await session.ask('DELETE /v1/event-types/first_money');
  await session.ask(`DELETE /v1/endpoints/${endpoint}`);
  await session.ask('POST /session', { api_key: session.key });
  await session.ask('GET /session');
  await session.ask('DELETE /session');
  for (const path of ['/', '/healthz', '/readyz', '/openapi.json']) await session.ask(`GET ${path}`);
  await callAsAdministrator(session);
  await callCodec(session);
  return bodies;
}

async function callAsAdministrator({ api, operatorId }: Session): Promise<void> {
  const list = await api.call<List>('GET /v1/operators?q=brok', { key: ADMIN_TOKEN });
  assert.equal(list.body.data[0]!.id, operatorId);
  await api.call(`POST /v1/operators/${operatorId}/api-keys`, { key: ADMIN_TOKEN, body: { name: 'found' } });
}

async function startSession(api: TestApi): Promise<Session> {
  const { body: operator } = await api.call<Row & { api_key: string }>('POST /v1/operators', {
    key: ADMIN_TOKEN,
    body: { name: 'Broker', currency: 'USD' },
  });
  const key = operator.api_key;
  const { settle } = createSettle({ pool: api.pool });
  return {
    api,
    operatorId: operator.id,
    key,
    async ask<Body>(request: string, body?: unknown, headers: Record<string, string> = {}): Promise<Body> {
      const answer = await api.call<Body>(request, { key, headers, ...(body !== undefined && { body }) });
      assert.ok(answer.status < 400, `${request}: ${JSON.stringify(answer.body)}`);
      return answer.body;
    },
    async settleAll(owner = 'endpoint') {
      for (const { operatorId, id } of api.accepted.splice(0))
        await settle({ batchId: newId('bat'), owner, operators: [{ operatorId, eventIds: [id] }] });
    },
  };
}

async function callOperatorSettings({ ask }: Session): Promise<void> {
  await ask('PATCH /v1/operator', {
    click_window_days: 700,
    postback_aliases: { ref: 'transaction_id', junk: null },
  });
  await ask('GET /v1/operator');
  await ask('POST /v1/operator/inbound-secret', {});
  await ask('GET /v1/egress');
  const { id: keyId } = await ask('POST /v1/api-keys', {
    name: 'k',
    scopes: ['read'],
    expires_at: '2099-01-01T00:00:00Z',
  });
  await ask('GET /v1/api-keys');
  await ask('GET /v1/audit-log');
  await ask(`DELETE /v1/api-keys/${keyId}`);
  await ask('POST /v1/event-types', { name: 'first_money', standard: 'ftd' });
  await ask('POST /v1/event-types', { name: 'first_money', standard: 'ftd' });
  await ask('GET /v1/event-types');
  for (let again = 0; again < 2; again++) await ask('POST /v1/currencies', { code: 'USDT', exponent: 6 });
  await ask('GET /v1/currencies');
  const { id: channel } = await ask('POST /v1/notice-channels', {
    kind: 'mail',
    address: 'ops@broker.example',
  });
  await ask('GET /v1/notice-channels');
  await ask(`POST /v1/notice-channels/${channel}/test`);
  await ask(`DELETE /v1/notice-channels/${channel}`);
}

async function callAffiliatesAndDeals({ ask }: Session) {
  const { id: parent } = await ask('POST /v1/affiliates', { name: 'Parent', external_id: 'p-1' });
  const { id: affiliate } = await ask('POST /v1/affiliates', { name: 'Media', parent_id: parent });
  await ask('GET /v1/affiliates?limit=1&q=medi');
  await ask(`POST /v1/affiliates/${affiliate}/portal`);
  await ask(`GET /v1/affiliates/${affiliate}`);
  await ask(`PATCH /v1/affiliates/${affiliate}`, { external_id: 'm-1', state: 'active' });
  const { id: deal } = await ask('POST /v1/deals', {
    name: 'd',
    terms: { ...TERMS, overrides: [{ percent: '5' }] },
  });
  await ask('GET /v1/deals');
  await ask(`GET /v1/deals/${deal}`);
  await ask(`POST /v1/deals/${deal}/versions`, { terms: TERMS, effective_from: '2099-01-01T00:00:00Z' });
  await ask(`POST /v1/deals/${deal}/end`, { at: '2100-01-01T00:00:00Z' });

  const rate = { base: 'EUR', quote: 'USD', rate: '1.10', as_of: daysAgo(51), source: 'bank' };
  await ask('POST /v1/fx-rates', rate);
  await ask('POST /v1/fx-rates', rate);
  await ask('GET /v1/fx-rates');
  return { parent, affiliate, deal };
}

/** Returns the id of a click that the affiliate reported itself. */
async function callLinksAndClicks({ ask }: Session, affiliate: string): Promise<string> {
  const { id: link } = await ask('POST /v1/links', {
    affiliate_id: affiliate,
    landing_url: 'https://shop.example/',
    params: { from: '{sub1}' },
    deep_link_hosts: ['Shop.example'],
  });
  await ask('GET /v1/links');
  await ask(`GET /v1/links/${link}`);
  await ask(`PATCH /v1/links/${link}`, { params: { from: '{sub2}' }, state: 'active' });
  await ask(`GET /c/${link}?sub1=spring&to=https://shop.example/deep`, undefined, {
    'user-agent': 'Mozilla/5.0',
  });
  await ask(`HEAD /c/${link}`);
  const click = { affiliate_id: affiliate, click_id: 'their-click', clicked_at: daysAgo(61), sub1: 's' };
  const { click_id: clickId } = await ask<{ click_id: string }>('POST /v1/clicks', click);
  await ask('POST /v1/clicks', click);
  await ask('GET /v1/clicks?bot=false');
  await ask(`GET /v1/clicks/${clickId}`);
  await ask(`POST /c/${newId('clk')}/seen`);
  const { id: coupon } = await ask('POST /v1/coupons', {
    code: 'SAVE10',
    affiliate_id: affiliate,
    starts_at: '2026-01-01T00:00:00Z',
  });
  await ask('GET /v1/coupons');
  await ask(`DELETE /v1/coupons/${coupon}`);
  return clickId;
}

/** Returns the id of the affiliate's endpoint. */
async function callEndpoints({ api, ask }: Session, affiliate: string): Promise<string> {
  const url = 'http://127.0.0.1:9/?click={click_id}';
  const { id: endpoint } = await ask('POST /v1/endpoints', {
    affiliate_id: affiliate,
    url,
    events: ['*', 'conversion.released', 'payout.paid'],
    share_customer_id: true,
  });
  const { id: otherEndpoint } = await ask('POST /v1/endpoints', { url, signing: 'v1a' });
  await ask('GET /v1/endpoints');
  await ask(`GET /v1/endpoints/${endpoint}`);
  await ask(`PATCH /v1/endpoints/${otherEndpoint}`, { signing: 'v1' });
  await ask(`POST /v1/endpoints/${otherEndpoint}/rotate-secret`, { overlap_hours: 1 });
  await ask(`POST /v1/endpoints/${otherEndpoint}/pause`);
  await ask(`POST /v1/endpoints/${otherEndpoint}/resume`);
  await api.pool.query(`update endpoints set state = 'disabled' where id = $1`, [otherEndpoint]);
  await ask(`POST /v1/endpoints/${otherEndpoint}/enable`);
  await ask(`POST /v1/endpoints/${otherEndpoint}/test`);
  await ask('POST /v1/endpoints/import', { dialect: 'auto', url: 'https://n.example/?c={clickid}' });
  return endpoint;
}

async function callIntake({ api, operatorId, key, ask, settleAll }: Session, clickId: string) {
  const sale = {
    event: 'sale',
    click_id: clickId,
    customer_id: 'c',
    amount: '100.00',
    currency: 'USD',
    occurred_at: daysAgo(50),
  };
  await ask('POST /v1/events?dry_run=true', { ...sale, transaction_id: 's-1' });
  const { id: eventId } = await ask('POST /v1/events', {
    ...sale,
    transaction_id: 's-1',
    sub1: 'x',
    metadata: { a: [1] },
  });
  await ask('POST /v1/events', { ...sale, transaction_id: 's-1', sub1: 'x', metadata: { a: [1] } });
  const more = [2, 3, 4, 5].map((number) => ({
    ...sale,
    transaction_id: `s-${number}`,
    currency: number === 5 ? 'EUR' : 'USD',
  }));
  await ask('POST /v1/events/batch', {
    events: [...more, { event: 'nonsense' }, { ...more[0], amount: '1.00' }],
  });
  await ask('POST /v1/events/batch?dry_run=1', { events: [...more.slice(0, 1), { event: 'kyc' }] });
  const fields = `event=first_money&click_id=${clickId}&customer_id=c&amount=50&currency=usd&junk=1`;
  for (let time = 0; time < 2; time++) await ask(`GET /postback?key=${key}&${fields}`);
  for (let time = 0; time < 2; time++)
    await ask('POST /postback', { event: 'sale', cid: clickId, sum: 7, cur: 'USD', customer: 'c' });
  await settleAll('batch');
  await ask('POST /v1/events', {
    event: 'chargeback',
    transaction_id: 'x-1',
    reference: 's-2',
    occurred_at: daysAgo(1),
  });
  await settleAll();
  await ask('POST /v1/events', {
    event: 'chargeback_won',
    transaction_id: 'x-2',
    reference: 's-2',
    occurred_at: daysAgo(1),
  });
  for (let again = 0; again < 2; again++)
    await ask(`POST /v1/events/${eventId}/amend`, { amount: '120.00', reason: 'mistyped' });
  for (const decision of ['void', 'unvoid', 'reject', 'unreject'])
    for (let again = 0; again < 2; again++)
      await ask(`POST /v1/events/${eventId}/${decision}`, { reason: 'a mistake' });
  await createAmend({
    pool: api.pool,
    ...createSettle({ pool: api.pool }),
    handOver: () => Promise.resolve({ workflows: 0 }),
  }).applyAmendments({
    operatorId,
  });
  return { sale, eventId };
}

async function callImports({ ask }: Session): Promise<void> {
  const csv = { 'content-type': 'text/csv' };
  const { id } = await ask('POST /v1/imports?dry_run=true', 'event,customer_id\nkyc,imported\n', csv);
  await ask('GET /v1/imports');
  await ask(`GET /v1/imports/${id}?status=refused`);
  await ask(`DELETE /v1/imports/${id}`);
}

async function callEventsAndSetAside(
  { api, key, ask, settleAll }: Session,
  { sale, eventId, affiliate, deal }: { sale: object; eventId: string; affiliate: string; deal: string },
): Promise<void> {
  const { id: orphan } = await ask('POST /v1/events', { event: 'kyc', customer_id: 'stranger' });
  await settleAll();
  await ask('GET /v1/events?status=settled');
  await ask(`GET /v1/events/${eventId}`);
  await ask('GET /v1/repeats');
  await ask('GET /v1/orphans');
  await ask('POST /v1/customers/nobody/reassign', {
    affiliate_id: affiliate,
    from: daysAgo(1),
    reason: 'mistaken',
  });
  await ask('GET /v1/customers/nobody');
  await ask('GET /v1/customers/c');
  const { id: erasure } = await ask('POST /v1/customers/nobody/erase');
  await ask(`GET /v1/erasures/${erasure}`);
  await ask(`POST /v1/orphans/${orphan}/assign`, { affiliate_id: affiliate });
  const { id: foreign } = await ask('POST /v1/events', { ...sale, transaction_id: 's-6', currency: 'GBP' });
  await settleAll();
  await ask('GET /v1/set-aside');
  await ask(`POST /v1/set-aside/${foreign}/retry`);
  await ask(`POST /v1/set-aside/${foreign}/dismiss`);
  for (const { id } of (await ask<List>('GET /v1/events')).data) await ask(`GET /v1/events/${id}`);
  await ask(`POST /v1/deals/${deal}/preview`, { terms: TERMS, from: daysAgo(60), to: daysAgo(0) });
  await ask('GET /v1/onboarding');
  await api.call('POST /v1/events', { key, body: { event: 'nonsense' } });
  await ask('GET /v1/refusals');
}

async function callCommissions({ ask }: Session): Promise<void> {
  const commissions = await ask<List>('GET /v1/commissions?state=pending');
  const [one, two, three, four] = commissions.data
    .filter(({ component }) => component === 'percent')
    .map(({ id }) => id);
  await ask(`POST /v1/commissions/${one}/approve`, { reason: 'known' });
  await ask(`POST /v1/commissions/${two}/reject`, { reason: 'own referral' });
  await ask('POST /v1/commissions/approve', { ids: [three, newId('evt')] });
  await ask('POST /v1/commissions/reject', { ids: [four], reason: 'own referral' });
  await ask(`GET /v1/commissions/${two}`);
  await ask('POST /v1/holds/release', { before: new Date().toISOString() });
}

async function callPayoutsAndLedger(
  { ask }: Session,
  { parent, affiliate }: { parent: string; affiliate: string },
): Promise<void> {
  await ask(`GET /v1/affiliates/${affiliate}/balance`);
  await ask(`GET /v1/affiliates/${affiliate}/upcoming`);
  await ask('GET /v1/balances');
  await ask('GET /v1/balances/totals');
  for (const group of ['day', 'type', 'affiliate', 'link']) await ask(`GET /v1/reports?group_by=${group}`);
  await callPaymentDetails({ ask }, affiliate);
  await callPayoutRuns({ ask });
  await ask(`POST /v1/affiliates/${affiliate}/adjustments`, {
    currency: 'USD',
    amount: '5.00',
    reason: 'r',
    idempotency_key: 'a-1',
  });
  const payout = { affiliate_id: affiliate, currency: 'usd' };
  const { id: first } = await ask('POST /v1/payouts', payout, { 'idempotency-key': 'p-1' });
  await ask(`POST /v1/payouts/${first}/fail`, { reason: 'bad IBAN' });
  const { id: second } = await ask('POST /v1/payouts', payout);
  await ask(`POST /v1/payouts/${second}/confirm`, { external_reference: 'bank-1' });
  await ask(`POST /v1/payouts/${second}/return`, {});
  await ask('GET /v1/payouts');
  await ask(`GET /v1/payouts/${second}`);
  await ask(`POST /v1/affiliates/${parent}/adjustments`, {
    currency: 'USD',
    amount: '-3000.00',
    reason: 'r',
    idempotency_key: 'a-2',
  });
  await ask(`POST /v1/affiliates/${parent}/write-offs`, { currency: 'USD', amount: '1.00', reason: 'gone' });
  const ledger = await ask<{ data: { id: string }[] }>(`GET /v1/affiliates/${affiliate}/ledger?currency=USD`);
  await ask(`GET /v1/transfers/${ledger.data[0]!.id}`);
  await ask(`GET /v1/affiliates/${affiliate}/progress`);
  await ask(`GET /v1/affiliates/${affiliate}/statements/current`);
  await ask(`GET /v1/affiliates/${affiliate}/statements`);
  const { data: months } = await ask<{ data: { period: string }[] }>('GET /v1/periods');
  await ask(`GET /v1/periods/${months[0]!.period}`);
  await ask(`GET /v1/statements?period=${months[0]!.period}`);
  const rows = [
    { transaction_id: 's-1', amount: '99.00' },
    { transaction_id: 'gone' },
    { transaction_id: 's-1' },
    { nonsense: 1 },
  ];
  await ask('POST /v1/reconciliations', { rows, from: daysAgo(60) });
}

async function callPayoutRuns({ ask }: Pick<Session, 'ask'>): Promise<void> {
  await ask('POST /v1/payout-runs', { currency: 'USD', minimum: '1.00', dry_run: true });
  const { id } = await ask('POST /v1/payout-runs', { currency: 'EUR', payment_details: 'optional' });
  await ask('GET /v1/payout-runs');
  await ask(`GET /v1/payout-runs/${id}`);
  await ask(`POST /v1/payout-runs/${id}/confirm`, 'payout_id,status\nnone,paid\n,sent\n', {
    'content-type': 'text/csv',
  });
  await ask(`DELETE /v1/payout-runs/${id}`);
}

async function callPaymentDetails({ ask }: Pick<Session, 'ask'>, affiliate: string): Promise<void> {
  const account = { holder: 'Jane Doe', iban: 'DE89 3704 0044 0532 0130 00', bic: 'COBADEFFXXX' };
  for (const [path, details] of [
    [`/v1/affiliates/${affiliate}/payment-details`, { method: 'bank', ...account }],
    ['/v1/operator/payout-account', account],
  ] as const) {
    await ask(`PUT ${path}`, details);
    await ask(`GET ${path}`);
    await ask(`DELETE ${path}`);
    await ask(`PUT ${path}`, details);
  }
}

/** Returns the bodies of all planned postbacks. */
async function callDeliveriesAndReplays({ api, ask }: Session, endpoint: string): Promise<unknown[]> {
  const { data: deliveries } = await ask<List>('GET /v1/deliveries?limit=200');
  await ask('GET /v1/overview');
  await ask(`GET /v1/endpoints/${endpoint}/statistics`);
  await ask('GET /v1/endpoint-statistics');
  for (const group of ['endpoint', 'reason']) await ask(`GET /v1/stuck?group=${group}`);
  const bodies: unknown[] = [];
  for (const { id } of deliveries)
    bodies.push((await ask<{ body: unknown }>(`GET /v1/deliveries/${id}`)).body);
  const [delivery] = deliveries;
  await api.pool.query(
    `update deliveries set state = 'gave_up', owner = null, tries = 10, finished_at = now() where id = $1`,
    [delivery!.id],
  );
  await ask(`POST /v1/deliveries/${delivery!.id}/acknowledge`);
  await ask(`POST /v1/deliveries/${delivery!.id}/retry`);
  await ask(`POST /v1/deliveries/${delivery!.id}/pause`);
  await ask(`POST /v1/deliveries/${delivery!.id}/resume`);
  await ask(`POST /v1/deliveries/${delivery!.id}/give-up`);
  for (const action of ['retry', 'give-up', 'acknowledge', 'pause'])
    await ask(`POST /v1/stuck/${action}`, { endpoint_id: endpoint, dry_run: true });
  const { id: action } = await ask('POST /v1/stuck/acknowledge?state=gave_up');
  await ask('GET /v1/stuck/actions');
  await ask(`GET /v1/stuck/actions/${action}`);
  await ask(`DELETE /v1/stuck/actions/${action}`);
  const { id: replay } = await ask('POST /v1/replays', { endpoint_id: endpoint, from: daysAgo(2) });
  await ask('GET /v1/replays');
  await ask(`GET /v1/replays/${replay}`);
  await ask(`DELETE /v1/replays/${replay}`);
  return bodies;
}

async function callCodec({ api }: Session): Promise<void> {
  const payloads = [{ metadata: { encoding: 'anNvbi9wbGFpbg==' }, data: 'Im9wcl8wMSI=' }];
  const encoded = await api.call('POST /codec/encode', { key: ADMIN_TOKEN, body: { payloads } });
  const decoded = await api.call('POST /codec/decode', { key: ADMIN_TOKEN, body: encoded.body });
  assert.deepEqual(decoded.body, { payloads });
}
