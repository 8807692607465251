// Spans without processes: what a `traceparent` may be, and how little a receiver of spans that
// hangs, refuses or is away can do.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startApiTracing } from '../../api/process/tracing.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';
import { freePort } from '../support/ports.ts';
import { spanContextOf, startTracing, traceparentOf } from '../../tracing.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const BATCH = { batchId: 'bat_1', operators: [{ operatorId: 'opr_1', eventIds: ['evt_1', 'evt_2'] }] };

let receiver: FaultyReceiver;
before(async () => {
  receiver = await startReceiver();
});
after(() => receiver.close());

function tracingTo(url: string) {
  const lost: string[] = [];
  const options = { url, headers: {}, version: '0.0.0', onLost: (reason: string) => void lost.push(reason) };
  return { lost, options, ...startTracing({ ...options, service: 'postrider-api' }) };
}

for (const { name, text, read } of [
  { name: 'a sampled one', text: `00-${TRACE}-${SPAN}-01`, read: `00-${TRACE}-${SPAN}-01` },
  { name: 'one that is not sampled', text: `00-${TRACE}-${SPAN}-00`, read: `00-${TRACE}-${SPAN}-00` },
  { name: 'flags that nobody knows yet', text: `00-${TRACE}-${SPAN}-03`, read: `00-${TRACE}-${SPAN}-01` },
  { name: 'a later version with more', text: `cc-${TRACE}-${SPAN}-01-what`, read: `00-${TRACE}-${SPAN}-01` },
  { name: 'our version with more', text: `00-${TRACE}-${SPAN}-01-what`, read: undefined },
  { name: 'a later version run into more', text: `cc-${TRACE}-${SPAN}-01x`, read: undefined },
  { name: 'the version that is none', text: `ff-${TRACE}-${SPAN}-01`, read: undefined },
  { name: 'no trace', text: `00-${'0'.repeat(32)}-${SPAN}-01`, read: undefined },
  { name: 'no span', text: `00-${TRACE}-${'0'.repeat(16)}-01`, read: undefined },
  { name: 'capitals', text: `00-${TRACE.toUpperCase()}-${SPAN}-01`, read: undefined },
  { name: 'two headers as one', text: `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`, read: undefined },
  { name: 'other text', text: "'; drop table events", read: undefined },
])
  test(`a traceparent is read as W3C says: ${name}`, async () => {
    const context = spanContextOf(text);
    assert.equal(context && traceparentOf(context), read);
    const { options } = tracingTo(`${receiver.url}/ok`);
    const { traceparentOf: kept } = startApiTracing(options);
    assert.equal(kept({ headers: { traceparent: text } }), read);
  });

test('a receiver that hangs costs a bounded queue, one line of log and two seconds at the end', async () => {
  const { tracer, lost, close } = tracingTo(`${receiver.url}/hang`);
  const atFirst = process.memoryUsage().heapUsed;
  for (let index = 0; index < 100_000; index++) tracer.startSpan(`attempt`).end();
  const grown = (process.memoryUsage().heapUsed - atFirst) / 2 ** 20;
  assert.ok(grown < 60, `100,000 spans left ${grown.toFixed(0)} MB`);
  await eventually('the loss to be told', () => lost.length > 0);
  const startedAt = performance.now();
  await close();
  const tookMs = performance.now() - startedAt;
  assert.ok(tookMs < 2500, `closing took ${tookMs} ms`);
  assert.equal(lost.length, 1);
});

for (const path of ['status/500', 'status/400', 'reset', 'garbage', null])
  test(`a receiver that ${path === null ? 'is away' : `answers with ${path}`} is told of and harms nothing`, async () => {
    const url = path === null ? `http://127.0.0.1:${await freePort()}` : `${receiver.url}/${path}`;
    const { traceBatch, lost, close } = tracingTo(url);
    traceBatch(BATCH).end(false);
    await close();
    assert.equal(lost.length, 1, lost.join());
  });

test('the span of a batch under way is ended and sent when the process stops', async () => {
  const { traceBatch, close } = tracingTo(`${receiver.url}/ok`);
  const sentBefore = receiver.requests.length;
  const { batch, end } = traceBatch(BATCH);
  assert.deepEqual({ ...batch, traceparent: undefined }, { ...BATCH, traceparent: undefined });
  await close();
  end(true);
  const [request] = receiver.requests.slice(sentBefore);
  assert.ok(request!.body.includes(spanContextOf(batch.traceparent)!.spanId));
});
