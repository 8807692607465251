// Reports over HTTP: what counts where, by day, type, affiliate and link; that changes of the past
// are counted again; and that nobody sees what is another's.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { createCountReports } from '../../../activities/upkeep/count-reports.ts';
import { createAmend } from '../../../activities/settlement/amend.ts';
import { newId } from '../../../store/db/ids.ts';
import { countReportDay, noteLate, readDueReports } from '../../../store/ledger/report-days.ts';
import { withApi, type TestApi } from '../../support/api.ts';

type Money = { currency: string; amount: string; commission: string; reversed: string };
type Row = {
  day: string | null;
  event: string | null;
  affiliate_id: string | null;
  affiliate_name: string | null;
  link_id: string | null;
  clicks: number;
  conversions: number;
  ftds: number;
  reversals: number;
  money: Money[];
};
type Report = {
  data: Row[];
  next_cursor: string | null;
  from: string;
  to: string;
  timezone: string;
  counted_at: string | null;
};

let api: TestApi;
before(async () => (api = await withApi()));
after(() => api.close());

const usd = (amount: string, commission: string, reversed = '0.00'): Money => ({
  currency: 'USD',
  amount,
  commission,
  reversed,
});
const DAYS = 'from=2026-03-01&to=2026-03-31';

/** An operator whose affiliates earn 200.00 for a first deposit and 10 % of a sale. */
async function newBroker(settings: object = {}) {
  const { id: operatorId, key } = await api.newOperator();
  const ask = async <Body = { id: string }>(request: string, body?: object, by = key): Promise<Body> => {
    const answer = await api.call<Body>(request, { key: by, ...(body && { body }) });
    assert.ok(answer.status < 300, `${request}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  await ask('PATCH /v1/operator', { click_window_days: 3650, ...settings });
  const components = [
    { kind: 'cpa', on: 'ftd', amount: '200.00' },
    { kind: 'percent', on: 'sale', percent: '10' },
  ];
  await ask('POST /v1/deals', { name: 'd', effective_from: '2026-01-01T00:00:00Z', terms: { components } });
  const newAffiliate = async (name: string) => {
    const { id } = await ask('POST /v1/affiliates', { name });
    const newLink = async () =>
      (await ask('POST /v1/links', { affiliate_id: id, landing_url: 'https://broker.example/' })).id;
    return { id, links: [await newLink(), await newLink()] as const };
  };
  const click = async (of: object, at: string): Promise<string> =>
    (await ask<{ click_id: string }>('POST /v1/clicks', { ...of, clicked_at: at })).click_id;
  let sent = 0;
  const send = async (event: object): Promise<string> =>
    (await ask('POST /v1/events', { transaction_id: `t-${++sent}`, currency: 'USD', ...event })).id;
  const settle = async (...eventIds: string[]): Promise<void> => {
    const operators = [{ operatorId, eventIds }];
    await createSettle({ pool: api.pool }).settle({ batchId: newId('bat'), operators, owner: 'endpoint' });
  };
  const report = (query: string, by = key) =>
    ask<Report>(`GET /v1/reports?${query.includes('from=') ? query : `${DAYS}&${query}`}`, undefined, by);
  return { operatorId, key, ask, newAffiliate, click, send, settle, report };
}
type Broker = Awaited<ReturnType<typeof newBroker>>;

const count = (budgetMs = 20_000) => createCountReports({ pool: api.pool, budgetMs }).countReports();

/** From now on only what is noted is counted again. */
const forgetRecent = ({ operatorId }: Broker) =>
  api.pool.query(
    `update report_progress set counted_through = now() + interval '1 day', next_at = now() where operator_id = $1`,
    [operatorId],
  );

/** Has what is new counted at the next turn. */
const makeDue = ({ operatorId }: Broker) =>
  api.pool.query(`update report_progress set next_at = now() where operator_id = $1`, [operatorId]);

/** What two affiliates brought on two days of March. */
async function aMonth(settings: object = {}) {
  const broker = await newBroker(settings);
  const { send, settle, click, newAffiliate } = broker;
  const [anna, bert] = [await newAffiliate('Anna'), await newAffiliate('Bert')];
  const [first, second] = anna.links;
  const ada = await click({ link_id: first }, '2026-03-10T03:00:00Z');
  await click({ link_id: first }, '2026-03-10T04:00:00Z');
  const bob = await click({ link_id: second }, '2026-03-11T12:00:00Z');
  const carl = await click({ affiliate_id: bert.id }, '2026-03-11T12:00:00Z');
  const [ftd, sale] = ['ftd', 'sale'].map((event) => ({ event }));
  const [early, noon] = ['2026-03-12T03:00:00Z', '2026-03-12T12:00:00Z'].map((at) => ({ occurred_at: at }));
  const ids = {
    ftd: await send({ ...ftd, ...early, click_id: ada, customer_id: 'ada', amount: '500.00' }),
    sale: await send({ ...sale, ...noon, customer_id: 'ada', amount: '100.00', transaction_id: 'a sale' }),
    bob: await send({ ...sale, ...noon, click_id: bob, customer_id: 'bob', amount: '50.00' }),
    carl: await send({ ...sale, ...noon, click_id: carl, customer_id: 'carl', amount: '70.00' }),
    registration: await send({ event: 'registration', ...noon, click_id: carl, customer_id: 'carl' }),
    orphan: await send({ ...sale, ...noon, customer_id: 'nobody', amount: '9.00' }),
  };
  await settle(...Object.values(ids));
  const chargeback = await send({
    event: 'chargeback',
    occurred_at: '2026-03-14T12:00:00Z',
    customer_id: 'ada',
    reference: 'a sale',
  });
  await settle(chargeback);
  await count();
  return { ...broker, anna, bert, ids };
}

test('a report says what happened by day, type, affiliate and link, and what was taken back', async () => {
  const { report, anna, bert } = await aMonth();
  const [first, second] = anna.links;
  const none = { day: null, event: null, affiliate_id: null, affiliate_name: null, link_id: null };
  const counts = (clicks: number, conversions: number, ftds: number, reversals: number) => ({
    clicks,
    conversions,
    ftds,
    reversals,
  });

  const days = await report('group_by=day');
  assert.deepEqual(days.data, [
    { ...none, day: '2026-03-14', ...counts(0, 0, 0, 1), money: [usd('0.00', '-10.00', '10.00')] },
    { ...none, day: '2026-03-12', ...counts(0, 5, 1, 0), money: [usd('720.00', '222.00')] },
    { ...none, day: '2026-03-11', ...counts(2, 0, 0, 0), money: [] },
    { ...none, day: '2026-03-10', ...counts(2, 0, 0, 0), money: [] },
  ]);
  assert.deepEqual([days.from, days.to, days.timezone], ['2026-03-01', '2026-03-31', 'UTC']);
  assert.ok(Date.now() - Date.parse(days.counted_at!) < 60_000);

  assert.deepEqual((await report('group_by=type')).data, [
    { ...none, event: 'sale', ...counts(0, 3, 0, 0), money: [usd('220.00', '22.00')] },
    { ...none, event: 'registration', ...counts(0, 1, 0, 0), money: [] },
    { ...none, event: 'ftd', ...counts(0, 1, 1, 0), money: [usd('500.00', '200.00')] },
    { ...none, event: 'chargeback', ...counts(0, 0, 0, 1), money: [usd('0.00', '-10.00', '10.00')] },
    { ...none, ...counts(4, 0, 0, 0), money: [] },
  ]);

  const ofAnna = { ...none, affiliate_id: anna.id, affiliate_name: 'Anna' };
  const ofBert = { ...none, affiliate_id: bert.id, affiliate_name: 'Bert' };
  assert.deepEqual((await report('group_by=affiliate')).data, [
    { ...ofBert, ...counts(1, 2, 0, 0), money: [usd('70.00', '7.00')] },
    { ...ofAnna, ...counts(3, 3, 1, 1), money: [usd('650.00', '205.00', '10.00')] },
  ]);
  assert.deepEqual((await report('group_by=affiliate&event=ftd')).data, [
    { ...ofAnna, ...counts(0, 1, 1, 0), money: [usd('500.00', '200.00')] },
  ]);

  // A customer's later events count for the link that brought the customer.
  const links = (await report('group_by=link')).data;
  assert.deepEqual(
    links.map(({ link_id: link, affiliate_id: id, clicks, conversions, money }) => [
      link,
      id,
      clicks,
      conversions,
      money,
    ]),
    [
      [second, anna.id, 1, 1, [usd('50.00', '5.00')]],
      [first, anna.id, 2, 2, [usd('600.00', '200.00', '10.00')]],
    ],
  );
  assert.deepEqual(
    (await report(`group_by=day&link_id=${second}`)).data.map(({ day, clicks, conversions }) => [
      day,
      clicks,
      conversions,
    ]),
    [
      ['2026-03-12', 0, 1],
      ['2026-03-11', 1, 0],
    ],
  );
});

test('pages of a report follow each other, and as CSV it is one table', async () => {
  const { report, key, anna, bert } = await aMonth();
  const first = await report('group_by=affiliate&limit=1');
  const second = await report(`group_by=affiliate&limit=1&cursor=${first.next_cursor}`);
  assert.deepEqual(
    [...first.data, ...second.data].map((row) => row.affiliate_id),
    [bert.id, anna.id],
  );
  assert.equal(second.next_cursor, null);
  const answer = await fetch(`${api.url}/v1/reports?${DAYS}&group_by=day`, {
    headers: { authorization: `Bearer ${key}`, accept: 'text/csv' },
  });
  const [header, ...lines] = (await answer.text()).trimEnd().split('\r\n');
  assert.equal(
    header,
    'day,event,affiliate_id,affiliate_name,link_id,clicks,conversions,ftds,reversals,' +
      'money.currency,money.amount,money.commission,money.reversed',
  );
  assert.equal(lines.length, 4);
  assert.equal(lines[1], '2026-03-12,,,,,0,5,1,0,USD,720.00,222.00,0.00');
  assert.equal(lines[2], '2026-03-11,,,,,2,0,0,0,,,,');
});

test('days are those of the operator’s time zone, and of when things occurred', async () => {
  const { report } = await aMonth({ timezone: 'America/New_York' });
  const { data, timezone } = await report('group_by=day');
  assert.equal(timezone, 'America/New_York');
  assert.deepEqual(
    data.map(({ day, clicks, conversions, ftds }) => [day, clicks, conversions, ftds]),
    [
      ['2026-03-14', 0, 0, 0],
      ['2026-03-12', 0, 4, 0],
      ['2026-03-11', 2, 1, 1],
      ['2026-03-10', 1, 0, 0],
      ['2026-03-09', 1, 0, 0],
    ],
  );
});

test('an affiliate’s own key sees its own figures alone, and another operator none', async () => {
  const { report, ask, anna, bert } = await aMonth();
  const { api_key: own } = await ask<{ api_key: string }>('POST /v1/api-keys', {
    name: 'own',
    affiliate_id: anna.id,
    scopes: ['own:read'],
  });
  for (const group of ['day', 'type', 'affiliate', 'link'])
    assert.deepEqual(
      (await report(`group_by=${group}`, own)).data,
      (await report(`group_by=${group}&affiliate_id=${anna.id}`)).data,
    );
  const [mine] = (await report('group_by=affiliate', own)).data;
  assert.deepEqual([mine!.affiliate_id, mine!.conversions], [anna.id, 3]);
  const others = await api.call(`GET /v1/reports?${DAYS}&affiliate_id=${bert.id}`, { key: own });
  assert.equal(others.status, 404);
  const { key: stranger } = await api.newOperator();
  for (const query of ['group_by=day', `group_by=link&affiliate_id=${anna.id}`, `link_id=${anna.links[0]}`])
    assert.deepEqual((await report(query, stranger)).data, []);
});

test('what is voided, amended or given to another affiliate later is counted again', async () => {
  const broker = await aMonth();
  const { report, ask, operatorId, anna, bert, ids } = broker;
  const settling = createSettle({ pool: api.pool });
  const handOver = () => Promise.resolve({ workflows: 0 });
  const apply = () => createAmend({ pool: api.pool, ...settling, handOver }).applyAmendments({ operatorId });
  const sums = async (affiliate: string) =>
    (await report(`group_by=affiliate&affiliate_id=${affiliate}`)).data.map(({ conversions, money }) => [
      conversions,
      ...money,
    ]);

  for (const { change, annas, berts } of [
    {
      change: () => ask(`POST /v1/events/${ids.bob}/void`, { reason: 'a test' }),
      annas: [2, usd('600.00', '200.00', '15.00')],
      berts: [2, usd('70.00', '7.00')],
    },
    {
      change: () => ask(`POST /v1/events/${ids.carl}/amend`, { amount: '90.00' }),
      annas: [2, usd('600.00', '200.00', '15.00')],
      berts: [2, usd('90.00', '9.00')],
    },
    {
      change: () =>
        ask('POST /v1/customers/carl/reassign', {
          affiliate_id: anna.id,
          from: '2026-01-01T00:00:00Z',
          reason: 'a test',
        }),
      annas: [4, usd('690.00', '209.00', '15.00')],
      berts: [0, usd('0.00', '0.00', '9.00')],
    },
  ]) {
    await forgetRecent(broker);
    await change();
    await apply();
    await count();
    assert.deepEqual(await sums(anna.id), [annas]);
    assert.deepEqual(
      (await sums(bert.id)).map((row) => row),
      [berts],
    );
  }
});

test('a payment that was sent as ftd and as deposit counts once in sums, by the larger amount', async () => {
  const broker = await newBroker();
  const { operatorId, send, settle, click, newAffiliate, report, ask } = broker;
  const apply = () =>
    createAmend({
      pool: api.pool,
      ...createSettle({ pool: api.pool }),
      handOver: () => Promise.resolve({ workflows: 0 }),
    }).applyAmendments({ operatorId });
  const { links } = await newAffiliate('Anna');
  const ada = await click({ link_id: links[0] }, '2026-03-10T03:00:00Z');
  const payment = { customer_id: 'ada', transaction_id: 'p-1', occurred_at: '2026-03-12T12:00:00Z' };
  const deposit = await send({ event: 'deposit', ...payment, click_id: ada, amount: '120.00' });
  const other = await send({ event: 'deposit', ...payment, transaction_id: 'p-2', amount: '30.00' });
  await settle(deposit, other);
  await count();
  assert.deepEqual(await sums(), [['150.00', 2]]);
  const ftd = await send({ event: 'ftd', ...payment, amount: '100.00' });
  await settle(ftd);
  await makeDue(broker);
  await count();
  assert.deepEqual(await sums(), [['150.00', 3]]);
  assert.deepEqual(await sums('type'), [
    ['100.00', 1],
    ['50.00', 2],
  ]);
  await forgetRecent(broker);
  await ask(`POST /v1/events/${ftd}/amend`, { amount: '170.00' });
  await apply();
  await count();
  assert.deepEqual(await sums(), [['200.00', 3]]);

  async function sums(by = 'day') {
    const { data } = await report(`group_by=${by}`);
    return data.flatMap(({ conversions, money }) => (money[0] ? [[money[0].amount, conversions]] : []));
  }
});

test('events settled long after their receipt, and changes that commit late, are counted all the same', async () => {
  const broker = await aMonth();
  const { operatorId, ids } = broker;
  await forgetRecent(broker);
  const isDue = async () =>
    (await readDueReports(api.pool, 1000)).some((due) => due.operatorId === operatorId);
  assert.equal(await isDue(), false);
  const { rows } = await api.pool.query<{ old: string }>(
    `select id_bound('evt', now() - interval '1 hour') || repeat('0', 16) as old`,
  );
  const { old } = rows[0]!;
  await noteLate(api.pool, operatorId, [newId('evt')], Date.now());
  assert.equal(await isDue(), false, 'an event settled at once needs no note');
  await noteLate(api.pool, operatorId, [old, old], Date.now());
  assert.equal(await isDue(), true);
  await count();
  await forgetRecent(broker);
  assert.equal(await isDue(), false);

  const client = await api.pool.connect();
  try {
    await client.query('begin');
    await client.query(
      `update event_outcomes set status = 'rejected' where operator_id = $1 and event_id = $2`,
      [operatorId, ids.bob],
    );
    await countReportDay(api.pool, operatorId, new Date().toISOString().slice(0, 10));
    await client.query('commit');
  } finally {
    client.release();
  }
  assert.equal(await isDue(), true, 'the change that the count did not see is still noted');
});

test('a count that runs out of time goes on where it ended', async () => {
  const broker = await aMonth();
  const { operatorId, report } = broker;
  await api.pool.query('delete from report_progress');
  await api.pool.query('delete from report_days where operator_id = $1', [operatorId]);
  assert.equal((await count(0)).more, true);
  assert.equal((await report('group_by=day')).data.length, 0);
  assert.equal((await count()).more, false);
  assert.equal((await report('group_by=day')).data.length, 4);
});

test('a report has at most 92 days, from the first to the last', async () => {
  const { key } = await newBroker();
  const ask = (query: string) =>
    api.call<Report & { error: { issues: unknown[] } }>(`GET /v1/reports?${query}`, { key });
  for (const query of [
    'from=2026-01-01&to=2026-04-03',
    'from=2026-01-01',
    'from=2026-02-02&to=2026-02-01',
    'from=2026-02-30',
    'from=2026-02-01T00:00:00Z',
    'group_by=customer',
  ])
    assert.equal((await ask(query)).status, 400, query);
  assert.equal((await ask('from=2026-01-01&to=2026-04-02')).status, 200);
  const { body } = await ask('to=2026-03-30');
  assert.deepEqual([body.from, body.to, body.counted_at], ['2026-03-01', '2026-03-30', null]);
  assert.equal((await ask('')).body.to, new Date().toISOString().slice(0, 10));
});
