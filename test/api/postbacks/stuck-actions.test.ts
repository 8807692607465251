// Actions on everything that is stuck over HTTP, with Temporal away: the row is kept, and the sweep
// would start it.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { newId } from '../../../store/db/ids.ts';
import { stepBulkAction } from '../../../store/delivery/bulk-steps.ts';
import { withApi, type TestApi } from '../../support/api.ts';
import { ago, withSettledBroker, type SettledBroker } from '../../support/settled-broker.ts';

type Action = Record<string, unknown> & {
  id: string;
  state: string;
  total: number;
  done: number;
  refused: number;
  refusals: { reason: string; count: number }[];
};
type Failure = { error: { code: string; issues: { path: string; code: string }[] } };

let api: TestApi;
let broker: SettledBroker;
let affiliateId: string;
let endpointId: string;

/** Three postbacks: two given up after a 404, one held. */
before(async () => {
  api = await withApi();
  broker = await withSettledBroker(api, { components: [{ kind: 'percent', on: 'sale', percent: '10' }] });
  affiliateId = await broker.affiliate();
  const click = await broker.click(affiliateId, ago(5));
  for (const number of [1, 2, 3])
    await broker.send({ event: 'sale', transaction_id: `t-${number}`, click_id: click, amount: '10.00' });
  await api.pool.query(
    `update deliveries set state = 'gave_up', owner = null, finished_at = now(), last_error = 'http_404'
     where id <> (select max(id) from deliveries)`,
  );
  await api.pool.query(`update deliveries set state = 'held', owner = 'endpoint' where state <> 'gave_up'`);
  const { rows } = await api.pool.query<{ id: string }>(`select id from endpoints`);
  endpointId = rows[0]!.id;
});
after(() => api.close());

const post = <Answered = Action>(path: string, body?: object) =>
  broker.call<Answered>(`POST /v1/stuck/${path}`, body);
const run = (id: string) => stepBulkAction(api.pool, broker.operatorId, id);
const find = async (id: string) => (await broker.call<Action>(`GET /v1/stuck/actions/${id}`)).body;

describe('an action on everything that is stuck', () => {
  test('an action is taken with its number, and shows its progress, its refusals and its workflow', async () => {
    const { status, body } = await post('acknowledge', { endpoint_id: endpointId });
    assert.deepEqual(
      [status, body.state, body.total, body.done, body['action'], body['endpoint_id']],
      [202, 'running', 3, 0, 'acknowledge', endpointId],
    );
    assert.match(body.id, /^act_/);
    const workflow = `http://ui.example/namespaces/default/workflows/${encodeURIComponent(`stuck/${body.id}`)}`;
    assert.equal(body['workflow_url'], workflow);
    await run(body.id);
    const acted = await find(body.id);
    assert.deepEqual(
      [acted.state, acted.done, acted.refused, acted.refusals, acted['skipped']],
      ['done', 2, 1, [{ reason: 'not_given_up', count: 1 }], 0],
    );
    await api.pool.query(`update deliveries set acknowledged_at = null`);
  });

  test('an action says what it joined, and skips what is stuck no more: all add up', async () => {
    const { body } = await post('retry', { all: true });
    await api.pool.query(
      `update deliveries set sending_until = now() + interval '9 seconds' where state = 'held'`,
    );
    await api.pool.query(
      `update deliveries set state = 'delivered' where id = (select min(id) from deliveries)`,
    );
    await run(body.id);
    const { total, done, joined, refused, skipped } = await find(body.id);
    assert.deepEqual(
      { total, done, joined, refused, skipped },
      {
        total: 3,
        done: 1,
        joined: 1,
        refused: 0,
        skipped: 1,
      },
    );
    await api.pool.query(
      `update deliveries set state = 'gave_up', owner = null, finished_at = now(), last_error = 'http_404'
       where state <> 'held'`,
    );
    await api.pool.query(`update deliveries set sending_until = null`);
  });

  test('an action refuses a filter in the query that is wrong, whatever the body says', async () => {
    const { status, body } = await post('acknowledge?state=AAA', { state: 'gave_up', dry_run: true });
    assert.deepEqual([status, body['error'] !== undefined], [400, true]);
  });

  test('an action takes the filter in the query as well, as a dry run that only counts', async () => {
    const totals = await Promise.all(
      [
        post('retry?last_error=http_404', { dry_run: true }),
        post('give-up', { state: 'held', dry_run: true }),
        post('acknowledge', { reason: 'http_404', affiliate_id: affiliateId, dry_run: true }),
        post('pause', { all: true, dry_run: true }),
      ].map(async (answer) => {
        const { status, body } = await answer;
        return [status, body['action'], body.total, body.state, body['dry_run'], body['workflow_url']];
      }),
    );
    assert.deepEqual(totals, [
      [202, 'retry', 2, 'done', true, null],
      [202, 'give_up', 1, 'done', true, null],
      [202, 'acknowledge', 2, 'done', true, null],
      [202, 'pause', 1, 'done', true, null],
    ]);
    const { body } = await broker.call<{ total: { count: number } }>('GET /v1/stuck');
    assert.equal(body.total.count, 3, 'a dry run did something');
  });

  test('an action is refused without a filter, and with one that is wrong', async () => {
    const cases: [object | undefined, string, string][] = [
      [undefined, '', 'filter_required'],
      [{ dry_run: true }, '', 'filter_required'],
      [{ all: false }, 'all', 'not_an_option'],
      [{ state: 'delivered' }, 'state', 'not_an_option'],
      [{ endpoint_id: newId('ep') }, 'endpoint_id', 'unknown_endpoint'],
      [{ affiliate_id: newId('aff') }, 'affiliate_id', 'unknown_affiliate'],
      [{ everything: true }, 'everything', 'unknown_field'],
    ];
    for (const [body, path, code] of cases) {
      const answer = await post<Failure>('give-up', body);
      const [issue] = answer.body.error.issues;
      assert.deepEqual([answer.status, issue?.path, issue?.code], [400, path, code]);
    }
  });

  test('an action waits for its end where the caller prefers that', async () => {
    const answer = api.call<Action>('POST /v1/stuck/acknowledge', {
      key: broker.key,
      headers: { prefer: 'wait=10' },
      body: { state: 'gave_up' },
    });
    for (let running = 0; running === 0;) {
      const { rows } = await api.pool.query<{ id: string }>(
        `select id from stuck_actions where state = 'running'`,
      );
      for (const { id } of rows) await run(id);
      running = rows.length;
    }
    const { status, headers, body } = await answer;
    assert.deepEqual(
      [status, headers.get('preference-applied'), body.state, body.done],
      [202, 'wait=10', 'done', 2],
    );
    await api.pool.query(`update deliveries set acknowledged_at = null`);
  });

  test('an action is listed, and cancelled while it runs', async () => {
    const { id } = (await post('give-up', { all: true })).body;
    const { data } = (await broker.call<{ data: Action[] }>('GET /v1/stuck/actions?limit=1')).body;
    assert.deepEqual(
      data.map((action) => action.id),
      [id],
    );
    const cancelled = await broker.call<Action>(`DELETE /v1/stuck/actions/${id}`);
    assert.deepEqual([cancelled.status, cancelled.body.state], [200, 'cancelled']);
    assert.equal((await run(id)).done, 0);
    const { id: done } = (await post('give-up', { all: true, dry_run: true })).body;
    assert.equal((await broker.call(`DELETE /v1/stuck/actions/${done}`)).status, 422);
  });

  test('an action is taken from keys that may manage, and of another operator is not found', async () => {
    const { api_key: reading } = await broker.made<{ api_key: string }>('POST /v1/api-keys', {
      name: 'reading',
      scopes: ['read'],
    });
    const body = { all: true, dry_run: true };
    assert.equal((await api.call('POST /v1/stuck/retry', { key: reading, body })).status, 403);
    const { id } = (await post('retry', body)).body;
    assert.equal((await api.call(`GET /v1/stuck/actions/${id}`, { key: reading })).status, 200);
    const stranger = await api.newOperator();
    for (const method of ['GET', 'DELETE'])
      assert.equal((await api.call(`${method} /v1/stuck/actions/${id}`, { key: stranger.key })).status, 404);
    const others = await api.call<Failure>('POST /v1/stuck/pause', {
      key: stranger.key,
      body: { endpoint_id: endpointId },
    });
    assert.deepEqual([others.status, others.body.error.issues[0]?.code], [400, 'unknown_endpoint']);
  });

  test('an action is no replay, and a replay is no action', async () => {
    const { id } = (await post('retry', { all: true, dry_run: true })).body;
    assert.equal((await broker.call(`GET /v1/replays/${id}`)).status, 404);
    const { body: replay } = await broker.call<{ id: string }>('POST /v1/replays', { dry_run: true });
    assert.equal((await broker.call(`GET /v1/stuck/actions/${replay.id}`)).status, 404);
  });
});
