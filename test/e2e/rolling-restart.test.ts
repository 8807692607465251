// A rolling restart: two APIs and two workers are stopped by SIGTERM and started anew, one after
// the other, under load. No request fails, and every event is delivered once.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';
import { startPairs } from '../support/rolling.ts';
import { withStack, type TestStack } from '../support/stack.ts';

/** Longer than the balancer takes to hear from readiness. */
const DRAIN_SECONDS = '2';

let stack: TestStack;
let receiver: FaultyReceiver;

before(async () => {
  [stack, receiver] = await Promise.all([withStack({ DRAIN_SECONDS }), startReceiver()]);
});
after(async () => {
  await stack.close();
  await receiver.close();
});

test(
  'APIs and workers are restarted one by one under load: no request fails, and every event is delivered once',
  { timeout: 180_000 },
  async (t) => {
    const pairs = await startPairs(stack, `${receiver.url}/ok`);
    const callers = pairs.startCallers();
    await pairs.replaceApis();
    await pairs.replaceWorkers();
    const calls = await callers.stop();
    assert.deepEqual(
      calls.filter(({ failure }) => failure !== null),
      [],
    );
    const reused = calls.filter(({ isReused }) => isReused).length;
    assert.ok(reused > calls.length / 2, `${reused} of ${calls.length} requests came over kept connections`);
    const sentAt = new Map(calls.map((call) => [call.id, call.sentAt]));

    const arrived = () =>
      receiver.requests.map(({ body, receivedAtMs }) => {
        const { data } = JSON.parse(body) as { data: { transaction_id: string } };
        return { id: data.transaction_id, ms: receivedAtMs - sentAt.get(data.transaction_id)! };
      });
    await eventually(
      'every event to be delivered',
      () => new Set(arrived().map(({ id }) => id)).size === sentAt.size,
      60_000,
    );
    const all = arrived();
    assert.equal(all.length, sentAt.size, 'something was delivered twice');
    const slowest = Math.max(...all.map(({ ms }) => ms));
    t.diagnostic(
      `${sentAt.size} events, ${reused} over kept connections, the slowest delivered after ${slowest} ms`,
    );
  },
);
