// Private data: what customers and operators entrust to the system appears in no history of
// Temporal, no log and no metric, whatever happens to it on its way.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { withBroker, type Broker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';
import { freePort } from '../support/ports.ts';
import { withStack, type TestStack } from '../support/stack.ts';

/** Texts that stand for private data; each is found wherever it leaks. */
const PRIVATE = {
  customer: 'private-customer',
  transaction: 'private-transaction',
  email: 'private-email',
  sub: 'private-sub',
  path: 'private-path',
  query: 'private-query',
  header: 'private-header',
  answer: 'private-answer',
};

let stack: TestStack;
let receiver: FaultyReceiver;
let broker: Broker;
let workerUrl: string;

before(async () => {
  const port = await freePort();
  workerUrl = `http://127.0.0.1:${port}`;
  const handler: NonNullable<Parameters<typeof startReceiver>[0]>['handler'] = ({ path }, response) => {
    response.writeHead(path.startsWith('/gone') ? 410 : 503).end(PRIVATE.answer);
  };
  [stack, receiver] = await Promise.all([
    withStack({ METRICS_PORT: String(port), LOG_LEVEL: 'debug' }),
    startReceiver({ handler }),
  ]);
  const url = `${receiver.url}/down/${PRIVATE.path}?key=${PRIVATE.query}`;
  [broker] = await Promise.all([withBroker(stack, { url, schedule: [0, 1, 1] }), stack.startWorker()]);
});
after(async () => {
  await stack.close();
  await receiver.close();
});

const call = <Body = Record<string, unknown>>(request: string, body?: unknown, key = broker.key) =>
  stack.call<Body>(request, { key, ...(body === undefined ? {} : { body }) });

/** Sends events that settle, fail, are refused, are orphaned, are set aside and are reversed. */
async function sendAll(): Promise<void> {
  const { click_id: clickId } = (
    await call<{ click_id: string }>('POST /v1/clicks', { link_id: broker.linkId, sub1: PRIVATE.sub })
  ).body;
  const sale = (number: number, fields: object = {}) => ({
    event: 'sale',
    transaction_id: `${PRIVATE.transaction}-${number}`,
    customer_id: PRIVATE.customer,
    amount: '100.00',
    currency: 'USD',
    sub2: PRIVATE.sub,
    metadata: { email: `${PRIVATE.email}@example.com` },
    ...fields,
  });
  await call('POST /v1/endpoints', {
    affiliate_id: broker.affiliateId,
    url: `${receiver.url}/gone/${PRIVATE.path}`,
    headers: { 'x-secret': PRIVATE.header },
  });
  const events = [
    sale(1, { click_id: clickId }),
    sale(2, { currency: 'EUR' }),
    sale(3, { customer_id: `${PRIVATE.customer}-unknown` }),
    { ...sale(4), event: 'chargeback', reference: `${PRIVATE.transaction}-1` },
    { ...sale(5), amount: 'nothing' },
  ];
  for (const event of events) await call('POST /v1/events', event);
  await call('POST /v1/events', sale(6), `${broker.key}-wrong`);
  await call(`POST /postback?key=${broker.key}&event=sale&transaction_id=${PRIVATE.transaction}&amount=x`);
}

/** Everything that Temporal stores of every workflow, with payloads in plain text. */
async function storedByTemporal(): Promise<string[]> {
  const texts: string[] = [];
  for await (const { workflowId, runId } of stack.temporal.client.workflow.list()) {
    const handle = stack.temporal.client.workflow.getHandle(workflowId, runId);
    const json = historyToJSON(await handle.fetchHistory());
    const opened = json.replaceAll(/"data": ?"([A-Za-z0-9+/=]*)"/g, (_, data: string) =>
      Buffer.from(data, 'base64').toString(),
    );
    texts.push(`${workflowId} ${opened}`);
  }
  return texts;
}

test('no history, log or metric holds a customer, a transaction, a sub, a secret, or the path, header or answer of an endpoint', async () => {
  await sendAll();
  await eventually('all to be settled, tried and given up', async () => {
    const { rows } = await stack.pool.query<{ settled: number; gaveUp: number }>(
      `select (select count(*)::int from event_outcomes) as settled,
              (select count(*)::int from deliveries where state = 'gave_up') as "gaveUp"`,
    );
    return rows[0]!.settled === 4 && rows[0]!.gaveUp > 0;
  });
  const pages = await Promise.all(
    [stack.url, workerUrl].map(async (url) => (await fetch(`${url}/metrics`)).text()),
  );
  const histories = await storedByTemporal();
  const places = { history: histories.join('\n'), log: stack.printed(), metrics: pages.join('\n') };
  for (const [place, known] of [
    ['history', 'processConversions'],
    ['history', 'POST /v1/fx-rates'],
    ['log', 'worker started'],
    ['metrics', 'postrider_'],
  ] as const)
    assert.ok(places[place].includes(known), `${place} was not read: it lacks ${known}`);
  const secrets = { key: broker.key, secret: broker.endpoint.secret };
  for (const [name, text] of Object.entries({ ...PRIVATE, ...secrets }))
    for (const [place, content] of Object.entries(places)) {
      const at = content.indexOf(text);
      assert.equal(at, -1, `${name} in ${place}: ${content.slice(Math.max(0, at - 200), at + 80)}`);
    }
});
