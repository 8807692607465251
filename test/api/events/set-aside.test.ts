// Actions on events that were set aside, over HTTP: retry and dismiss.
import { after, before, beforeEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createSetAside } from '../../../activities/settlement/set-aside.ts';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { newId } from '../../../store/db/ids.ts';
import { withApi, type TestApi } from '../../support/api.ts';
import { eventually } from '../../support/eventually.ts';
import { lockReversals } from '../../../store/db/locks.ts';

type Body = { id: string; status: string; reason?: string; [name: string]: unknown };
type Failure = { error: { code: string } };

let api: TestApi;
let operator: { id: string; key: string };
let click: string;
before(async () => {
  api = await withApi();
});
after(() => api.close());
beforeEach(async () => {
  operator = await api.newOperator();
  const { id } = await made('affiliates', { name: 'Partner' });
  await made('deals', { name: 'd', terms: { components: [{ kind: 'percent', on: 'sale', percent: '10' }] } });
  click = String(
    (await made('clicks', { affiliate_id: id, clicked_at: '2026-10-01T00:00:00Z' }))['click_id'],
  );
});

async function made(path: string, body: object): Promise<Body> {
  const answer = await api.call<Body>(`POST /v1/${path}`, { key: operator.key, body });
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  return answer.body;
}

const settle = (...eventIds: string[]) =>
  createSettle({ pool: api.pool }).settle({
    batchId: newId('bat'),
    owner: 'endpoint',
    operators: [{ operatorId: operator.id, eventIds }],
  });

/** Settled sales; sales in yen are set aside, since their exchange rate is missing. */
async function sales(...currencies: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const currency of currencies) {
    const fields = {
      event: 'sale',
      transaction_id: newId('test'),
      click_id: click,
      occurred_at: '2026-10-05T00:00:00Z',
    };
    ids.push((await made('events', { ...fields, amount: '100', currency })).id);
  }
  await settle(...ids);
  return ids;
}

const requestAction = (id: string, action: 'retry' | 'dismiss', key = operator.key) =>
  api.call<Body & Failure>(`POST /v1/set-aside/${id}/${action}`, { key });

async function statusOf(id: string): Promise<string> {
  const { status, reason } = (await api.call<Body>(`GET /v1/events/${id}`, { key: operator.key })).body;
  return `${status} ${reason ?? ''}`.trim();
}

const addRate = () =>
  made('fx-rates', {
    base: 'JPY',
    quote: 'USD',
    rate: '0.01',
    as_of: '2026-10-01T00:00:00Z',
    source: newId('test'),
  });

describe('an event that was set aside', () => {
  test('retrying a set-aside event settles all set-aside events with the same reason', async () => {
    const [first, second] = await sales('JPY', 'JPY');
    assert.deepEqual(
      (
        await api.call<{ data: Body[] }>('GET /v1/events?status=set_aside', { key: operator.key })
      ).body.data.map(({ id }) => id),
      [second, first],
    );
    const { status, body } = await requestAction(first!, 'retry');
    const lacking =
      '1 event of 100 JPY, 5 October 2026: no rate JPY→USD. POST /v1/fx-rates, then it is settled by itself.';
    assert.deepEqual(
      [status, body],
      [202, { id: first, status: 'retrying', reason: 'no_exchange_rate', lacking }],
    );
    assert.equal(api.workflowCalls.at(-1), 'retry no_exchange_rate', 'the workflow gets the retry signal');
    // The mark is stored, so that the sweep signals the workflow if Temporal was away.
    const { rows } = await api.pool.query(`select reason from retries_wanted where operator_id = $1`, [
      operator.id,
    ]);
    assert.deepEqual(rows, [{ reason: 'no_exchange_rate' }]);
    await addRate();
    const handOver = () => Promise.resolve({ workflows: 0 });
    const { retrySetAside } = createSetAside({
      pool: api.pool,
      handOver,
      ...createSettle({ pool: api.pool }),
    });
    await retrySetAside({ operatorId: operator.id, reason: 'no_exchange_rate' });
    assert.deepEqual([await statusOf(first!), await statusOf(second!)], ['settled', 'settled']);
  });

  test('what set-aside events lack is listed by reason, currency and missing rate, the largest first', async () => {
    const list = async (key = operator.key) =>
      (await api.call<{ data: Body[] }>('GET /v1/set-aside', { key })).body.data;
    assert.deepEqual(await list(), []);
    await sales('GBP', 'JPY', 'JPY', 'USD');
    const common = { reason: 'no_exchange_rate', first_day: '2026-10-05', last_day: '2026-10-05' };
    assert.deepEqual(await list(), [
      {
        ...common,
        count: 2,
        amount: '200',
        currency: 'JPY',
        missing_rate: { base: 'JPY', quote: 'USD' },
        lacking:
          '2 events of 200 JPY, 5 October 2026: no rate JPY→USD. POST /v1/fx-rates, ' +
          'then they are settled by themselves.',
      },
      {
        ...common,
        count: 1,
        amount: '100.00',
        currency: 'GBP',
        missing_rate: { base: 'GBP', quote: 'USD' },
        lacking:
          '1 event of 100.00 GBP, 5 October 2026: no rate GBP→USD. POST /v1/fx-rates, then it is settled by itself.',
      },
    ]);
    assert.deepEqual(await list((await api.newOperator()).key), []);
  });

  test('dismissing a set-aside event rejects only this event, for good, and keeps its reason', async () => {
    const [dismissed, other] = await sales('JPY', 'JPY');
    const { status, body } = await requestAction(dismissed!, 'dismiss');
    assert.deepEqual(
      [status, body],
      [200, { id: dismissed, status: 'rejected', reason: 'no_exchange_rate' }],
    );
    await addRate();
    await settle(dismissed!, other!);
    assert.deepEqual(
      [await statusOf(dismissed!), await statusOf(other!)],
      ['rejected no_exchange_rate', 'settled'],
    );
  });

  test('a settled or dismissed event cannot be retried or dismissed, nor can an event of another operator', async () => {
    const [settled, dismissed] = await sales('USD', 'JPY');
    const stranger = await api.newOperator();
    for (const action of ['retry', 'dismiss'] as const) {
      assert.equal((await requestAction(dismissed!, action, stranger.key)).status, 404, action);
      assert.equal((await requestAction(newId('evt'), action)).status, 404, action);
      const { status, body } = await requestAction(settled!, action);
      assert.deepEqual([status, body.error.code], [422, 'not_possible'], action);
    }
    assert.equal(await statusOf(dismissed!), 'set_aside no_exchange_rate');
    await requestAction(dismissed!, 'dismiss');
    for (const action of ['retry', 'dismiss'] as const)
      assert.equal((await requestAction(dismissed!, action)).status, 422, action);
  });

  test('a set-aside event cannot be dismissed while a transaction settles it', async () => {
    const [id] = await sales('JPY');
    // Like a settle transaction: takes the lock, reads the row, and overwrites it at the end.
    const settling = await api.pool.connect();
    try {
      await settling.query('begin');
      await lockReversals(settling, operator.id, 'conversions');
      const dismissal = requestAction(id!, 'dismiss');
      await eventually('the dismissal to wait for the lock', async () => {
        const { rowCount } = await api.pool.query(
          `select from pg_locks where locktype = 'advisory' and not granted
             and database = (select oid from pg_database where datname = current_database())`,
        );
        return rowCount === 1;
      });
      await settling.query(
        `update event_outcomes set status = 'settled', reason = null where event_id = $1`,
        [id],
      );
      await settling.query('commit');
      assert.deepEqual([(await dismissal).status, await statusOf(id!)], [422, 'settled']);
    } finally {
      settling.release();
    }
  });
});
