// A worker killed in the middle of a payout run: every affiliate is paid, and each once.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { withBroker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { withStack, type TestStack } from '../support/stack.ts';

const AFFILIATES = 400;

let stack: TestStack;
before(async () => (stack = await withStack()));
after(() => stack.close());

test(`a worker killed in the middle of a payout run of ${AFFILIATES} affiliates pays each once`, async () => {
  const { key } = await withBroker(stack, { url: 'http://127.0.0.1:9/' });
  const ask = async <T>(request: string, body?: object): Promise<T> => {
    const answer = await stack.call<T>(request, { key, ...(body && { body }) });
    assert.ok(answer.status < 300, JSON.stringify(answer.body));
    return answer.body;
  };
  for (let count = 0; count < AFFILIATES; count++) {
    const { id } = await ask<{ id: string }>('POST /v1/affiliates', { name: `Media ${count}` });
    const given = { currency: 'USD', amount: '20.00', reason: 'a test', idempotency_key: id };
    await ask(`POST /v1/affiliates/${id}/adjustments`, given);
  }
  const worker = await stack.startWorker();
  const wanted = { currency: 'USD', payment_details: 'optional' };
  const { id } = await ask<{ id: string }>('POST /v1/payout-runs', wanted);
  type Run = { state: string; total: number; done: number; created: number; amount: string };
  const find = () => ask<Run>(`GET /v1/payout-runs/${id}`);
  await eventually('some payouts', async () => (await find()).created > 20, 30_000);
  worker.kill('SIGKILL');
  await once(worker, 'exit');
  const atKill = await find();
  assert.ok(atKill.created < AFFILIATES, 'all were paid before the kill');
  await stack.startWorker();
  await eventually('the run to end', async () => (await find()).state === 'done', 90_000);
  const { total, done, created, amount } = await find();
  assert.deepEqual([total, done, created, amount], [AFFILIATES, AFFILIATES, AFFILIATES, '8000.00']);
  const { rows } = await stack.pool.query<{ payouts: number; affiliates: number }>(
    `select count(*)::int as payouts, count(distinct affiliate_id)::int as affiliates from payouts`,
  );
  assert.deepEqual(rows, [{ payouts: AFFILIATES, affiliates: AFFILIATES }]);
});
