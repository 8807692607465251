// A balancer in small, and callers behind it, for tests that restart processes under load.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { saleOf } from './broker.ts';

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
export function startCallers(
  urls: readonly string[],
  key: string,
  clickId: unknown,
): { stop(): Promise<Call[]> } {
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
export async function endProcess(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  assert.deepEqual(await exit, [0, null]);
}
