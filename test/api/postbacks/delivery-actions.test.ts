// Retry, give-up and acknowledge over HTTP, with Temporal away: each refusal names its reason and
// the way out, and a deleted endpoint leaves nothing stuck.
import { after, before, beforeEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { withApi, type TestApi } from '../../support/api.ts';
import { withDelivery, type Planned } from '../../support/planned-delivery.ts';

type Failure = { error: { code: string; message: string; issues: { code: string; message: string }[] } };

let api: TestApi;
let planned: Planned;

before(async () => {
  api = await withApi();
});
after(() => api.close());
beforeEach(async () => {
  planned = await withDelivery(api);
});

const set = (assignments: string) =>
  api.pool.query(`update deliveries set ${assignments} where id = $1`, [planned.id]);
const endpoint = (assignments: string) =>
  api.pool.query(`update endpoints set ${assignments} where id = $1`, [planned.endpointId]);
const press = (action: string) =>
  api.call<Failure & { state: string }>(`POST /v1/deliveries/${planned.id}/${action}`, { key: planned.key });
const GAVE_UP = `state = 'gave_up', owner = null, tries = 3, finished_at = now()`;

/** Presses a button that must be refused; returns the code and the message. */
async function refusal(action: string): Promise<string> {
  const { status, body } = await press(action);
  assert.deepEqual([status, body.error.code], [422, 'not_possible'], JSON.stringify(body));
  assert.equal(body.error.issues[0]!.message, body.error.message);
  return `${body.error.issues[0]!.code}: ${body.error.message}`;
}

describe('a retry that is refused', () => {
  test('a retry of a delivered postback says that it is delivered, and what sends it again', async () => {
    await set(`state = 'delivered', owner = null, finished_at = now()`);
    assert.match(await refusal('retry'), /^already_delivered: retry is not possible: .*POST \/v1\/replays/);
  });

  for (const [state, wayOut] of [
    ['paused', 'resume'],
    ['disabled', 'enable'],
  ] as const)
    for (const row of [`state = 'retrying', owner = 'self'`, GAVE_UP])
      test(`a retry to a ${state} endpoint names ${wayOut} as the way out, where ${row}`, async () => {
        await set(row);
        await endpoint(`state = '${state}'`);
        const expected = `endpoint_${state}: retry .* ${state}: ${wayOut} it first, POST /v1/endpoints/${planned.endpointId}/${wayOut}$`;
        assert.match(await refusal('retry'), new RegExp(expected));
      });

  test('a retry of a postback that waits for an earlier one names that one', async () => {
    const [first, second] = await planned.addReversal();
    planned.id = second!;
    assert.match(await refusal('retry'), new RegExp(`^waits_for_predecessor: .* must follow ${first}, `));
    await set(`state = 'gave_up', owner = null, predecessor_id = null, finished_at = now()`);
    assert.match(await refusal('retry'), new RegExp(`^waits_for_predecessor: .* must follow ${first}, `));
  });

  test('a retry of a postback whose endpoint is deleted says so, whether given up or cancelled', async () => {
    const waiting = planned.id;
    const { id } = await planned.addSale();
    planned.id = id;
    await set(GAVE_UP);
    const stuck = async () =>
      (await api.call<{ data: unknown[] }>('GET /v1/deliveries?state=stuck', { key: planned.key })).body.data;
    assert.equal((await stuck()).length, 1);
    await api.call(`DELETE /v1/endpoints/${planned.endpointId}`, { key: planned.key });
    assert.deepEqual(await stuck(), []);
    for (planned.id of [id, waiting])
      assert.match(await refusal('retry'), /^endpoint_deleted: .* is deleted/);
  });
});

test('a retry of a postback that is being sent is taken, and changes nothing', async () => {
  await set(`state = 'retrying', owner = 'endpoint', sending_until = now() + interval '10 seconds'`);
  const { status, body } = await press('retry');
  assert.deepEqual([status, body.state], [200, 'retrying']);
  const { rows } = await api.pool.query(`select owner, next_cause from deliveries where id = $1`, [
    planned.id,
  ]);
  assert.deepEqual(rows, [{ owner: 'endpoint', next_cause: null }]);
});

test('giving up and acknowledging are refused with the state as the reason', async () => {
  assert.match(await refusal('acknowledge'), /^not_given_up: .* is not given up$/);
  await set(GAVE_UP);
  assert.match(await refusal('give-up'), /^already_given_up: /);
  await set(`state = 'delivered'`);
  assert.match(await refusal('give-up'), /^already_delivered: /);
  await set(`state = 'cancelled'`);
  assert.match(await refusal('give-up'), /^cancelled: /);
});
