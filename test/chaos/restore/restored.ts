// PostgreSQL or Temporal restored to an earlier moment while the other is later: what repairs
// itself, what is told twice, and what is gone. Takes minutes, so it is no part of `npm test`:
// npm test -- test/chaos/restore/restored.ts
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { saleOf } from '../../support/broker.ts';
import { eventually } from '../../support/eventually.ts';
import { startReceiver, type FaultyReceiver } from '../../support/faulty-receiver.ts';
import { auditOf } from '../../support/settling.ts';
import { ADMIN_TOKEN } from '../../support/stack.ts';
import { withRestorableStack, type RestorableStack } from './servers.ts';

type Json = Record<string, unknown>;
type Heard = { webhookId: string; eventId: string; transactionId: string; path: string };

const WITHIN_MS = 120_000;
/** A try at once, then every second. */
const SCHEDULE = Array.from({ length: 30 }, (_, index) => Math.min(index, 1));

let stack: RestorableStack;
let receiver: FaultyReceiver;
let isDown = false;

before(async () => {
  const handler: NonNullable<Parameters<typeof startReceiver>[0]>['handler'] = ({ path }, response) =>
    void response.writeHead(path === '/sometimes' && isDown ? 503 : 200).end();
  [stack, receiver] = await Promise.all([withRestorableStack(), startReceiver({ handler })]);
});
after(async () => {
  await stack.close();
  await receiver.close();
});

async function call(request: string, key: string, body?: object): Promise<{ status: number; body: Json }> {
  const [method = '', path = ''] = request.split(' ');
  const response = await fetch(stack.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Json };
}

async function made(path: string, key: string, body: object): Promise<Json> {
  const answer = await call(`POST ${path}`, key, body);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body;
}

/** An operator with an affiliate that earns 10 % of sales, and two endpoints. */
async function broker() {
  const { api_key: key } = (await made('/v1/operators', ADMIN_TOKEN, {
    name: 'Broker',
    currency: 'USD',
  })) as { api_key: string };
  const { id: affiliateId } = await made('/v1/affiliates', key, { name: 'Media' });
  const components = [{ kind: 'percent', on: 'sale', percent: '10' }];
  const { id: dealId } = await made('/v1/deals', key, {
    name: 'Standard',
    affiliate_id: affiliateId,
    terms: { components, hold_days: 0 },
  });
  const link = await made('/v1/links', key, {
    affiliate_id: affiliateId,
    landing_url: 'https://broker.example/',
  });
  const { click_id: clickId } = await made('/v1/clicks', key, { link_id: link['id'] });
  const endpoint = (path: string) =>
    made('/v1/endpoints', key, { affiliate_id: affiliateId, url: receiver.url + path, schedule: SCHEDULE });
  await endpoint('/always');
  const { id: sometimes } = await endpoint('/sometimes');
  return {
    key,
    affiliateId,
    resume: () => call(`POST /v1/endpoints/${String(sometimes)}/resume`, key),
    async send(name: string, count: number): Promise<string[]> {
      const ids = Array.from({ length: count }, (_, index) => `${name}-${index}`);
      const { status, body } = await call('POST /v1/events/batch', key, {
        events: ids.map((id) => saleOf(id, clickId)),
      });
      assert.equal(status, 200);
      const results = body['results'] as { status: string }[];
      assert.deepEqual(
        results.filter((result) => result.status !== 'accepted'),
        [],
      );
      return ids;
    },
    /** Starts a workflow of every kind that a row begins. */
    async beginEverything(): Promise<void> {
      const { id } = await endpoint('/always');
      const calls: [string, Json][] = [
        [`/v1/endpoints/${String(id)}/pause`, {}],
        [`/v1/endpoints/${String(id)}/resume`, {}],
        ['/v1/replays', { affiliate_id: affiliateId, states: ['delivered'] }],
        ['/v1/payout-runs', { currency: 'USD' }],
        ['/v1/customers/new-0/erase', {}],
        ['/v1/stuck/retry', { all: true }],
        [
          `/v1/deals/${String(dealId)}/versions`,
          { terms: { components }, effective_from: '2026-01-01T00:00:00Z' },
        ],
      ];
      for (const [path, body] of calls) {
        const answer = await call(`POST ${path}`, key, body);
        assert.ok(answer.status < 300, `${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      }
      const file =
        'event,transaction_id,customer_id,amount,currency\nsale,imported-0,imported-0,100.00,USD\n';
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'text/csv' };
      const { status } = await fetch(`${stack.url}/v1/imports`, { method: 'POST', headers, body: file });
      assert.equal(status, 202);
    },
    async known(name: string): Promise<number> {
      const { body } = await call('GET /v1/events?limit=200', key);
      const events = body['data'] as { event: { transaction_id: string } }[];
      return events.filter(({ event }) => event.transaction_id.startsWith(`${name}-`)).length;
    },
  };
}

/** What receivers accepted about these transactions, since so many requests. */
function heard(name: string, since = 0): Heard[] {
  return receiver.requests.slice(since).flatMap(({ path, headers, body }) => {
    const { data } = JSON.parse(body) as { data: { event_id: string; transaction_id: string } };
    if (!data.transaction_id.startsWith(`${name}-`)) return [];
    return [
      { webhookId: headers['webhook-id']!, eventId: data.event_id, transactionId: data.transaction_id, path },
    ];
  });
}

const count = async (sql: string): Promise<number> =>
  (await stack.pool.query<{ count: number }>(`select count(*)::int as count ${sql}`)).rows[0]!.count;

/** Everything is settled and sent, and no workflow of ours is left open but schedules' runs. */
async function quiet(): Promise<void> {
  await eventually(
    'everything to be settled and sent',
    async () => {
      const unsettled = await count(`from events e where not exists (
      select from event_outcomes o where o.operator_id = e.operator_id and o.event_id = e.id)`);
      return unsettled === 0 && (await count(`from deliveries where owner is not null`)) === 0;
    },
    WITHIN_MS,
  );
}

/** Ids of open workflows, but those of schedules. */
async function openWorkflows(): Promise<string[]> {
  const ids: string[] = [];
  for await (const { workflowId } of stack.temporal.workflow.list({ query: `ExecutionStatus = 'Running'` }))
    if (workflowId.includes('/')) ids.push(workflowId);
  return ids;
}

const nothingLeft = () =>
  eventually('no workflow to be left', async () => (await openWorkflows()).length === 0, WITHIN_MS);

const idsOf = (all: readonly Heard[]): Set<string> => new Set(all.map(({ webhookId }) => webhookId));

test(
  'PostgreSQL restored to an earlier moment: what it knows is settled and sent again under its events’ ids, what came later is gone until it is sent again',
  { timeout: 600_000 },
  async () => {
    const operator = await broker();
    isDown = false;
    await operator.send('old', 20);
    await quiet();
    // At the moment: 20 events are not settled, and 20 postbacks wait for an endpoint that is down.
    isDown = true;
    await operator.send('held', 20);
    await eventually(
      'the tries to fail',
      () => heard('held').filter(({ path }) => path === '/sometimes').length >= 20,
      WITHIN_MS,
    );
    await eventually(
      'the others to arrive',
      () => heard('held').filter(({ path }) => path === '/always').length === 20,
      WITHIN_MS,
    );
    await eventually(
      'all to be recorded',
      async () => (await count(`from deliveries where state = 'delivered'`)) === 60,
      WITHIN_MS,
    );
    await stack.stop('worker');
    await operator.send('open', 20);
    await stack.keep('postgres');
    // Later than the moment.
    await stack.start('worker');
    isDown = false;
    await operator.resume();
    await operator.send('new', 20);
    await quiet();
    const payout = await call('POST /v1/payouts', operator.key, {
      affiliate_id: operator.affiliateId,
      currency: 'USD',
    });
    assert.equal(payout.status, 201);
    // Temporal has begun what PostgreSQL will know nothing of.
    await stack.stop('worker');
    await operator.beginEverything();
    await stack.stop('api');
    await stack.putBack('postgres');
    const since = receiver.requests.length;
    await stack.start('api', 'worker');
    await quiet();
    assert.equal(await operator.known('new'), 0);
    assert.equal(await count('from payouts'), 0);
    assert.deepEqual([heard('old', since), heard('new', since)], [[], []]);
    // Held at the moment: sent again under the same ids.
    assert.ok(heard('held', since).every(({ path }) => path === '/sometimes'));
    assert.deepEqual([heard('held', since).length, idsOf(heard('held')).size], [20, 40]);
    // Settled after the moment: told anew, of the same events.
    const open = heard('open');
    assert.deepEqual([heard('open', since).length, idsOf(open).size], [40, 80]);
    assert.equal(new Set(open.map(({ eventId }) => eventId)).size, 20);
    await operator.send('new', 20);
    await quiet();
    assert.equal(idsOf(heard('new')).size, 80);
    await nothingLeft();
    assert.deepEqual((await auditOf(stack.pool)).findings, []);
  },
);

test(
  'Temporal restored to an earlier moment: everything goes on, and nothing is sent twice',
  { timeout: 600_000 },
  async () => {
    const operator = await broker();
    isDown = true;
    await operator.send('waiting', 20);
    await eventually(
      'the tries to fail',
      () => heard('waiting').filter(({ path }) => path === '/sometimes').length >= 20,
      WITHIN_MS,
    );
    await stack.stop('worker');
    await operator.send('unsettled', 20);
    await stack.keep('temporal');
    await stack.start('worker');
    isDown = false;
    await operator.resume();
    await quiet();
    // Of a queue that fills after the moment, the restored Temporal knows nothing.
    isDown = true;
    await operator.send('later', 20);
    await eventually(
      'the tries to fail',
      () => heard('later').filter(({ path }) => path === '/sometimes').length >= 20,
      WITHIN_MS,
    );
    await stack.stop('api', 'worker');
    await stack.putBack('temporal');
    const since = receiver.requests.length;
    assert.ok((await openWorkflows()).length > 0, 'nothing was under way at the moment');
    await stack.start('api', 'worker');
    isDown = false;
    await operator.resume();
    await quiet();
    await nothingLeft();
    assert.deepEqual([heard('waiting', since), heard('unsettled', since)], [[], []]);
    assert.deepEqual([heard('later', since).length, idsOf(heard('later')).size], [20, 40]);
    assert.deepEqual((await auditOf(stack.pool)).findings, []);
  },
);
