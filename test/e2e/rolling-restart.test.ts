// A rolling restart: two APIs and two workers are stopped by SIGTERM and started anew, one after
// the other, under load. No request fails, and every event is delivered once.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { saleOf, withBroker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';
import { freePort } from '../support/ports.ts';
import { withStack, type TestStack } from '../support/stack.ts';

const CALLERS = 8;
const EVERY_MS = 50;
const PROBE_MS = 200;
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

/**
 * A balancer in small: asks each API whether it is ready, and sends over connections that are kept
 * open, in turn to those that are. It repeats nothing.
 */
function createBalancer(urls: readonly string[]) {
  const agent = new Agent({ keepAlive: true });
  const probes = new Agent({ keepAlive: false });
  const ready = new Set(urls);
  const stopping = new AbortController();
  let turn = 0;

  const send = (url: string, options: { method: string; agent: Agent; key?: string; body?: string }) =>
    new Promise<{ status: number; isReused: boolean }>((resolve, reject) => {
      const { method, key, body } = options;
      const headers = {
        ...(key && { authorization: `Bearer ${key}` }),
        ...(body && { 'content-type': 'application/json' }),
      };
      const sent = httpRequest(url, { method, headers, agent: options.agent }, (response) => {
        response.resume();
        response.once('error', reject);
        response.once('end', () => resolve({ status: response.statusCode!, isReused: sent.reusedSocket }));
      });
      sent.once('error', reject);
      sent.end(body);
    });

  const probing = urls.map(async (url) => {
    while (!stopping.signal.aborted) {
      const { status } = await send(`${url}/readyz`, { method: 'GET', agent: probes }).catch(() => ({
        status: 0,
      }));
      if (status === 200) ready.add(url);
      else ready.delete(url);
      await pause(PROBE_MS);
    }
  });
  return {
    post(path: string, key: string, body: object) {
      const choice = [...ready];
      const url = choice[(turn += 1) % choice.length];
      if (url === undefined) return Promise.reject(new Error('no API is ready'));
      return send(url + path, { method: 'POST', agent, key, body: JSON.stringify(body) });
    },
    async close() {
      stopping.abort();
      await Promise.all(probing);
      agent.destroy();
    },
  };
}

/** Stops a process as a process manager does, and waits for its end. */
async function end(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  assert.deepEqual(await exit, [0, null]);
}

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

    const balancer = createBalancer(ports.map((port) => `http://127.0.0.1:${port}`));
    const sentAt = new Map<string, number>();
    const failures: string[] = [];
    let reused = 0;
    let isOver = false;
    const caller = async (number: number): Promise<void> => {
      for (let index = 0; !isOver; index += 1) {
        const id = `t-${number}-${index}`;
        sentAt.set(id, Date.now());
        const answer = await balancer
          .post('/v1/events', broker.key, saleOf(id, clickId))
          .catch((error: Error) => error.message);
        if (typeof answer === 'string' || answer.status !== 202)
          failures.push(`${id}: ${typeof answer === 'string' ? answer : answer.status}`);
        else if (answer.isReused) reused += 1;
        await pause(EVERY_MS);
      }
    };
    const callers = Array.from({ length: CALLERS }, (_, number) => caller(number));
    for (const [index, port] of ports.entries()) {
      await end(apis[index]!);
      await stack.startApi(port);
    }
    for (const worker of workers) {
      await end(worker);
      await stack.startWorker();
    }
    isOver = true;
    await Promise.all(callers);
    await balancer.close();
    assert.deepEqual(failures, []);
    assert.ok(reused > sentAt.size / 2, `${reused} of ${sentAt.size} requests came over kept connections`);

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
