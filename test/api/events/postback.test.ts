// Tests of GET and POST /postback: parameters of trackers, aliases, keys, content as key.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { ingest, type IntakeEvent } from '../../../api/intake/intake.ts';
import { readEvent } from '../../../api/events/read-event.ts';
import { withApi, type TestApi } from '../../support/api.ts';

type Answer = {
  id: string;
  status: string;
  error?: { code: string; issues?: { path: string; code: string }[] };
};

let api: TestApi;
let key: string;
let operatorId: string;
const logged: string[] = [];

before(async () => {
  const lines = new Writable({
    write: (chunk: Buffer, _encoding, done) => done(void logged.push(chunk.toString())),
  });
  api = await withApi({ log: pino({ level: 'trace' }, lines) as never });
  ({ key, id: operatorId } = await api.newOperator());
});
after(() => api.close());

const get = (query: string) => api.call<Answer>(`GET /postback?key=${key}&${query}`);
const traceOf = async (id: string) =>
  (await api.call<{ event: object }>(`GET /v1/events/${id}`, { key })).body.event;

async function issuesOf(query: string): Promise<string[]> {
  const { status, body } = await get(query);
  assert.equal(status, 400, JSON.stringify(body));
  return body.error!.issues!.map(({ path, code }) => `${path} ${code}`);
}

describe('/postback', () => {
  test('/postback accepts exactly the parameters that trackers send, with the key in the query', async () => {
    const query =
      'click_id=abc123def456&event=ftd&amount=500.00&currency=USD&customer_id=usr_78901&sub1=campaign_spring_2026&sub2=b&sub3=c+d&sub4=%C3%A9&sub5=e&payout=200.00';
    const { status, headers, body } = await get(query);
    assert.deepEqual([status, body.status, headers.get('cache-control')], [202, 'accepted', 'no-store']);
    const { occurred_at: _at, ...event } = (await traceOf(body.id)) as Record<string, string>;
    assert.deepEqual(event, {
      event: 'ftd',
      click_id: 'abc123def456',
      customer_id: 'usr_78901',
      amount: '500.00',
      currency: 'USD',
      payout: '200.00',
      sub1: 'campaign_spring_2026',
      sub2: 'b',
      sub3: 'c d',
      sub4: 'é',
      sub5: 'e',
    });
    assert.deepEqual((await get(query)).body, { id: body.id, status: 'duplicate' });
    assert.equal((await get(query.replace('500.00', '500.01'))).status, 409);
  });

  test('/postback accepts a POST with a query, a form or JSON, and the key in the header', async () => {
    const query = 'event=sale&transaction_id=p-1&customer_id=c&amount=1&currency=EUR';
    const json = { 'content-type': 'application/json' };
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const first = await api.call<Answer>(`POST /postback?${query}`, { key });
    assert.equal(first.status, 202);
    const object = JSON.stringify(Object.fromEntries(new URLSearchParams(query)));
    for (const again of [
      await api.call<Answer>(`POST /postback?key=${key}`, { body: query, headers: form }),
      await api.call<Answer>('POST /postback', { key, body: object, headers: json }),
      await api.call<Answer>(`GET /postback?${query}`, { key }),
      await api.call<Answer>('POST /v1/events', { key, body: object }),
    ])
      assert.deepEqual([again.status, again.body], [200, { id: first.body.id, status: 'duplicate' }]);
    const mixed = await api.call<Answer>('POST /postback?amount=2', { key, body: query, headers: form });
    assert.deepEqual(
      mixed.body.error?.issues?.map(({ path, code }) => `${path} ${code}`),
      ['amount not_in_query'],
    );
  });

  test("/postback knows common aliases of parameters, and an operator's own aliases take precedence", async () => {
    const usual = await get(
      'goal=sale&txid=n-1&clickid=k&user_id=u&sum=3.50&cur=usd&s1=x&timestamp=1790000000&sub2=',
    );
    assert.equal(usual.status, 202);
    const event = (await traceOf(usual.body.id)) as Record<string, string>;
    assert.deepEqual(
      [
        event['event'],
        event['transaction_id'],
        event['click_id'],
        event['customer_id'],
        event['amount'],
        event['sub1'],
        event['sub2'],
      ],
      ['sale', 'n-1', 'k', 'u', '3.50', 'x', undefined],
    );
    const own = await api.newOperator();
    const aliases = { sum: 'payout', wert: 'amount', cb: null, 'buyer[id]': 'customer_id' };
    const patched = await api.call('PATCH /v1/operator', {
      key: own.key,
      body: { postback_aliases: aliases },
    });
    assert.deepEqual([patched.status, patched.body['postback_aliases']], [200, aliases]);
    const path = `GET /postback?key=${own.key}&event=sale&tid=1&buyer[id]=z&wert=5&sum=2&currency=EUR&cb=82734`;
    const { status, body } = await api.call<Answer>(path);
    assert.equal(status, 202, JSON.stringify(body));
    const { rows } = await api.pool.query(
      `select amount_minor as amount, payout_minor as payout from events where id = $1`,
      [body.id],
    );
    assert.deepEqual(rows, [{ amount: 500n, payout: 200n }]);
    for (const bad of [{ amount: 'payout' }, { key: 'amount' }, { x: 'metadata' }, { '': 'amount' }])
      assert.equal(
        (await api.call('PATCH /v1/operator', { key: own.key, body: { postback_aliases: bad } })).status,
        400,
      );
  });

  for (const [name, query, expected] of [
    ['an unknown parameter', 'event=kyc&customer_id=c&colour=red', ['colour unknown_field']],
    ['a parameter twice', 'event=kyc&customer_id=c&customer_id=d', ['customer_id given_twice']],
    ['a parameter under two aliases', 'event=sale&customer_id=c&txid=1&tid=2', ['tid given_twice']],
    [
      'an invalid value under an alias of the operator',
      'event=sale&customer_id=c&tid=1&sum=1.005&currency=USD',
      ['sum too_precise'],
    ],
    ['an empty query', '', ['event required']],
    [
      "names of JavaScript's own fields",
      'event=kyc&customer_id=c&__proto__=x&constructor=y',
      ['__proto__ unknown_field', 'constructor unknown_field'],
    ],
    [
      'a parameter with brackets',
      'event=kyc&customer_id[a]=c',
      ['customer_id[a] unknown_field', 'click_id click_or_customer_required'],
    ],
    ['a value with NUL', 'event=kyc&customer_id=%00', ['customer_id invalid_format']],
    ['an unknown event', 'event=party&customer_id=c', ['event unknown_event']],
  ] as const) {
    test(`/postback refuses ${name}, with the name of the parameter`, async () =>
      assert.deepEqual(await issuesOf(query), expected));
  }

  test('/postback stores nothing for HEAD, without a key, with two keys, or with a key of other scopes', async () => {
    const query = 'event=kyc&customer_id=head';
    assert.equal((await fetch(`${api.url}/postback?key=${key}&${query}`, { method: 'HEAD' })).status, 405);
    assert.equal((await api.call(`GET /postback?${query}`)).status, 401);
    assert.equal((await api.call(`GET /postback?key=a&key=${key}&${query}`)).status, 401);
    const { body: reader } = await api.call<{ api_key: string }>('POST /v1/api-keys', {
      key,
      body: { name: 'r', scopes: ['read'] },
    });
    assert.equal((await api.call(`GET /postback?key=${reader.api_key}&${query}`)).status, 403);
    assert.equal(
      (await api.call(`GET /v1/events?key=${key}`)).status,
      401,
      'nowhere else a key may be in the query',
    );
    const { rowCount } = await api.pool.query(`select from events where customer_id = 'head'`);
    assert.equal(rowCount, 0);
  });

  test('/postback never writes a key to a log or a refusal, whatever fails', async () => {
    const away = api.pool.query.bind(api.pool);
    await get('colour=red');
    await api.call(`GET /postback/%E0%A4%A?key=${key}`);
    await api.call(`GET /nothing?key=${key}`);
    await api.call(`GET /postback?key=${key}x&event=kyc&customer_id=c`);
    api.pool.query = () => Promise.reject(new Error('something unexpected'));
    try {
      assert.equal((await get('event=kyc&customer_id=unlogged')).status, 500);
    } finally {
      api.pool.query = away;
    }
    const { body } = await api.call('GET /v1/refusals', { key });
    assert.ok(logged.join('').includes('something unexpected'), 'the log is listened to');
    assert.ok(!logged.join('').includes(key) && !JSON.stringify(body).includes(key));
  });
});

describe('an event without a transaction id', () => {
  const deposit = 'event=deposit&customer_id=r-1&amount=20&currency=USD';

  test('an event without a transaction id is a duplicate by /postback if its content is equal, and is listed as a repeat', async () => {
    const first = await get(deposit);
    assert.equal(first.status, 202);
    assert.deepEqual((await get(deposit)).body, { id: first.body.id, status: 'duplicate' });
    assert.deepEqual((await get(deposit.replace('=20&', '=20.00&'))).body, {
      id: first.body.id,
      status: 'duplicate',
    });
    assert.equal((await get(deposit.replace('=20&', '=21&'))).status, 202);
    const { body } = await api.call<{ data: { event_id: string; times: number }[] }>('GET /v1/repeats', {
      key,
    });
    assert.deepEqual(
      body.data.map(({ event_id: id, times }) => [id, times]),
      [[first.body.id, 2]],
    );
  });

  test("an event without a transaction id follows the operator's setting, by JSON and by /postback", async () => {
    const own = await api.newOperator();
    const json = { event: 'deposit', customer_id: 'r', amount: '20', currency: 'USD' };
    const statuses = async (): Promise<number[]> => [
      (await api.call('POST /v1/events', { key: own.key, body: json })).status,
      (await api.call('POST /v1/events', { key: own.key, body: json })).status,
      (await api.call(`GET /postback?key=${own.key}&${new URLSearchParams(json).toString()}`)).status,
    ];
    const setSetting = (value: string | null) =>
      api.call('PATCH /v1/operator', { key: own.key, body: { without_transaction_id: value } });
    assert.deepEqual(await statuses(), [400, 400, 202]);
    await setSetting('same_content_is_repeat');
    assert.deepEqual(await statuses(), [200, 200, 200]);
    await setSetting('accept_each');
    assert.deepEqual(await statuses(), [202, 202, 202]);
    await setSetting('refuse');
    assert.deepEqual(await statuses(), [400, 400, 400]);
    await setSetting(null);
    assert.deepEqual(await statuses(), [400, 400, 200]);
  });

  test('equal events without a transaction id in one batch are one event, and differ from one with an id', async () => {
    const own = await api.newOperator();
    await api.call('PATCH /v1/operator', {
      key: own.key,
      body: { without_transaction_id: 'same_content_is_repeat' },
    });
    const one = { event: 'deposit', customer_id: 'g', amount: '1', currency: 'USD' };
    const events = [
      one,
      { ...one, transaction_id: 'g-1' },
      one,
      { ...one, amount: '2' },
      { ...one, event: 'sale' },
    ];
    type Results = { results: { status: string; id: string }[] };
    const { body } = await api.call<Results>('POST /v1/events/batch', { key: own.key, body: { events } });
    assert.deepEqual(
      body.results.map(({ status }) => status),
      ['accepted', 'accepted', 'duplicate', 'accepted', 'accepted'],
    );
    assert.equal(body.results[2]!.id, body.results[0]!.id);
  });

  /** The same deposit, received at a given moment, as `readEvent` returns it. */
  function at(now: number, customer: string): IntakeEvent {
    const rules = {
      operatorId,
      withoutTransactionId: 'same_content_is_repeat' as const,
      repeatWindowHours: 24,
      eventTypes: new Map(),
      currencies: new Map(),
    };
    const reading = readEvent(
      { event: 'deposit', customer_id: customer, amount: '7', currency: 'USD' },
      rules,
      now,
    );
    assert.equal(reading.kind, 'event');
    return (reading as { event: IntakeEvent }).event;
  }
  const HOUR_MS = 3_600_000;

  test('an event without a transaction id is new again after the repeat window, which starts at the last accepted event', async () => {
    const start = Date.UTC(2026, 0, 1, 23, 59);
    const statuses: string[] = [];
    for (const hours of [0, 1, 23.999, 24, 47.999, 48.1]) {
      const [result] = await ingest(api.pool, [at(start + hours * HOUR_MS, 'edge')]);
      statuses.push(result!.kind);
    }
    assert.deepEqual(statuses, ['accepted', 'duplicate', 'duplicate', 'accepted', 'duplicate', 'accepted']);
  });

  test('concurrent equal events without a transaction id at the end of the window are accepted once', async () => {
    const start = Date.UTC(2026, 1, 1);
    await ingest(api.pool, [at(start, 'crowd')]);
    const crowd = Array.from({ length: 12 }, (_, n) => at(start + 24 * HOUR_MS + n - 3, 'crowd'));
    const results = await Promise.all(crowd.map((event) => ingest(api.pool, [event])));
    assert.equal(results.filter(([result]) => result!.kind === 'accepted').length, 1);
  });
});
