// Tests of POST /v1/events and /v1/events/batch: answers, idempotency, validation.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { withApi, type Answer, type TestApi } from '../../support/api.ts';
import { eventually } from '../../support/eventually.ts';

type Failure = { error: { code: string; request_id: string; issues?: { path: string; code: string }[] } };
type Accepted = { id: string; status: string };

let api: TestApi;
let key: string;
let operatorId: string;

before(async () => {
  api = await withApi();
  ({ key, id: operatorId } = await api.newOperator());
});
after(() => api.close());

let count = 0;
const sale = (more: object = {}) => ({
  event: 'sale',
  transaction_id: `t-${++count}`,
  customer_id: 'c-1',
  ...more,
});

function send<Body = Accepted & Failure>(
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer<Body>> {
  return api.call<Body>('POST /v1/events', { key, body, headers });
}

/** The issues of a refused event, as `path code`. */
async function issuesOf(event: unknown): Promise<string[]> {
  const { status, body } = await send(event);
  assert.equal(status, 400, JSON.stringify(body));
  return body.error.issues?.map(({ path, code }) => `${path} ${code}`.trim()) ?? [];
}

describe('an event', () => {
  test('an event is accepted with an id, and any repeat in any form is a duplicate', async () => {
    const first = await send({
      ...sale(),
      amount: '500.00',
      currency: 'USD',
      occurred_at: '2026-11-22T10:00:00Z',
    });
    assert.equal(first.status, 202);
    assert.equal(first.body.status, 'accepted');
    assert.match(first.body.id, /^evt_/);
    const again = {
      amount: 500,
      currency: 'usd',
      occurred_at: 1_795_341_600,
      transaction_id: `t-${count}`,
      customer_id: 'c-1',
      event: 'sale',
    };
    const second = await send(again);
    assert.deepEqual([second.status, second.body], [200, { id: first.body.id, status: 'duplicate' }]);
    assert.deepEqual(
      api.accepted.filter(({ id }) => id === first.body.id),
      api.accepted.slice(-1),
    );
  });

  test('an event is answered only once it is committed', async () => {
    const other = await api.pool.connect();
    await other.query('begin; lock table events in share row exclusive mode');
    let isAnswered = false;
    const answer = send(sale()).finally(() => (isAnswered = true));
    await eventually('the insert to wait', async () => {
      const { rows } = await other.query(
        `select from pg_locks where relation = 'events'::regclass and not granted`,
      );
      return rows.length > 0;
    });
    const wasAnswered = isAnswered;
    await other.query('rollback');
    other.release();
    assert.equal((await answer).status, 202);
    assert.equal(wasAnswered, false);
  });

  test('an event with the key of another and different content is a conflict, and both are stored', async () => {
    const event = sale({ amount: '10.00', currency: 'USD', metadata: { order: 1, lines: [1, 2] } });
    const { body } = await send(event);
    const same = await send({ ...event, metadata: { lines: [1, 2], order: 1 } });
    assert.equal(same.body.status, 'duplicate');
    const other = await send({ ...event, amount: '10.01' });
    assert.deepEqual([other.status, other.body.error.code], [409, 'conflict']);
    const { rows } = await api.pool.query(
      `select from event_conflicts where operator_id = $1 and event_id = $2`,
      [operatorId, body.id],
    );
    assert.equal(rows.length, 1);
  });

  test('an event is refused with all its issues at once', async () => {
    const event = {
      event: 'sale',
      click_id: 'c\u0000',
      amount: '1.005',
      currency: 'USD',
      volume: -1,
      sub1: 7,
      colour: 'red',
    };
    assert.deepEqual((await issuesOf(event)).sort(), [
      'amount too_precise',
      'click_id invalid_format',
      'colour unknown_field',
      'sub1 invalid_type',
      'volume negative',
    ]);
  });

  for (const [name, event, expected] of [
    ['without a name', { customer_id: 'c' }, ['event required']],
    ['with an unknown name', { event: 'party', customer_id: 'c' }, ['event unknown_event']],
    [
      'without a transaction id where one is needed',
      { event: 'deposit', customer_id: 'c' },
      ['transaction_id transaction_id_required'],
    ],
    [
      'without click and customer',
      { event: 'sale', transaction_id: 't' },
      ['click_id click_or_customer_required'],
    ],
    ['with an amount and no currency', sale({ amount: '1' }), ['currency currency_required']],
    ['in an unknown currency', sale({ amount: '1', currency: 'XXQ' }), ['currency unknown_currency']],
    ['with a fraction of a yen', sale({ amount: '1.5', currency: 'JPY' }), ['amount too_precise']],
    ['with a negative amount', sale({ amount: '-1', currency: 'USD' }), ['amount negative']],
    ['with an amount in words', sale({ amount: '1e3', currency: 'USD' }), ['amount invalid_decimal']],
    ['with a sum of floats', sale({ amount: 0.1 + 0.2, currency: 'USD' }), ['amount too_precise']],
    ['with a number that JSON rounded', sale({ amount: 2 ** 53, currency: 'JPY' }), ['amount too_large']],
    ['with a hundred-thousandth of a lot', sale({ volume: '0.00001' }), ['volume too_precise']],
    [
      'that refunds without a reference',
      { event: 'refund', transaction_id: 'r', customer_id: 'c' },
      ['reference reference_required'],
    ],
    [
      'that wins a chargeback without a reference',
      { event: 'chargeback_won', transaction_id: 'r' },
      ['reference reference_required'],
    ],
    ['on 30 February', sale({ occurred_at: '2026-02-30T00:00:00Z' }), ['occurred_at invalid_time']],
    ['at 24 o’clock', sale({ occurred_at: '2026-11-01T24:00:00Z' }), ['occurred_at invalid_time']],
    [
      'at a time without its offset',
      sale({ occurred_at: '2026-02-20T00:00:00' }),
      ['occurred_at invalid_time'],
    ],
    [
      'with a time in epoch milliseconds',
      sale({ occurred_at: 1_795_341_600_000 }),
      ['occurred_at invalid_time'],
    ],
    ['with half a surrogate pair', sale({ coupon: 'x\ud800' }), ['coupon invalid_format']],
    ['with an id of 256 characters', sale({ customer_id: 'x'.repeat(256) }), ['customer_id invalid_format']],
    ['with deeply nested metadata', sale({ metadata: nested(100) }), ['metadata invalid_format']],
    ['that is a list', [], ['invalid_type']],
  ] as const) {
    test(`an event ${name} is refused`, async () => {
      assert.deepEqual(await issuesOf(event), expected);
    });
  }

  test('an event with an unknown name is refused with the code unknown_event', async () => {
    assert.equal((await send({ event: 'party', customer_id: 'c' })).body.error.code, 'unknown_event');
  });

  for (const [name, event] of [
    ['an amount as a number with decimals', sale({ amount: 500.5, currency: 'USD' })],
    ['a negative revenue', { ...sale({ amount: -12.34, currency: 'EUR' }), event: 'revenue' }],
    ['a registration by its customer alone', { event: 'registration', customer_id: 'only-me' }],
    ['a registration by its click alone', { event: 'registration', click_id: 'only-this' }],
    [
      'a chargeback by its reference alone',
      { event: 'chargeback', transaction_id: 'cb-1', reference: 't-1' },
    ],
    [
      'a refund of what is keyed by customer, by its type',
      {
        event: 'refund',
        transaction_id: 'rf-1',
        customer_id: 'c',
        reference_event: 'ftd',
        amount: '5.00',
        currency: 'USD',
      },
    ],
    ['null in optional fields', sale({ click_id: null, sub1: null, metadata: null })],
    ['an id of 255 emoji', sale({ customer_id: '😀'.repeat(255) })],
    ['metadata with a NUL and half a surrogate pair', sale({ metadata: { text: '\u0000\ud800' } })],
  ] as const) {
    test(`an event is accepted: ${name}`, async () => {
      const { status, body } = await send(event);
      assert.equal(status, 202, JSON.stringify(body));
    });
  }

  test('an event without a transaction id is a new event each time with accept_each', async () => {
    const generous = await api.newOperator();
    await api.call('PATCH /v1/operator', {
      key: generous.key,
      body: { without_transaction_id: 'accept_each' },
    });
    const body = { event: 'trade', customer_id: 'c', volume: '1.5' };
    const [one, other] = [
      await api.call<Accepted>('POST /v1/events', { key: generous.key, body }),
      await api.call<Accepted>('POST /v1/events', { key: generous.key, body }),
    ];
    assert.deepEqual([one.body.status, other.body.status], ['accepted', 'accepted']);
    assert.notEqual(one.body.id, other.body.id);
  });

  test('an accepted event is returned as it was sent, not settled yet', async () => {
    const sent = sale({
      amount: 12.5,
      currency: 'eur',
      sub3: 'ä',
      occurred_at: '2026-01-02T03:04:05+01:00',
      metadata: { a: [1, { b: null }] },
    });
    const { body } = await send(sent);
    const trace = await api.call(`GET /v1/events/${body.id}`, { key });
    const { received_at: receivedAt, sent_by: _sentBy, ...rest } = trace.body;
    assert.equal(typeof receivedAt, 'string');
    assert.deepEqual(rest, {
      id: body.id,
      status: 'accepted',
      event: { ...sent, amount: '12.50', currency: 'EUR', occurred_at: '2026-01-02T02:04:05.000Z' },
      attribution: null,
      considered: [],
      commissions: [],
      transfers: [],
      deliveries: [],
      exchange_rates: [],
      workflow_id: null,
      workflow_url: null,
    });
  });

  test('an event that is not settled within the wait is answered 202', async () => {
    const { status, body } = await send(sale(), { prefer: 'wait=1' });
    assert.deepEqual([status, body.status], [202, 'accepted']);
  });
});

describe('a batch', () => {
  type Results = { results: { index: number; status: string; id?: string; error?: { code: string } }[] };

  test('a batch is answered with a result for each event, in order', async () => {
    const event = sale();
    const events = [event, { event: 'party' }, event, { ...event, coupon: 'other' }, 7];
    const { status, body } = await api.call<Results>('POST /v1/events/batch', { key, body: { events } });
    assert.equal(status, 200);
    const seen = body.results.map((result) => [result.index, result.status, result.error?.code]);
    assert.deepEqual(seen, [
      [0, 'accepted', undefined],
      [1, 'invalid', 'unknown_event'],
      [2, 'duplicate', undefined],
      [3, 'conflict', 'conflict'],
      [4, 'invalid', 'invalid_request'],
    ]);
    assert.equal(body.results[2]?.id, body.results[0]?.id);
  });

  test('a batch may be lines of JSON, where an invalid line is refused by itself', async () => {
    const lines = `${JSON.stringify(sale())}\n\n{"event":\r\n${JSON.stringify(sale())}`;
    const headers = { 'content-type': 'application/x-ndjson' };
    const { body } = await api.call<Results>('POST /v1/events/batch', { key, body: lines, headers });
    assert.deepEqual(
      body.results.map((result) => result.status),
      ['accepted', 'invalid', 'accepted'],
    );
  });

  test('a batch of 1,001 events is refused, and one of 1,000 accepted', async () => {
    const thousand = Array.from({ length: 1000 }, () => sale());
    const tooMany = await api.call<Failure>('POST /v1/events/batch', {
      key,
      body: { events: [...thousand, sale()] },
    });
    assert.deepEqual([tooMany.status, tooMany.body.error.issues?.[0]?.path], [400, 'events']);
    const { body } = await api.call<Results>('POST /v1/events/batch', { key, body: { events: thousand } });
    assert.equal(body.results.filter((result) => result.status === 'accepted').length, 1000);
  });
});

test('the list of events is filtered and returned page by page', async () => {
  const own = await api.newOperator();
  const events = [1, 2, 3, 4, 5].map((n) => ({
    event: 'kyc',
    customer_id: `p-${n}`,
    occurred_at: `2026-0${n}-01T00:00:00Z`,
  }));
  await api.call('POST /v1/events/batch', { key: own.key, body: { events } });
  type List = { data: { event: { customer_id: string } }[]; next_cursor: string | null };
  const list = async (query: string) =>
    (await api.call<List>(`GET /v1/events?${query}`, { key: own.key })).body;
  const names = ({ data }: List) => data.map(({ event }) => event.customer_id);
  const first = await list('limit=3');
  assert.deepEqual(names(first), ['p-5', 'p-4', 'p-3']);
  const rest = await list(`limit=3&cursor=${first.next_cursor}`);
  assert.deepEqual([names(rest), rest.next_cursor], [['p-2', 'p-1'], null]);
  assert.deepEqual(names(await list('customer_id=p-2')), ['p-2']);
  assert.deepEqual(names(await list('from=2026-02-01T00:00:00Z&to=2026-04-01T00:00:00Z')), ['p-3', 'p-2']);
  assert.deepEqual(names(await list('status=settled')), []);
  assert.deepEqual(names(await list('status=accepted&event=kyc&limit=1')), ['p-5']);
});

test('the trace of an event names the request that brought it first, and its key', async () => {
  const made = await api.call<{ id: string; api_key: string }>('POST /v1/api-keys', {
    key,
    body: { name: 'tracker', scopes: ['events:write'] },
  });
  const sentBy = async (id: string) =>
    (await api.call<{ sent_by: unknown }>(`GET /v1/events/${id}`, { key })).body.sent_by;
  const expected = (requestId: string) => ({
    request_id: requestId,
    key_id: made.body.id,
    key_name: 'tracker',
  });
  const body = sale({ amount: '1.00', currency: 'USD' });
  const options = { key: made.body.api_key, headers: { 'x-request-id': 'of-the-sender' }, body };
  const { body: sent } = await api.call<Accepted>('POST /v1/events', options);
  assert.equal((await send(body, { 'x-request-id': 'again' })).body.status, 'duplicate');
  assert.deepEqual(await sentBy(sent.id), expected('of-the-sender'));

  const query = new URLSearchParams({
    key: made.body.api_key,
    event: 'sale',
    transaction_id: `t-${++count}`,
  });
  const answer = await fetch(`${api.url}/postback?${query.toString()}&customer_id=c-1&amount=1&currency=USD`);
  const { id } = (await answer.json()) as Accepted;
  assert.deepEqual(await sentBy(id), expected(answer.headers.get('x-request-id')!));
});

test('pages of a list show every row once while rows are added', async () => {
  const own = await api.newOperator();
  const add = async (): Promise<string> => {
    const event = { event: 'kyc', customer_id: `page-${++count}` };
    return (await api.call<Accepted>('POST /v1/events', { key: own.key, body: event })).body.id;
  };
  const added: string[] = [];
  for (let n = 0; n < 5; n++) added.unshift(await add());
  const shown: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    type List = { data: { id: string }[]; next_cursor: string | null };
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const { body } = await api.call<List>(`GET /v1/events?limit=2${query}`, { key: own.key });
    shown.push(...body.data.map(({ id }) => id));
    cursor = body.next_cursor;
    await add();
  }
  assert.deepEqual(shown, added);
});

function nested(levels: number): object {
  let inner: object = {};
  for (let i = 0; i < levels; i++) inner = { inner };
  return inner;
}
