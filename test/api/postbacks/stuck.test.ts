// Stuck postbacks in one call: groups by endpoint and by reason, filters, and what is left out.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { newId } from '../../../store/db/ids.ts';
import { withApi, type TestApi } from '../../support/api.ts';
import { withSettledBroker, type SettledBroker } from '../../support/settled-broker.ts';

type Group = {
  endpoint: { id: string; name: string | null; url: string } | null;
  affiliate: { id: string; name: string } | null;
  reason: string;
  reasons: { reason: string; count: number }[];
  pause_reason: string | null;
  endpoints: number;
  count: number;
  oldest_at: string;
  next_attempt_at: string | null;
  not_told: { currency: string; amount: string }[];
  workflow_url: string;
};
type Stuck = { data: Group[]; total: { groups: number; count: number; not_told: Group['not_told'] } };

let api: TestApi;
let broker: SettledBroker;
/** Endpoints: north with 4 postbacks, south with 2, and the operator’s own webhook with none. */
let ids: { north: string; south: string; own: string; northwind: string };

before(async () => {
  api = await withApi();
  broker = await withSettledBroker(api, { components: [{ kind: 'percent', on: 'sale', percent: '10' }] });
  const made = async (path: string, body: object) => (await broker.made(`POST /v1/${path}`, body)).id;
  const affiliate = async (name: string) => {
    const id = await made('affiliates', { name });
    const endpoint = { affiliate_id: id, url: `http://127.0.0.1:9/${name}?c={click_id}`, name: `of ${name}` };
    return { id, endpointId: await made('endpoints', endpoint), clickId: await broker.click(id, daysAgo(5)) };
  };
  const [north, south] = [await affiliate('Northwind'), await affiliate('Southwind')];
  const own = await made('endpoints', { url: 'http://127.0.0.1:9/own', events: ['conversion.reversed'] });
  ids = { north: north.endpointId, south: south.endpointId, own, northwind: north.id };
  for (const [index, { clickId }] of [north, north, north, south, south, north].entries())
    await broker.send({
      event: 'sale',
      transaction_id: `t-${index}`,
      click_id: clickId,
      amount: `${index + 1}0.00`,
    });
  const { data } = (await broker.call<{ data: { id: string }[] }>('GET /v1/deliveries?order=oldest')).body;
  const [first, second, third, fourth, fifth, sixth] = data.map(({ id }) => id);
  await shape(
    first!,
    `state = 'retrying', owner = 'self', last_error = 'timeout', created_at = '2026-01-03'`,
  );
  await shape(second!, `state = 'held', owner = 'endpoint', next_attempt_at = '2026-01-09'`);
  await shape(third!, `state = 'gave_up', owner = null, last_error = 'http_404', payout_currency = 'EUR'`);
  await shape(
    fourth!,
    `state = 'retrying', owner = 'self', last_error = 'timeout', created_at = '2026-01-02'`,
  );
  await shape(fifth!, `state = 'gave_up', owner = null, created_at = '2026-01-01'`);
  await shape(sixth!, `state = 'gave_up', owner = null, acknowledged_at = now()`);
});
after(() => api.close());

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
const shape = (id: string, values: string) =>
  api.pool.query(`update deliveries set ${values} where id = $1`, [id]);

async function stuck(query = ''): Promise<Stuck> {
  const { status, body } = await broker.call<Stuck>(`GET /v1/stuck?${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

const UI = 'http://ui.example/namespaces/default/workflows';

describe('what is stuck', () => {
  test('what is stuck is grouped by endpoint with names, counts, the oldest and what was not told', async () => {
    const { data, total } = await stuck();
    assert.deepEqual(total, {
      groups: 2,
      count: 5,
      not_told: [
        { currency: 'EUR', amount: '3.00' },
        { currency: 'USD', amount: '12.00' },
      ],
    });
    const [south, north] = data;
    assert.deepEqual(
      [south!.endpoint!.id, south!.count, south!.oldest_at, south!.reason],
      [ids.south, 2, '2026-01-01T00:00:00.000Z', 'given_up'],
    );
    assert.deepEqual(
      { ...north, next_attempt_at: null },
      {
        endpoint: { id: ids.north, name: 'of Northwind', url: 'http://127.0.0.1:9/Northwind?c={click_id}' },
        affiliate: { id: ids.northwind, name: 'Northwind' },
        reason: 'http_404',
        reasons: [
          { reason: 'http_404', count: 1 },
          { reason: 'queued', count: 1 },
          { reason: 'timeout', count: 1 },
        ],
        pause_reason: null,
        endpoints: 1,
        count: 3,
        oldest_at: '2026-01-03T00:00:00.000Z',
        next_attempt_at: null,
        not_told: [
          { currency: 'EUR', amount: '3.00' },
          { currency: 'USD', amount: '3.00' },
        ],
        workflow_url: `${UI}/${encodeURIComponent(`endpoint/${ids.north}`)}`,
      },
    );
    assert.equal(north!.next_attempt_at, '2026-01-09T00:00:00.000Z');
    const [singles] = (await stuck(`endpoint_id=${ids.south}&state=retrying`)).data;
    assert.equal(singles!.workflow_url, `${UI}?query=${encodeURIComponent(`EndpointId="${ids.south}"`)}`);
  });

  test('what is stuck is grouped by reason, over all endpoints', async () => {
    const { data } = await stuck('group=reason&order=count');
    assert.deepEqual(
      data.map(({ endpoint, affiliate, reason, endpoints, count }) => [
        endpoint,
        affiliate,
        reason,
        endpoints,
        count,
      ]),
      [
        [null, null, 'timeout', 2, 2],
        [null, null, 'given_up', 1, 1],
        [null, null, 'http_404', 1, 1],
        [null, null, 'queued', 1, 1],
      ],
    );
    assert.match(
      decodeURIComponent(data[0]!.workflow_url),
      /query=OperatorId="opr_\w+" AND LastError="timeout"$/,
    );
    assert.match(decodeURIComponent(data[1]!.workflow_url), /ExecutionStatus="Running"$/);
  });

  test('what is stuck follows each filter, and counts the groups beyond its limit', async () => {
    const counts = async (query: string) => {
      const { data, total } = await stuck(query);
      return [data.length, total.groups, total.count];
    };
    assert.deepEqual(await counts(`endpoint_id=${ids.south}`), [1, 1, 2]);
    assert.deepEqual(await counts(`affiliate_id=${ids.northwind}`), [1, 1, 3]);
    assert.deepEqual(await counts('state=gave_up'), [2, 2, 2]);
    assert.deepEqual(await counts('reason=queued'), [1, 1, 1]);
    assert.deepEqual(await counts('last_error=timeout&group=reason'), [1, 1, 2]);
    assert.deepEqual(await counts('limit=1'), [1, 2, 5]);
    assert.deepEqual(await counts(`endpoint_id=${ids.own}`), [0, 0, 0]);
  });

  test('what is stuck at an endpoint that is off says so, and is not tried again by itself', async () => {
    await broker.made(`POST /v1/endpoints/${ids.north}/pause`, {});
    const { data } = await stuck(`endpoint_id=${ids.north}&state=held`);
    assert.deepEqual([data[0]!.reason, data[0]!.next_attempt_at], ['endpoint_paused', null]);
    assert.equal((await stuck('reason=endpoint_paused')).total.count, 2);
    assert.equal((await stuck('reason=http_404')).total.count, 1, 'what was given up keeps its error');
    await broker.made(`POST /v1/endpoints/${ids.north}/resume`, {});
  });

  test('what is stuck without an error of its own has that of the endpoint it waits for', async () => {
    await api.pool.query(`update endpoints set last_error = 'http_503' where id = $1`, [ids.north]);
    const { data } = await stuck('state=held');
    assert.deepEqual([data[0]!.endpoint!.id, data[0]!.reason], [ids.north, 'http_503']);
    await api.pool.query(`update endpoints set last_error = null where id = $1`, [ids.north]);
  });

  test('what is stuck because a person paused it says so, and is not tried again by itself', async () => {
    const { data } = await stuck(`endpoint_id=${ids.south}&state=retrying`);
    const { rows } = await api.pool.query<{ id: string }>(
      `select id from deliveries where endpoint_id = $1 and owner = 'self'`,
      [ids.south],
    );
    await broker.made(`POST /v1/deliveries/${rows[0]!.id}/pause`, {});
    const [paused] = (await stuck('reason=paused')).data;
    assert.deepEqual(
      [data[0]!.reason, paused!.reason, paused!.pause_reason, paused!.count, paused!.next_attempt_at],
      ['timeout', 'paused', 'paused over the API', 1, null],
    );
    await broker.made(`POST /v1/deliveries/${rows[0]!.id}/resume`, {});
  });

  test('what waits for an endpoint that is probed is tried when the endpoint is, and not when it was due', async () => {
    const set = (at: string) =>
      api.pool.query(`update endpoints set next_turn_at = ${at} where id = $1`, [ids.north]);
    const next = async () => (await stuck('state=held&group=reason')).data[0]!.next_attempt_at;
    await set(`'2026-01-09T00:05:00Z'`);
    assert.equal(await next(), '2026-01-09T00:05:00.000Z');
    await set(`'2026-01-08T00:00:00Z'`);
    assert.equal(await next(), '2026-01-09T00:00:00.000Z', 'a turn before anything is due does nothing');
    await set('null');
  });

  test('what is stuck of another operator is not shown, whatever ids are asked for', async () => {
    const stranger = await api.newOperator();
    for (const query of ['', `endpoint_id=${ids.north}`, `affiliate_id=${ids.northwind}`]) {
      const { body } = await api.call<Stuck>(`GET /v1/stuck?${query}`, { key: stranger.key });
      assert.deepEqual(body, { data: [], total: { groups: 0, count: 0, not_told: [] } });
    }
  });

  test('a question about what is stuck is refused with the path of what is wrong', async () => {
    for (const [query, path] of [
      ['group=colour', 'group'],
      ['state=delivered', 'state'],
      ['limit=0', 'limit'],
      ['cursor=x', 'cursor'],
      ['endpoint_id=7', 'endpoint_id'],
    ]) {
      const answer = await broker.call<{ error: { issues: { path: string }[] } }>(`GET /v1/stuck?${query}`);
      assert.deepEqual([answer.status, answer.body.error.issues[0]?.path], [400, path]);
    }
    assert.equal((await broker.call(`GET /v1/stuck?endpoint_id=${newId('ep')}`)).status, 200);
  });
});
