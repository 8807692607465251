// Metrics of the worker: attempts by outcome, batches by size and duration, and the HTTP port.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import type { Activities } from '../../activities/index.ts';
import type { SettleInput, Settled } from '../../activities/settlement/settle.ts';
import type { AttemptOutcome } from '../../domain/delivery/retry.ts';
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
  const metrics = createWorkerMetrics(() => unwritten);
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
