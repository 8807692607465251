// Metrics of the worker: attempts by outcome, batches by size and duration, and the HTTP port.
import { STATUS_CODES } from 'node:http';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Registry } from 'prom-client';
import type { Activities } from '../../activities/index.ts';
import type { SettleInput, Settled } from '../../activities/settlement/settle.ts';
import type { AttemptOutcome } from '../../domain/delivery/retry.ts';
import type { AttemptRecord } from '../../store/delivery/attempts.ts';
import type { Delivery } from '../../store/delivery/deliveries.ts';
import { newId } from '../../store/db/ids.ts';
import { createWorkerMetrics } from '../../worker/metrics.ts';

const ANSWER = { kind: 'answered', excerpt: '', durationMs: 30, phases: {} } as const;

test('the worker counts attempts and batches by outcome and serves its metrics', async () => {
  const outcomes: AttemptOutcome[] = [
    { ...ANSWER, status: 200 },
    { ...ANSWER, status: 503 },
    { kind: 'failed', errorClass: 'timeout', detail: '', durationMs: 15_000, phases: {} },
    { ...ANSWER, status: 204 },
  ];
  let unwritten = 3;
  const metrics = createWorkerMetrics({ registry: new Registry(), backlog: () => unwritten });
  const sender = metrics.countAttempts({
    send: () => Promise.resolve(outcomes.shift()!),
    close: () => Promise.resolve(),
  });
  const request = {
    url: 'https://receiver.example/secret',
    method: 'POST',
    headers: {},
    body: null,
  } as const;
  assert.equal((await sender.send(request)).kind, 'answered');
  for (let more = 0; more < 3; more++) await sender.send(request);
  metrics.lookedUp('found', 12);
  metrics.lookedUp('silent', 4000);
  metrics.lookedUp('silent', 4000);
  let fails = false;
  const settled: Settled = { forBatch: 0, endpointsToWake: [], setAside: [], matched: [] };
  const { settle } = metrics.countBatches<Pick<Activities, 'settle'>>({
    settle: (): Promise<Settled> => (fails ? Promise.reject(new Error('away')) : Promise.resolve(settled)),
  });
  const batch: SettleInput = {
    batchId: 'b',
    owner: 'batch',
    operators: [{ operatorId: 'opr_1', eventIds: ['a', 'b', 'c'] }],
  };
  await settle(batch);
  fails = true;
  await assert.rejects(settle(batch), /away/);

  const { sendNotices } = metrics.countNotices({ sendNotices: async () => ({ sent: 2, failed: 1 }) });
  await sendNotices();
  await sendNotices();

  const listening = await metrics.listen(0, '127.0.0.1');
  try {
    const response = await fetch(`http://127.0.0.1:${listening.port}/metrics`);
    const page = await response.text();
    for (const line of [
      'postrider_attempts_total{outcome="delivered"} 2',
      'postrider_attempts_total{outcome="http_503"} 1',
      'postrider_attempts_total{outcome="timeout"} 1',
      'postrider_attempt_seconds_count 4',
      'postrider_name_lookup_seconds_count{result="found"} 1',
      'postrider_name_lookup_seconds_sum{result="silent"} 8',
      'postrider_settle_batch_events_sum 3',
      'postrider_settle_batch_events_count 1',
      'postrider_settle_seconds_count{result="settled"} 1',
      'postrider_settle_seconds_count{result="failed"} 1',
      'postrider_notice_messages_total{result="sent"} 4',
      'postrider_notice_messages_total{result="failed"} 2',
      'postrider_recorder_backlog 3',
    ])
      assert.ok(page.split('\n').includes(line), `${line} is missing`);
    for (const name of ['receiver.example', 'opr_1'])
      assert.ok(!page.includes(name), `${name} is in no label`);
    unwritten = 0;
    assert.match(
      await (await fetch(`http://127.0.0.1:${listening.port}/metrics`)).text(),
      /^postrider_recorder_backlog 0$/m,
    );
    assert.equal((await fetch(`http://127.0.0.1:${listening.port}/`)).status, 404);
  } finally {
    listening.close();
  }
});

/** Whether a page has each of these lines. */
async function assertLines(metrics: ReturnType<typeof createWorkerMetrics>, lines: readonly string[]) {
  const page = await pageOf(metrics);
  for (const line of lines) assert.ok(page.split('\n').includes(line), `${line} is missing in\n${page}`);
}

async function pageOf(metrics: ReturnType<typeof createWorkerMetrics>): Promise<string> {
  const { port, close } = await metrics.listen(0, '127.0.0.1');
  try {
    return await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  } finally {
    close();
  }
}

const START = Date.parse('2026-03-01T12:00:00Z');

type Told = { type?: string; earlier?: number; cause?: AttemptRecord['cause']; state: string };

/** An attempt of a postback about an event that was taken in at START. */
function told(afterMs: number, { type = 'conversion.created', earlier = 0, cause = 'first', state }: Told) {
  const due = { aboutId: newId('evt', START), type, attempts: earlier } as Delivery;
  const startedAt = new Date(START + afterMs - 20);
  return [due, { next: { state }, cause, startedAt, durationMs: 20 } as AttemptRecord] as const;
}

test('the time from an event to its postback is measured once per postback, and given-up ones are counted', async () => {
  const metrics = createWorkerMetrics({ registry: new Registry(), backlog: () => 0 });
  for (const one of [
    told(700, { state: 'delivered' }),
    told(100, { state: 'retrying' }),
    told(3_600_000, { state: 'delivered', earlier: 3, cause: 'retry' }),
    told(9_000_000, { state: 'delivered', earlier: 4, cause: 'replay' }),
    told(800, { state: 'delivered', type: 'conversion.reversed' }),
    told(700, { state: 'gave_up', earlier: 6, cause: 'retry' }),
    // The clock of the process that took the event in was ahead.
    told(-50, { state: 'delivered' }),
  ])
    metrics.recorded(...one);
  await assertLines(metrics, [
    'postrider_event_to_delivery_seconds_bucket{le="0.5",try="first"} 1',
    'postrider_event_to_delivery_seconds_bucket{le="1",try="first"} 2',
    'postrider_event_to_delivery_seconds_sum{try="first"} 0.7',
    'postrider_event_to_delivery_seconds_count{try="later"} 1',
    'postrider_event_to_delivery_seconds_sum{try="later"} 3600',
    'postrider_postbacks_given_up_total 1',
  ]);
});

test('a receiver that answers every status there is makes a bounded number of series', async () => {
  const metrics = createWorkerMetrics({ registry: new Registry(), backlog: () => 0 });
  let status = 100;
  const sender = metrics.countAttempts({
    send: () => Promise.resolve({ ...ANSWER, status: status++ }),
    close: () => Promise.resolve(),
  });
  while (status < 1000) await sender.send({ url: 'x', method: 'GET', headers: {}, body: null });
  const outcomes = (await pageOf(metrics)).match(/^postrider_attempts_total\{.*$/gm)!;
  assert.ok(outcomes.length <= Object.keys(STATUS_CODES).length + 2, String(outcomes.length));
  assert.ok(outcomes.some((line) => line.startsWith('postrider_attempts_total{outcome="http_other"} ')));
  assert.ok(outcomes.includes('postrider_attempts_total{outcome="http_503"} 1'));
});

test("the page has the metrics of Temporal's SDK, and the others when these cannot be read", async () => {
  const page = (readSdk: () => Promise<string>) =>
    pageOf(createWorkerMetrics({ registry: new Registry(), backlog: () => 2, readSdk }));
  const both = await page(() => Promise.resolve('temporal_x_total 1\n'));
  assert.match(both, /^postrider_recorder_backlog 2\ntemporal_x_total 1\n/m);
  assert.match(await page(() => Promise.reject(new Error('away'))), /^postrider_recorder_backlog 2$/m);
});
