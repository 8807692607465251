// Load of the operators, in its own process: sends requests in a closed loop, or at a steady pace
// in an open loop.
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { answerQuestions } from './child.ts';

/**
 * Where requests go. `isPatient`: what is refused with 503 is sent again after its `Retry-After`,
 * as callers should; otherwise it ends the measurement.
 */
export type Target = { apiUrl: string; apiKey: string; path: string; isPatient?: boolean };

/**
 * Answers in the order of the bodies, and the start of the first request (milliseconds since 1970).
 */
export type Sent = { answers: string[]; startedAt: number };

/** `Sent`, with the moment each request was due: being late in sending counts as waiting. */
type Paced = { answers: string[]; dueAt: number[] };

export type LoadQuestions = {
  /** Closed loop: each connection sends its next request after its last answer. */
  rush(input: Target & { bodies: string[]; connections: number }): Promise<Sent>;
  /** Open loop: a request at a fixed interval. */
  pace(input: Target & { bodies: string[]; perSecond: number }): Promise<Paced>;
  /**
   * Visitors that follow a link, each connection one after the other, until so many were
   * redirected; returns the duration.
   */
  visit(input: Visits & { connections: number }): Promise<{ tookMs: number }>;
  /**
   * Visitors in an open loop; returns the delay of each redirect from its due moment, in
   * milliseconds.
   */
  visitAtPace(input: Visits & { perSecond: number }): Promise<number[]>;
};

type Visits = { apiUrl: string; path: string; visits: number };

/** Enough for 300 requests a second that take a second each; idle connections cost nothing. */
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

async function visit({
  visits,
  connections,
  ...link
}: Parameters<LoadQuestions['visit']>[0]): Promise<{ tookMs: number }> {
  return withVisitors(link, connections, async (follow) => {
    let left = visits;
    const connection = async (): Promise<void> => {
      while (left-- > 0) await follow();
    };
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: connections }, connection));
    return { tookMs: performance.now() - startedAt };
  });
}

async function visitAtPace({
  visits,
  perSecond,
  ...link
}: Parameters<LoadQuestions['visitAtPace']>[0]): Promise<number[]> {
  return withVisitors(link, OPEN_LOOP_CONNECTIONS, async (follow) => {
    const startedAt = performance.now() + 100;
    const one = async (_: unknown, index: number): Promise<number> => {
      const dueAt = startedAt + (index * 1000) / perSecond;
      await sleep(dueAt - performance.now());
      await follow();
      return performance.now() - dueAt;
    };
    return Promise.all(Array.from({ length: visits }, one));
  });
}

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

/** Throws at the first visitor that is not redirected with a click. */
async function withVisitors<T>(
  { apiUrl, path }: Omit<Visits, 'visits'>,
  connections: number,
  work: (follow: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const pool = new Pool(apiUrl, { connections, pipelining: 1 });
  const headers = { 'user-agent': BROWSER, accept: 'text/html' };
  const follow = async (): Promise<void> => {
    const { statusCode, headers: answered, body } = await pool.request({ method: 'GET', path, headers });
    await body.dump();
    const location = String(answered['location']);
    if (statusCode !== 302 || !location.includes('click_id=clk_'))
      throw new Error(`a visitor was answered ${statusCode} ${location}`);
  };
  try {
    return await work(follow);
  } finally {
    await pool.close();
  }
}

/**
 * Throws at the first answer other than 2xx, since the figures of a run with refusals would mean
 * nothing; but see `isPatient`.
 */
async function withPool<T>(
  { apiUrl, apiKey, path, isPatient = false }: Target,
  connections: number,
  work: (post: (body: string) => Promise<string>) => Promise<T>,
): Promise<T> {
  const pool = new Pool(apiUrl, { connections, pipelining: 1 });
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
  const post = async (text: string): Promise<string> => {
    for (;;) {
      const answer = await pool.request({ method: 'POST', path, headers, body: text });
      const { statusCode, headers: answered } = answer;
      const body = await answer.body.text();
      if (statusCode < 300) return body;
      if (statusCode !== 503 || !isPatient)
        throw new Error(`POST ${path} was answered ${statusCode}: ${body.slice(0, 300)}`);
      await sleep(Number(answered['retry-after']) * 1000);
    }
  };
  try {
    return await work(post);
  } finally {
    await pool.close();
  }
}

answerQuestions({ rush, pace, visit, visitAtPace } satisfies LoadQuestions);
