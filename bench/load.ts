// The operators' side, as a process of its own: sends requests as fast as answers come back, or at a steady pace whatever comes back.
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { answerQuestions } from './child.ts';

export type Target = { apiUrl: string; apiKey: string; path: string };

/** What was answered, in the order of the bodies, and when the first request went out (milliseconds since 1970). */
export type Sent = { answers: string[]; startedAt: number };

/** As `Sent`, with the moment each request was due: being late in sending counts as waiting. */
export type Paced = { answers: string[]; dueAt: number[] };

export type LoadQuestions = {
  /** Closed loop: each connection sends its next request when the last one was answered. */
  rush(input: Target & { bodies: string[]; connections: number }): Promise<Sent>;
  /** Open loop: a request every so often. */
  pace(input: Target & { bodies: string[]; perSecond: number }): Promise<Paced>;
};

/** Enough for 300 requests a second that take a second each; idle ones cost nothing. */
const OPEN_LOOP_CONNECTIONS = 300;

async function rush({ bodies, connections, ...target }: Parameters<LoadQuestions['rush']>[0]): Promise<Sent> {
  return withPool(target, connections, async (post) => {
    const answers: string[] = [];
    const rest = bodies.entries();
    const connection = async (): Promise<void> => {
      for (const [index, body] of rest) answers[index] = await post(body);
    };
    const startedAt = Date.now();
    await Promise.all(Array.from({ length: connections }, connection));
    return { answers, startedAt };
  });
}

async function pace({ bodies, perSecond, ...target }: Parameters<LoadQuestions['pace']>[0]): Promise<Paced> {
  return withPool(target, OPEN_LOOP_CONNECTIONS, async (post) => {
    const startedAt = Date.now() + 100;
    const dueAt = bodies.map((_, index) => startedAt + (index * 1000) / perSecond);
    const answers = bodies.map(async (body, index) => {
      await sleep(dueAt[index]! - Date.now());
      return post(body);
    });
    return { answers: await Promise.all(answers), dueAt };
  });
}

/** Throws at the first answer that is not 2xx: the figures of a run with refusals would mean nothing. */
async function withPool<T>(
  { apiUrl, apiKey, path }: Target,
  connections: number,
  work: (post: (body: string) => Promise<string>) => Promise<T>,
): Promise<T> {
  const pool = new Pool(apiUrl, { connections, pipelining: 1 });
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
  const post = async (text: string): Promise<string> => {
    const { statusCode, body } = await pool.request({ method: 'POST', path, headers, body: text });
    const answered = await body.text();
    if (statusCode >= 300) throw new Error(`POST ${path} was answered ${statusCode}: ${answered.slice(0, 300)}`);
    return answered;
  };
  try {
    return await work(post);
  } finally {
    await pool.close();
  }
}

answerQuestions({ rush, pace } satisfies LoadQuestions);
