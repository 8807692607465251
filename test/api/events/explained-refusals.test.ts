// Refusals that say what to do: unknown names of events, events sent before with other content, and
// wrong types of values.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { aboutUnknownEvent, eventNamed } from '../../../domain/event-names.ts';
import { withApi, type TestApi } from '../../support/api.ts';

type Issue = { path: string; code: string; message: string };
type Failure = { error: { code: string; message: string; issues?: Issue[] } };

let api: TestApi;
let key: string;
before(async () => {
  api = await withApi();
  ({ key } = await api.newOperator());
  await api.call('POST /v1/event-types', { key, body: { name: 'First_Money', standard: 'ftd' } });
});
after(() => api.close());

const post = (body: object) =>
  api.call<Failure & { id: string; status: string }>('POST /v1/events', { key, body });

describe('names of events', () => {
  test('an event is taken in any case of its name, of the operator’s own names too', async () => {
    const first = await post({ event: 'FTD', customer_id: 'anna' });
    assert.equal(first.status, 202, JSON.stringify(first.body));
    for (const event of ['ftd', 'Ftd', 'first_money', 'FIRST_MONEY']) {
      const again = await post({ event, customer_id: 'anna' });
      assert.deepEqual([again.status, again.body.id], [200, first.body.id], event);
    }
    const trace = await api.call<{ event: { event: string } }>(`GET /v1/events/${first.body.id}`, { key });
    assert.equal(trace.body.event.event, 'ftd');
    const byQuery = await api.call<{ id: string }>(`GET /postback?key=${key}&event=FTD&customer_id=anna`);
    assert.equal(byQuery.body.id, first.body.id);
  });

  test('an unknown event names the nearest one and all that are known', async () => {
    for (const [event, nearest] of [
      ['first_deposit', 'ftd'],
      ['regisration', 'registration'],
      ['Sales', 'sale'],
      ['charge_back', 'chargeback'],
      ['first_mony', 'First_Money'],
    ] as const) {
      const { status, body } = await post({ event, customer_id: 'anna' });
      assert.deepEqual([status, body.error.code], [400, 'unknown_event']);
      const [issue] = body.error.issues!;
      assert.match(issue!.message, new RegExp(`did you mean ${nearest}\\?`), event);
      for (const known of ['registration', 'chargeback_won', 'First_Money'])
        assert.ok(issue!.message.includes(known), `${event} ${known}`);
    }
    const { body } = await post({ event: 'party', customer_id: 'anna' });
    assert.doesNotMatch(body.error.message, /did you mean/);
  });

  test('names of events that JavaScript has of its own are unknown', () => {
    for (const name of ['constructor', '__proto__', 'toString', ''])
      assert.equal(eventNamed(name, new Map()), undefined, name);
    assert.match(aboutUnknownEvent('x'.repeat(300), new Map()), /^is not an event we know\. Known are /);
  });
});

describe('an event that was sent before with other content', () => {
  const sale = {
    event: 'sale',
    transaction_id: 't-1',
    customer_id: 'anna',
    amount: '10.00',
    currency: 'USD',
    metadata: { a: 1, b: 2 },
  };

  test('is refused with the fields that differ, and no others', async () => {
    assert.equal((await post(sale)).status, 202);
    for (const [change, fields] of [
      [{ amount: '11.00' }, ['amount']],
      [{ currency: 'EUR', sub1: 'x' }, ['currency', 'sub1']],
      [{ metadata: { b: 2, a: 3 } }, ['metadata']],
      [{ occurred_at: '2026-01-01T00:00:00Z' }, ['occurred_at']],
    ] as const) {
      const { status, body } = await post({ ...sale, ...change });
      assert.equal(status, 409);
      assert.deepEqual(
        body.error.issues!.map(({ path, code }) => [path, code]),
        fields.map((field) => [field, 'differs']),
      );
      assert.match(body.error.message, new RegExp(`with another ${fields.join(', ')}, as evt_`));
    }
    assert.equal((await post({ ...sale, metadata: { b: 2, a: 1 } })).body.status, 'duplicate');
  });

  test('in a batch has the fields of each', async () => {
    const events = [
      { ...sale, transaction_id: 't-2' },
      { ...sale, transaction_id: 't-2', amount: '12.00' },
      { ...sale, customer_id: 'ben' },
    ];
    const { body } = await api.call<{ results: { error?: Failure['error'] }[] }>('POST /v1/events/batch', {
      key,
      body: { events },
    });
    assert.deepEqual(
      body.results.map(({ error }) => error?.issues?.map(({ path }) => path)),
      [undefined, ['amount'], ['customer_id']],
    );
  });
});

test('a value of a wrong type is refused in words that say what to send', async () => {
  const messageOf = async (request: string, body: object) =>
    (await api.call<Failure>(request, { key, body })).body.error.message;
  const deal = (component: object) => ({ name: 'd', terms: { components: [component] } });
  assert.match(
    await messageOf('POST /v1/deals', deal({ kind: 'cpa', on: 'ftd', amount: 100 })),
    /must be text: send "100"$/,
  );
  assert.equal(await messageOf('POST /v1/affiliates', { name: ['x'] }), 'name: must be text');
  assert.match(
    await messageOf('POST /v1/affiliates', { name: 'x', state: 'gone' }),
    /^state: must be one of active, suspended, closed$/,
  );
  assert.equal(
    await messageOf('PATCH /v1/operator', { click_window_days: 0 }),
    'click_window_days: must be at least 1',
  );
  assert.equal(
    await messageOf('PATCH /v1/operator', { require_signature: 'yes' }),
    'require_signature: must be true or false',
  );
  assert.equal(
    await messageOf('POST /v1/api-keys', { name: 'k', scopes: [] }),
    'scopes: must have at least 1 item',
  );
});

test('no refusal of a wrong value has the words of the library that found it', async () => {
  const { body: document } = await api.call<{
    paths: Record<string, Record<string, { requestBody?: unknown; 'x-scope'?: string }>>;
  }>('GET /openapi.json');
  const values = [7, 'x', null, true, [], [7], {}, -1, 1.5, 'x'.repeat(5000)];
  let refused = 0;
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, { requestBody, 'x-scope': scope }] of Object.entries(methods)) {
      const media = (
        requestBody as { content?: Record<string, { schema: { properties?: object; $ref?: string } }> }
      )?.content?.['application/json'];
      if (media === undefined || path.includes('{') || scope !== 'manage') continue;
      for (const field of Object.keys(media.schema.properties ?? {}))
        for (const value of values) {
          const { status, body } = await api.call<Failure>(`${method.toUpperCase()} ${path}`, {
            key,
            body: JSON.stringify({ [field]: value }),
            headers: { 'content-type': 'application/json' },
          });
          if (status !== 400) continue;
          refused++;
          assert.doesNotMatch(
            JSON.stringify(body.error),
            /Invalid|expected|received|Too (small|big)/,
            `${path} ${field}`,
          );
        }
    }
  assert.ok(refused > 200, `${refused} were refused`);
});
