// Replays and notices over HTTP, with Temporal away: the row is kept, and the sweep would start it.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { newId } from '../../../store/db/ids.ts';
import { withApi, type TestApi } from '../../support/api.ts';

type Body = Record<string, unknown> & { id: string };

let api: TestApi;
let key: string;
let operatorId: string;
let endpointId: string;
let affiliateId: string;

/** Three deliveries that were given up. */
before(async () => {
  api = await withApi();
  ({ key, id: operatorId } = await api.newOperator());
  const post = async (path: string, body: object) =>
    (await api.call<Body>(`POST /v1/${path}`, { key, body })).body;
  affiliateId = (await post('affiliates', { name: 'Replayed' })).id;
  await post('deals', {
    name: 'd',
    affiliate_id: affiliateId,
    terms: { components: [{ kind: 'percent', on: 'sale', percent: '10' }] },
  });
  endpointId = (await post('endpoints', { affiliate_id: affiliateId, url: 'http://127.0.0.1:9/' })).id;
  const { click_id } = await post('clicks', { affiliate_id: affiliateId });
  for (const number of [1, 2, 3])
    await post('events', {
      event: 'sale',
      transaction_id: `t-${number}`,
      click_id,
      amount: '10.00',
      currency: 'USD',
    });
  const eventIds = api.accepted.map(({ id }) => id);
  await createSettle({ pool: api.pool }).settle({
    batchId: newId('bat'),
    owner: 'batch',
    operators: [{ operatorId, eventIds }],
  });
  await api.pool.query(
    `update deliveries set state = 'gave_up', owner = null, tries = 10, finished_at = now()`,
  );
});
after(() => api.close());

const replay = (body: object) => api.call<Body>('POST /v1/replays', { key, body });

describe('a replay', () => {
  test('a replay is stored with its number of matching deliveries, listed, shown and cancelled', async () => {
    const { status, body } = await replay({ endpoint_id: endpointId, rate_per_second: 2.5 });
    assert.deepEqual(
      [status, body['total'], body['released'], body['state'], body['states'], body['rate_per_second']],
      [202, 3, 0, 'running', ['gave_up'], 2.5],
    );
    assert.match(body.id, /^rpl_/);
    const found = (await api.call<Body>(`GET /v1/replays/${body.id}`, { key })).body;
    assert.deepEqual(
      [found['state'], found['delivered'], found['waiting'], found['gave_up']],
      ['running', 0, 3, 0],
    );
    const list = (await api.call<{ data: Body[] }>('GET /v1/replays?limit=1', { key })).body;
    assert.deepEqual(
      list.data.map(({ id }) => id),
      [body.id],
    );
    for (let twice = 0; twice < 2; twice++) {
      const cancelled = await api.call<Body>(`DELETE /v1/replays/${body.id}`, { key });
      assert.deepEqual([cancelled.status, cancelled.body['state']], [200, 'cancelled']);
    }
  });

  test('a replay as dry run returns the number of matching deliveries and starts nothing', async () => {
    const { status, body } = await replay({ affiliate_id: affiliateId, dry_run: true });
    assert.deepEqual([status, body['total'], body['state'], body['dry_run']], [202, 3, 'done', true]);
    assert.equal((await api.call(`DELETE /v1/replays/${body.id}`, { key })).status, 422);
    const { rows } = await api.pool.query(`select from deliveries where state = 'gave_up'`);
    assert.equal(rows.length, 3);
  });

  test('replays are listed by the endpoint that they were for, with or without dry runs', async () => {
    const dryRun = await replay({ endpoint_id: endpointId, dry_run: true });
    const ofAffiliate = await replay({ affiliate_id: affiliateId, dry_run: true });
    const ids = async (query: string) => {
      const { body } = await api.call<{ data: Body[] }>(`GET /v1/replays?${query}`, { key });
      return body.data.map(({ id }) => id);
    };
    assert.deepEqual((await ids('limit=2')).toSorted(), [dryRun.body.id, ofAffiliate.body.id].toSorted());
    const ofEndpoint = await ids(`endpoint_id=${endpointId}`);
    assert.ok(ofEndpoint.includes(dryRun.body.id) && !ofEndpoint.includes(ofAffiliate.body.id));
    const real = await ids(`endpoint_id=${endpointId}&dry_run=false`);
    assert.ok(real.length === 1 && !real.includes(dryRun.body.id), String(real));
    assert.ok((await ids('dry_run=true')).every((id) => !real.includes(id)));
  });

  test('a replay of another operator, or with an unknown id, is not found', async () => {
    const { body } = await replay({ dry_run: true });
    const stranger = await api.newOperator();
    for (const method of ['GET', 'DELETE'])
      assert.equal((await api.call(`${method} /v1/replays/${body.id}`, { key: stranger.key })).status, 404);
    assert.equal((await api.call(`GET /v1/replays/${newId('rpl')}`, { key })).status, 404);
  });

  test('a replay with an invalid filter is refused with the path', async () => {
    const cases: [object, string, string][] = [
      [{ states: ['cancelled'] }, 'states.0', 'not_an_option'],
      [{ states: [] }, 'states', 'too_small'],
      [{ from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }, 'to', 'invalid_time'],
      [{ rate_per_second: 0 }, 'rate_per_second', 'too_small'],
      [{ endpoint_id: newId('ep') }, 'endpoint_id', 'unknown_endpoint'],
      [{ affiliate_id: newId('aff') }, 'affiliate_id', 'unknown_affiliate'],
      [{ everything: true }, 'everything', 'unknown_field'],
    ];
    for (const [body, path, code] of cases) {
      const answer = await api.call<{ error: { issues: { path: string; code: string }[] } }>(
        'POST /v1/replays',
        { key, body },
      );
      const { issues } = answer.body.error;
      assert.deepEqual([answer.status, issues[0]?.path, issues[0]?.code], [400, path, code]);
    }
  });
});

test('enabling a disabled endpoint returns the replay of its missed deliveries', async () => {
  await api.pool.query(
    `update endpoints set state = 'disabled', failures_in_a_row = 12, failing_since = now() where id = $1`,
    [endpointId],
  );
  const down = (await api.call<Body>(`GET /v1/endpoints/${endpointId}`, { key })).body;
  assert.deepEqual([down['breaker'], down['failures_in_a_row'], down['waiting']], ['open', 12, 0]);
  const { status, body } = await api.call<
    Body & { offer: { held: number; missed: number; replay: { method: string; path: string; body: object } } }
  >(`POST /v1/endpoints/${endpointId}/enable`, { key });
  assert.deepEqual(
    [status, body['state'], body['breaker'], body.offer.held, body.offer.missed],
    [200, 'active', 'closed', 0, 3],
  );
  const { method, path, body: filter } = body.offer.replay;
  const taken = await api.call<Body>(`${method} ${path}`, { key, body: filter });
  assert.deepEqual([taken.status, taken.body['total']], [202, 3]);
});
