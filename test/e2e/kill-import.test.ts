// A worker killed in the middle of an import: every line is an event, and each once, though nothing
// in the lines would tell two of them apart.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { withBroker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { withStack, type TestStack } from '../support/stack.ts';

const LINES = 8000;

let stack: TestStack;
before(async () => (stack = await withStack()));
after(() => stack.close());

test(`a worker killed in the middle of an import of ${LINES} lines takes each in and books it once`, async () => {
  const broker = await withBroker(stack, { url: 'http://127.0.0.1:9/' });
  const ask = async <T>(request: string, body?: unknown, headers?: Record<string, string>): Promise<T> => {
    const answer = await stack.call<T>(request, { key: broker.key, body, ...(headers && { headers }) });
    assert.ok(answer.status < 300, JSON.stringify(answer.body));
    return answer.body;
  };
  await ask('PATCH /v1/operator', { without_transaction_id: 'accept_each' });
  await ask('DELETE /v1/endpoints/' + broker.endpoint.id);
  const { click_id: clickId } = await ask<{ click_id: string }>('POST /v1/clicks', {
    link_id: broker.linkId,
  });
  const worker = await stack.startWorker();
  const csv = `event,customer_id,click_id,amount,currency\n${`sale,c,${clickId},10.00,USD\n`.repeat(LINES)}`;
  const { id } = await ask<{ id: string }>('POST /v1/imports', csv, { 'content-type': 'text/csv' });
  type Import = { state: string; done: number; accepted: number };
  const find = () => ask<Import>(`GET /v1/imports/${id}?limit=1`);
  await eventually('some lines', async () => (await find()).done >= 1000, 30_000);
  worker.kill('SIGKILL');
  await once(worker, 'exit');
  assert.ok((await find()).done < LINES, 'all was taken in before the kill');
  await stack.startWorker();
  await eventually('the import to end', async () => (await find()).state === 'done', 90_000);
  assert.equal((await find()).accepted, LINES);
  const read = async () => {
    const { rows } = await stack.pool.query<{ events: number; transfers: number }>(
      `select (select count(*)::int from events) as events, (select count(*)::int from transfers) as transfers`,
    );
    return rows[0]!;
  };
  await eventually('all to be booked', async () => (await read()).transfers >= LINES, 90_000);
  assert.deepEqual(await read(), { events: LINES, transfers: LINES });
});
