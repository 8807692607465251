// OpenTelemetry spans of both real processes: which there are, how they hang together, what they do
// not say, and that a receiver of spans that hangs holds nothing up.
import { type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { withBroker, type Broker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';
import { startOtlpReceiver, type OtlpReceiver, type SentSpan } from '../support/otlp-receiver.ts';
import { withStack, type TestStack } from '../support/stack.ts';

const SECRETS = ['customer-of-the-test', '4321.09', 'sub-of-the-test', 'path-of-the-test', 'sale-'];

let stack: TestStack;
let otlp: OtlpReceiver;
let receiver: FaultyReceiver;
let worker: ChildProcess;
/** The endpoint of one works, that of the other fails once. */
let well: Broker;
let flaky: Broker;

before(async () => {
  [otlp, receiver] = await Promise.all([startOtlpReceiver(), startReceiver()]);
  stack = await withStack({
    OTEL_EXPORTER_OTLP_ENDPOINT: otlp.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20key, x-team=postbacks',
  });
  worker = await stack.startWorker();
  well = await withBroker(stack, { url: `${receiver.url}/ok/path-of-the-test` });
  flaky = await withBroker(stack, { url: `${receiver.url}/flip/1`, schedule: [0, 1] });
});
after(async () => {
  await stack.close();
  await Promise.all([otlp.close(), receiver.close()]);
});

/** A request of a caller who traces, as W3C Trace Context writes it. */
function newTrace(flags = '01') {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${flags}` };
}

let sales = 0;
async function sell(broker: Broker, headers: Record<string, string> = {}, batch = 1) {
  const click = await stack.call<{ click_id: string }>('POST /v1/clicks', {
    key: broker.key,
    body: { link_id: broker.linkId, sub1: SECRETS[2] },
  });
  const event = { event: 'sale', click_id: click.body.click_id, customer_id: SECRETS[0], amount: SECRETS[1] };
  const events = Array.from({ length: batch }, () => ({
    ...event,
    currency: 'USD',
    transaction_id: `${SECRETS[4]}${(sales += 1)}`,
  }));
  const answer = await stack.call<{ results: { id: string }[] }>('POST /v1/events/batch', {
    key: broker.key,
    body: { events },
    headers,
  });
  assert.equal(answer.status, 200);
  return answer.body.results[0]!.id;
}

async function postbacksAbout(eventId: string, count: number) {
  return eventually(`${count} postbacks about ${eventId}`, () => {
    const found = receiver.requests.filter(({ body }) => body.includes(eventId));
    return found.length >= count ? found : null;
  });
}

const spanWith = (name: string, matches: (span: SentSpan) => boolean): Promise<SentSpan> =>
  eventually(`a span ${name}`, () => otlp.spans.find((span) => span.name === name && matches(span)));

const about = (eventId: string) => (span: SentSpan) => span.attributes['postrider.event_id'] === eventId;
const nameOf = ({ traceId, spanId }: { traceId: string; spanId: string }) => ({ traceId, spanId });

test('an event of a traced request has its attempt in that trace, whose id goes to the receiver', async () => {
  const caller = newTrace();
  const eventId = await sell(well, { traceparent: caller.traceparent });
  const [postback] = await postbacksAbout(eventId, 1);
  const attempt = await spanWith('attempt', about(eventId));
  assert.equal(postback!.headers['traceparent'], `00-${caller.traceId}-${attempt.spanId}-01`);
  assert.equal(attempt.service, 'postrider-worker');
  assert.deepEqual([attempt.traceId, attempt.parentSpanId], [caller.traceId, caller.spanId]);
  assert.equal(attempt.isError, false);
  assert.ok(attempt.endMs >= attempt.startMs);
  const { attributes } = attempt;
  assert.equal(attributes['postrider.endpoint_id'], well.endpoint.id);
  assert.equal(attributes['postrider.delivery_id'], postback!.headers['webhook-id']);
  assert.equal(attributes['postrider.attempt'], 1);
  assert.equal(attributes['postrider.state'], 'delivered');
  assert.equal(attributes['http.response.status_code'], 200);

  // The batch has a trace of its own, since it may hold the events of many; links lead across.
  const settle = await spanWith('settle', ({ links }) =>
    links.some(({ spanId }) => spanId === caller.spanId),
  );
  assert.deepEqual(attempt.links, [nameOf(settle)]);
  assert.deepEqual(settle.links, [nameOf(caller)]);
  assert.equal(settle.service, 'postrider-worker');
  const batch = await spanWith('batch', ({ spanId }) => spanId === settle.parentSpanId);
  assert.equal(batch.service, 'postrider-api');
  assert.deepEqual([batch.traceId, batch.parentSpanId], [settle.traceId, undefined]);
  assert.equal(batch.attributes['postrider.events'], 1);
  assert.equal(batch.attributes['postrider.batch_id'], settle.attributes['postrider.batch_id']);
  assert.ok(batch.endMs >= settle.endMs, 'the batch ends after its settling');
});

test('without a trace a quick success has no span of its own, and a failed attempt is one of its batch', async () => {
  const quick = await sell(well);
  const [postback] = await postbacksAbout(quick, 1);
  assert.equal(postback!.headers['traceparent'], undefined);
  const troubled = await sell(flaky);
  const postbacks = await postbacksAbout(troubled, 2);
  assert.deepEqual(
    postbacks.map(({ headers }) => headers['traceparent']),
    [undefined, undefined],
  );
  const first = await spanWith('attempt', about(troubled));
  const settle = await spanWith('settle', ({ spanId }) => spanId === first.parentSpanId);
  assert.equal(first.traceId, settle.traceId);
  assert.equal(first.isError, true);
  assert.deepEqual(
    ['postrider.state', 'http.response.status_code', 'error.type'].map((name) => first.attributes[name]),
    ['retrying', 500, 'http_500'],
  );
  const second = await spanWith('attempt', (span) => about(troubled)(span) && span !== first);
  assert.deepEqual([second.isError, second.attributes['postrider.attempt']], [false, 2]);
  assert.equal(otlp.spans.filter(about(quick)).length, 0);
});

test('every later attempt stays in the trace of the request, with a span of its own', async () => {
  const again = await withBroker(stack, { url: `${receiver.url}/flip/1/again`, schedule: [0, 1] });
  const caller = newTrace();
  const eventId = await sell(again, { traceparent: caller.traceparent });
  const postbacks = await postbacksAbout(eventId, 2);
  const spanIds = postbacks.map(({ headers }) => {
    const [, traceId, spanId] = headers['traceparent']!.split('-');
    assert.equal(traceId, caller.traceId);
    return spanId!;
  });
  const spans = await Promise.all(spanIds.map((id) => spanWith('attempt', ({ spanId }) => spanId === id)));
  assert.deepEqual(
    spans.map(({ parentSpanId, isError, attributes }) => [
      parentSpanId,
      isError,
      attributes['postrider.attempt'],
    ]),
    [
      [caller.spanId, true, 1],
      [caller.spanId, false, 2],
    ],
  );
});

test('a request that is not sampled is passed on as such without spans, and a malformed trace is left out', async () => {
  const caller = newTrace('00');
  const unsampled = await sell(well, { traceparent: caller.traceparent });
  const malformed = await sell(well, { traceparent: `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01` });
  const [one] = await postbacksAbout(unsampled, 1);
  assert.match(one!.headers['traceparent']!, new RegExp(`^00-${caller.traceId}-[0-9a-f]{16}-00$`));
  const [other] = await postbacksAbout(malformed, 1);
  assert.equal(other!.headers['traceparent'], undefined);
  const { rows } = await stack.pool.query(`select id, traceparent from events where id = any($1)`, [
    [unsampled, malformed],
  ]);
  assert.deepEqual(
    rows.toSorted((a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)),
    [
      { id: unsampled, traceparent: caller.traceparent },
      { id: malformed, traceparent: null },
    ],
  );
});

test('a worker that is stopped sends the spans that wait', async () => {
  const caller = newTrace();
  const eventId = await sell(well, { traceparent: caller.traceparent });
  await postbacksAbout(eventId, 1);
  worker.kill('SIGTERM');
  const [code] = (await once(worker, 'exit')) as [number];
  assert.equal(code, 0);
  assert.ok(otlp.spans.some(about(eventId)));
});

test('spans go where they should, with the given headers, and say nothing of customers and payloads', () => {
  assert.ok(otlp.requests.length > 0);
  for (const { path, headers, body } of otlp.requests) {
    assert.equal(path, '/v1/traces');
    assert.deepEqual([headers['x-key'], headers['x-team']], ['a key', 'postbacks']);
    for (const text of [...SECRETS, well.key, flaky.key])
      assert.ok(!body.includes(text), `a span says ${text}`);
  }
  assert.deepEqual([...new Set(otlp.spans.map(({ name }) => name))].toSorted(), [
    'attempt',
    'batch',
    'settle',
  ]);
  assert.ok(!stack.printed().includes('a key'), 'the log hides the headers');
});

test('a receiver of spans that hangs holds up neither events nor the end of a worker', async () => {
  otlp.hang();
  worker = await stack.startWorker();
  const { traceparent } = newTrace();
  const eventId = await sell(well, { traceparent }, 500);
  const { body } = await postbacksAbout(eventId, 1).then(() =>
    eventually('all postbacks', async () => {
      const answer = await stack.call<{ data: unknown[] }>('GET /v1/events?status=accepted', {
        key: well.key,
      });
      return answer.body.data.length === 0 ? answer : null;
    }),
  );
  assert.deepEqual(body.data, []);
  const begun = otlp.requests.length;
  await eventually('an export that hangs', () => otlp.requests.length > begun);
  const stoppedAt = Date.now();
  worker.kill('SIGTERM');
  const [code] = (await once(worker, 'exit')) as [number];
  assert.equal(code, 0);
  assert.ok(Date.now() - stoppedAt < 8000, `the worker took ${Date.now() - stoppedAt} ms to stop`);
  await eventually('the log to say so', () => stack.printed().includes('spans could not be sent'));
});
