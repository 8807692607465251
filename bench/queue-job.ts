// Work of a job of the compared job queues: the same signed POST, and a row for the attempt in the
// same table.
import { Agent, type Dispatcher } from 'undici';
import { render } from '../delivery/render.ts';
import type { PostbackRequest } from '../delivery/send.ts';
import { secretKey } from '../delivery/sign.ts';
import { newId } from '../store/db/ids.ts';
import { createPool } from '../store/db/pool.ts';
import type { Postback, ContenderInput } from './contender.ts';

export type QueueJob = {
  perform(postback: Postback): Promise<void>;
  /**
   * Returns the milliseconds from the first job until so many were performed; rejects as soon as a
   * job fails.
   */
  performed(count: number): Promise<number>;
  close(): Promise<void>;
};

export function createQueueJob({ databaseUrl, operatorId, secret }: ContenderInput): QueueJob {
  // As many connections as the worker has.
  const pool = createPool(databaseUrl, { applicationName: 'bench-queue' });
  const agent = new Agent({ pipelining: 1 });
  const recipient = {
    method: 'POST',
    body: 'json',
    headers: {},
    signing: 'v1',
    secrets: [secretKey(secret)],
  } as const;
  let left = 0;
  let begin = (): void => {};
  let done = (): void => {};
  let failed: (error: unknown) => void = () => {};

  async function attempt({ id, type, url, body }: Postback): Promise<void> {
    const startedAt = new Date();
    const request = render({ id, type, body, try: 1 }, { ...recipient, url }, startedAt.getTime());
    const status = await post(agent, request);
    await pool.query({
      name: 'bench-attempt',
      text: `insert into attempts
         (operator_id, id, delivery_id, number, cause, started_at, duration_ms, status_code)
       values ($1, $2, $3, 1, 'first', $4, $5, $6)`,
      values: [operatorId, newId('att'), id, startedAt, Date.now() - startedAt.getTime(), status],
    });
  }

  return {
    async perform(postback) {
      begin();
      try {
        await attempt(postback);
      } catch (error) {
        failed(error);
        throw error;
      }
      if (--left === 0) done();
    },
    performed(count) {
      left = count;
      let startedAt: number | undefined;
      return new Promise((resolve, reject) => {
        begin = () => (startedAt ??= performance.now());
        done = () => resolve(performance.now() - startedAt!);
        failed = reject;
      });
    },
    async close() {
      await agent.close();
      await pool.end();
    },
  };
}

/** Sends a request and returns its status. Throws when it is not 2xx: there are no retries here. */
export async function post(
  dispatcher: Dispatcher,
  { url, method, headers, body }: PostbackRequest,
): Promise<number> {
  const { origin, pathname: path } = new URL(url);
  const answer = await dispatcher.request({ origin, path, method, headers, body });
  await answer.body.dump();
  if (answer.statusCode >= 300) throw new Error(`a receiver answered ${answer.statusCode}`);
  return answer.statusCode;
}
