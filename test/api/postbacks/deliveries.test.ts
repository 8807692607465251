// Deliveries over HTTP: what a list shows beside ids, its filters and orders, and a retry that
// waits for its attempt.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { newId } from '../../../store/db/ids.ts';
import { insertAttempts } from '../../../store/delivery/attempts.ts';
import { withApi, type TestApi } from '../../support/api.ts';
import { anAttempt } from '../../support/deliveries.ts';
import { eventually } from '../../support/eventually.ts';

type Body = Record<string, unknown> & { id: string };
type List = { data: Body[]; next_cursor: string | null };

let api: TestApi;
let key: string;
let operatorId: string;
let endpointId: string;
/** Deliveries of three sales, the oldest first. */
let ids: string[];

before(async () => {
  api = await withApi();
  ({ key, id: operatorId } = await api.newOperator());
  const post = async (path: string, body: object) =>
    (await api.call<Body>(`POST /v1/${path}`, { key, body })).body;
  const { id: affiliateId } = await post('affiliates', { name: 'Northwind' });
  const components = [{ kind: 'percent', on: 'sale', percent: '10' }];
  await post('deals', { name: 'd', terms: { components } });
  const url = 'http://127.0.0.1:9/?click={click_id}';
  ({ id: endpointId } = await post('endpoints', { affiliate_id: affiliateId, url }));
  const { click_id } = await post('clicks', { affiliate_id: affiliateId });
  for (const number of [1, 2, 3])
    await post('events', {
      event: 'sale',
      transaction_id: `t-${number}`,
      click_id,
      amount: `${number}0.00`,
      currency: 'USD',
    });
  await createSettle({ pool: api.pool }).settle({
    batchId: newId('bat'),
    owner: 'endpoint',
    operators: [{ operatorId, eventIds: api.accepted.map(({ id }) => id) }],
  });
  ids = (await list('order=oldest')).data.map(({ id }) => id);
  await api.pool.query(`update deliveries set last_error = 'http_404', tries = 1 where id = $1`, [ids[1]]);
});
after(() => api.close());

const list = async (query: string) => (await api.call<List>(`GET /v1/deliveries?${query}`, { key })).body;
const find = async (id: string) => (await api.call<Body>(`GET /v1/deliveries/${id}`, { key })).body;

describe('a delivery', () => {
  test('a delivery says its endpoint, its affiliate, its amount and its workflow in words', async () => {
    const shown = await find(ids[0]!);
    assert.deepEqual(
      [shown['endpoint_url'], shown['affiliate_name'], shown['payout_delta'], shown['payout_currency']],
      ['http://127.0.0.1:9/?click={click_id}', 'Northwind', '1.00', 'USD'],
    );
    const namespace = 'http://ui.example/namespaces/default/workflows';
    assert.equal(shown['workflow_url'], `${namespace}/${encodeURIComponent(`endpoint/${endpointId}`)}`);
  });

  test('a delivery links to the workflow that makes its next try, and to none without one', async () => {
    const urlAs = async (state: string, owner: string | null, predecessorId: string | null = null) => {
      await api.pool.query(
        `update deliveries set state = $2, owner = $3, predecessor_id = $4, batch_id = 'bat_x' where id = $1`,
        [ids[2], state, owner, predecessorId],
      );
      return decodeURIComponent(String((await find(ids[2]!))['workflow_url'])).split('workflows/')[1] ?? null;
    };
    assert.equal(await urlAs('retrying', 'self'), `delivery/${ids[2]}`);
    assert.equal(await urlAs('pending', 'batch'), 'conversions/bat_x');
    assert.equal(await urlAs('pending', 'predecessor', ids[1]), null);
    assert.equal(await urlAs('delivered', null), null);
    assert.equal(await urlAs('gave_up', null), `endpoint/${endpointId}`);
    assert.equal(await urlAs('pending', 'endpoint'), `endpoint/${endpointId}`);
  });
});

describe('pausing a delivery', () => {
  const act = async (id: string, action: string) => {
    const { status, body } = await api.call<Body>(`POST /v1/deliveries/${id}/${action}`, { key });
    return [status, body['pause_reason'], body['next_attempt_at'] === null];
  };
  const put = (id: string, owner: string, state: string) =>
    api.pool.query(
      `update deliveries set owner = $2, state = $3,
         next_attempt_at = now() + case when $2 = 'self' then interval '1 hour' else '0' end
       where id = $1`,
      [id, owner, state],
    );

  test('a paused delivery says why and has no next try, until it is resumed', async () => {
    await put(ids[2]!, 'self', 'retrying');
    assert.deepEqual(await act(ids[2]!, 'pause'), [200, 'paused over the API', true]);
    assert.deepEqual(await act(ids[2]!, 'pause'), [200, 'paused over the API', true]);
    assert.deepEqual(await act(ids[2]!, 'resume'), [200, null, false]);
    await act(ids[2]!, 'pause');
    assert.deepEqual(await act(ids[2]!, 'retry'), [200, null, true], 'it is due now');
  });

  test('a delivery that waits in the queue of its endpoint cannot be paused by itself', async () => {
    await put(ids[2]!, 'endpoint', 'held');
    for (const action of ['pause', 'resume']) assert.equal((await act(ids[2]!, action))[0], 422);
    assert.equal((await find(ids[2]!))['next_attempt_at'], null, 'a held delivery has a try in the past');
  });
});

describe('the next try of a held delivery', () => {
  const endpoint = (assignments: string) =>
    api.pool.query(`update endpoints set ${assignments} where id = $1`, [endpointId]);
  const next = async () => {
    const { next_attempt_at: at, next_reason: reason } = await find(ids[2]!);
    return { isLater: at !== null && Date.parse(at as string) > Date.now(), isNull: at === null, reason };
  };

  test('a held delivery says when its queue has a turn and why it waits, and never a time in the past', async () => {
    await api.pool.query(
      `update deliveries set owner = 'endpoint', state = 'held', next_cause = null,
         next_attempt_at = now() - interval '1 day' where id = $1`,
      [ids[2]],
    );
    assert.deepEqual(await next(), {
      isLater: false,
      isNull: true,
      reason: "in the endpoint's queue, due now",
    });
    await endpoint(
      `failures_in_a_row = 10, failing_since = '2026-11-01T00:00:00Z', next_turn_at = now() + interval '5 minutes'`,
    );
    const down = await next();
    assert.deepEqual(
      [down.isLater, down.reason],
      [true, 'the endpoint is down, failing since 2026-11-01T00:00:00.000Z: a probe must succeed first'],
    );
    await endpoint(`state = 'paused', state_reason = 'switched by hand'`);
    const paused = await next();
    assert.deepEqual(
      [paused.isNull, paused.reason],
      [true, 'the endpoint is paused (switched by hand): resume it'],
    );
    await endpoint(
      `state = 'active', state_reason = null, failures_in_a_row = 0, failing_since = null, next_turn_at = null`,
    );
  });
});

describe('the list of deliveries', () => {
  test('the list of deliveries finds those with one error', async () => {
    assert.deepEqual(
      (await list('last_error=http_404')).data.map(({ id }) => id),
      [ids[1]],
    );
    assert.deepEqual((await list('last_error=timeout')).data, []);
  });

  test('the list of deliveries goes from the oldest to the newest, page by page, if asked to', async () => {
    const first = await list('order=oldest&limit=2');
    const second = await list(`order=oldest&limit=2&cursor=${first.next_cursor}`);
    assert.deepEqual(
      [...first.data, ...second.data].map(({ id }) => id),
      [...ids].sort(),
    );
    assert.equal(second.next_cursor, null);
    assert.deepEqual(
      (await list('order=newest')).data.map(({ id }) => id),
      [...ids].sort().reverse(),
    );
  });
});

describe('a retry that waits', () => {
  const retry = (id: string, seconds: number) =>
    api.call<Body>(`POST /v1/deliveries/${id}/retry`, { key, headers: { prefer: `wait=${seconds}` } });

  test('a retry that waits answers with the attempt as soon as it is made', async () => {
    const answer = retry(ids[0]!, 10);
    await eventually('the retry to be taken', async () => (await find(ids[0]!))['next_cause'] === 'manual');
    const attempt = { operatorId, deliveryId: ids[0]!, endpointId, cause: 'manual' } as const;
    await insertAttempts(api.pool, [anAttempt({ ...attempt, statusCode: 503, errorClass: 'http_503' })]);
    const { status, headers, body } = await answer;
    assert.deepEqual([status, headers.get('preference-applied')], [200, 'wait=10']);
    const attempts = body['attempts'] as Body[];
    assert.deepEqual(
      attempts.map(({ cause, status_code: code }) => [cause, code]),
      [['manual', 503]],
    );
  });

  test('a retry that waited in vain answers with the delivery as it is', async () => {
    const { status, headers, body } = await retry(ids[0]!, 1);
    assert.deepEqual([status, headers.get('preference-applied')], [200, null]);
    assert.equal((body['attempts'] as Body[]).length, 1);
  });
});
