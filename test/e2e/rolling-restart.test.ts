// A rolling restart: two APIs and two workers are stopped by SIGTERM and started anew, one after
// the other, under load. No request fails, and every event is delivered once.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { withBroker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';
import { freePort } from '../support/ports.ts';
import { endProcess, startCallers } from '../support/rolling.ts';
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
    const ports = [Number(new URL(stack.url).port), await freePort()];
    const [broker, second, ...workers] = await Promise.all([
      withBroker(stack, { url: `${receiver.url}/ok` }),
      stack.startApi(ports[1]!),
      stack.startWorker(),
      stack.startWorker(),
    ]);
    const apis = [stack.api, second];
    const click = { key: broker.key, body: { link_id: broker.linkId } };
    const { click_id: clickId } = (await stack.call<{ click_id: string }>('POST /v1/clicks', click)).body;

    const urls = ports.map((port) => `http://127.0.0.1:${port}`);
    const callers = startCallers(urls, broker.key, clickId);
    for (const [index, port] of ports.entries()) {
      await endProcess(apis[index]!);
      await stack.startApi(port);
    }
    for (const worker of workers) {
      await endProcess(worker);
      await stack.startWorker();
    }
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
