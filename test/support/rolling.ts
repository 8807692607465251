// Two APIs and two workers that are replaced one by one, a balancer in small in front of the APIs,
// and callers behind it, for tests that restart processes under load.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { saleOf, withBroker, type Broker } from './broker.ts';
import { freePort } from './ports.ts';
import type { TestStack } from './stack.ts';

const CALLERS = 8;
const EVERY_MS = 50;
const PROBE_MS = 200;

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

/** A request of a caller: when it was sent, how long its answer took, and what went wrong. */
export interface Call {
  readonly id: string;
  readonly sentAt: number;
  readonly ms: number;
  readonly isReused: boolean;
  readonly failure: string | null;
}

/**
 * Callers that send sales by a click through a balancer in front of these APIs, 160 a second at
 * most, until `stop`, which returns all their requests.
 */
function startCallers(urls: readonly string[], key: string, clickId: unknown): { stop(): Promise<Call[]> } {
  const balancer = createBalancer(urls);
  const calls: Call[] = [];
  let isOver = false;
  const caller = async (number: number): Promise<void> => {
    for (let index = 0; !isOver; index += 1) {
      const id = `t-${number}-${index}`;
      const sentAt = Date.now();
      const answer = await balancer
        .post('/v1/events', key, saleOf(id, clickId))
        .catch((error: Error) => error.message);
      const isAnswer = typeof answer !== 'string';
      calls.push({
        id,
        sentAt,
        ms: Date.now() - sentAt,
        isReused: isAnswer && answer.isReused,
        failure: isAnswer ? (answer.status === 202 ? null : `${answer.status}`) : answer,
      });
      await pause(EVERY_MS);
    }
  };
  const callers = Array.from({ length: CALLERS }, (_, number) => caller(number));
  return {
    async stop() {
      isOver = true;
      await Promise.all(callers);
      await balancer.close();
      return calls;
    },
  };
}

/** Stops a process as a process manager does, and waits for its end. */
async function endProcess(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  assert.deepEqual(await exit, [0, null]);
}

/** Two APIs and two workers, and a broker with a click, for callers and replacements. */
export interface Pairs {
  readonly broker: Broker;
  readonly clickId: unknown;
  startCallers(): { stop(): Promise<Call[]> };
  /** One after the other, by processes of this checkout. */
  replaceApis(): Promise<void>;
  replaceWorkers(): Promise<void>;
}

/** `checkout`: the release of the processes that are there at first. */
export async function startPairs(stack: TestStack, receiverUrl: string, checkout?: string): Promise<Pairs> {
  const ports = [Number(new URL(stack.url).port), await freePort()];
  const [broker, second, ...workers] = await Promise.all([
    withBroker(stack, { url: receiverUrl }),
    stack.startApi(ports[1]!, checkout),
    stack.startWorker(checkout),
    stack.startWorker(checkout),
  ]);
  const apis = [stack.api, second];
  const click = { key: broker.key, body: { link_id: broker.linkId } };
  const { click_id: clickId } = (await stack.call('POST /v1/clicks', click)).body;
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  return {
    broker,
    clickId,
    startCallers: () => startCallers(urls, broker.key, clickId),
    async replaceApis() {
      for (const [index, port] of ports.entries()) {
        await endProcess(apis[index]!);
        await stack.startApi(port);
      }
    },
    async replaceWorkers() {
      for (const worker of workers) {
        await endProcess(worker);
        await stack.startWorker();
      }
    },
  };
}
