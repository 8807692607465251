// Metrics of both real processes: what they show after events went through, that every label has
// few values, and that alerts and board ask for nothing else.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { alerts, boardExpressions, selectorsOf } from '../support/alerts.ts';
import { withBroker, type Broker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';
import { freePort } from '../support/ports.ts';
import { withStack, type TestStack } from '../support/stack.ts';

const EVENTS = 5;

let stack: TestStack;
let receiver: FaultyReceiver;
let broker: Broker;
let workerUrl: string;

before(async () => {
  const port = await freePort();
  workerUrl = `http://127.0.0.1:${port}`;
  [stack, receiver] = await Promise.all([
    withStack({ METRICS_PORT: String(port), GIT_COMMIT: 'abcdef0123' }),
    startReceiver(),
  ]);
  [broker] = await Promise.all([withBroker(stack, { url: `${receiver.url}/ok` }), stack.startWorker()]);
  const click = { key: broker.key, body: { link_id: broker.linkId } };
  const { click_id: clickId } = (await stack.call<{ click_id: string }>('POST /v1/clicks', click)).body;
  const sale = { event: 'sale', click_id: clickId, customer_id: 'c', amount: '5.00', currency: 'USD' };
  for (let index = 0; index < EVENTS; index++)
    await stack.call('POST /v1/events', { key: broker.key, body: { ...sale, transaction_id: `t-${index}` } });
});
after(async () => {
  await stack.close();
  await receiver.close();
});

const pageOf = async (url: string) => (await fetch(`${url}/metrics`)).text();

/** Labels whose values come from lists in the code, from the program, or from the configuration. */
const BOUNDED = {
  ours: 'code, method, outcome, reason, result, route, state, status, try',
  build: 'commit, node, version',
  node: 'kind, major, minor, patch, space, type',
  histograms: 'le',
  sdk: 'activity_type, eager, namespace, operation, poller_type, task_queue, worker_type, workflow_type',
};

test('both processes show their figures, and every label of every series has few values', async () => {
  const counted = [
    `postrider_event_to_delivery_seconds_count{try="first"} ${EVENTS}\n`,
    'temporal_workflow_endtoend_latency_seconds_count{',
  ];
  await eventually('the postbacks and their batch to be counted', async () => {
    const page = await pageOf(workerUrl);
    return counted.every((line) => page.includes(line));
  });
  const [api, worker] = await Promise.all([pageOf(stack.url), pageOf(workerUrl)]);
  const expected = [
    /^postrider_build_info\{version="[\d.]+",node="[\d.]+",commit="abcdef0123"\} 1$/m,
    /^postrider_postgres_connections\{state="idle"\} \d+$/m,
  ];
  for (const page of [api, worker]) for (const line of expected) assert.match(page, line);
  assert.match(worker, /^temporal_worker_task_slots_available\{.*\} \d+$/m);

  const known = Object.values(BOUNDED).flatMap((names) => names.split(', '));
  const labels = new Set<string>();
  for (const page of [api, worker])
    for (const [, name, value] of page.matchAll(/[{,](\w+)="([^"]*)"/g)) {
      labels.add(name!);
      for (const id of [broker.key, broker.affiliateId, broker.linkId, broker.endpoint.id])
        assert.ok(!value!.includes(id), `${name}="${value}" names an id`);
    }
  assert.deepEqual(
    [...labels].filter((name) => !known.includes(name)),
    [],
  );
});

test('every metric and label that an alert or a panel asks for is on the page of a process', async () => {
  const labels = labelsByMetric((await Promise.all([pageOf(stack.url), pageOf(workerUrl)])).join('\n'));
  const missing = [
    ...alerts.map(({ alert, expr }) => ({ name: alert, expr })),
    ...boardExpressions().map(({ title, expr }) => ({ name: title, expr })),
  ].flatMap(({ name, expr }) => {
    const selectors = selectorsOf(expr);
    // `up` is Prometheus' own.
    assert.ok(selectors.length > 0 || expr.startsWith('up{'), `${name} asks for a metric`);
    return selectors.flatMap(({ metric, labels: asked }) => {
      const known = labels.get(metric);
      if (known === undefined) return [`${name}: ${metric}`];
      // Without series, their labels cannot be seen.
      const unknown = known.size === 0 ? [] : asked.filter((one) => !known.has(one) && one !== 'instance');
      return unknown.map((one) => `${name}: ${metric}{${one}}`);
    });
  });
  assert.deepEqual(missing, []);
});

/** Metrics of a page with the labels of their series; of a histogram, those of its parts. */
function labelsByMetric(page: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const [, name, kind] of page.matchAll(/^# TYPE (\w+) (\w+)$/gm))
    for (const part of kind === 'histogram' ? ['_bucket', '_sum', '_count'] : [''])
      found.set(name + part, new Set());
  for (const [, name, labels] of page.matchAll(/^(\w+)\{(.*)\} \S+$/gm))
    for (const [, label] of labels!.matchAll(/(\w+)="/g)) found.get(name!)?.add(label!);
  return found;
}
