// Callers of a chaos run: they repeat a request until it has a clear answer, now at one API and
// now at the other, and keep a record of every call.
import { setTimeout as pause } from 'node:timers/promises';
import type { Answer, Call } from '../support/money-model/api-client.ts';
import type { CallRecord } from './records.ts';

export interface Callers {
  /** Calls as one operator, by its number. */
  of(operator: number): Call;
  readonly calls: readonly CallRecord[];
  /** Calls that have no answer yet. */
  underWay(): number;
}

interface CallerOptions {
  readonly apiUrls: readonly string[];
  readonly adminToken: string;
  readonly next: () => number;
}

const ANSWER_WITHIN_MS = 8000;
const GIVE_UP_AFTER_MS = 120_000;
const LONGEST_PAUSE_MS = 1500;
/** Calls under way: where thousands of callers come at once, each would wait for all others. */
const AT_ONCE = 64;
/** How often an event is sent to both APIs at once, and again after its answer. */
const BOTH_AT_ONCE = 0.1;
const ONCE_MORE = 0.1;

/** What is refused where it is there already, and takes no key by which a repeat is known. */
const MADE_ONCE = /^POST \/v1\/(coupons|deals\/[^/]+\/versions)$/;

type Options = Parameters<Call>[1];

export function createCallers({ apiUrls, adminToken, next }: CallerOptions): Callers {
  const calls: CallRecord[] = [];
  const inPlace = createPlaces(AT_ONCE);
  let underWay = 0;
  let turn = 0;

  const one = (operator: number, request: string, options: Options): Promise<Answer> =>
    inPlace(() => untilAnswered(operator, request, options));

  async function untilAnswered(operator: number, request: string, options: Options): Promise<Answer> {
    const startedAt = Date.now();
    underWay += 1;
    let tries = 0;
    let answer: Answer | null = null;
    for (
      let waitMs = 50;
      Date.now() < startedAt + GIVE_UP_AFTER_MS;
      waitMs = Math.min(2 * waitMs, LONGEST_PAUSE_MS)
    ) {
      tries += 1;
      answer = await send(apiUrls[(turn += 1) % apiUrls.length]!, request, { key: adminToken, ...options });
      if (answer !== null) break;
      await pause(waitMs);
    }
    underWay -= 1;
    const body = options.body as Record<string, string> | undefined;
    calls.push({
      operator,
      request,
      event: request === 'POST /v1/events' ? `${body?.['event']} ${body?.['transaction_id']}` : null,
      status: answer?.status ?? 0,
      id: (answer?.body['id'] as string | undefined) ?? null,
      tries,
      startedAt,
      endedAt: Date.now(),
    });
    if (answer === null) return { status: 0, body: {} };
    // The first try made it, and its answer was lost.
    if (answer.status === 409 && tries > 1 && MADE_ONCE.test(request)) return { status: 200, body: {} };
    return answer;
  }

  return {
    of: (operator) => async (request, options) => {
      if (request !== 'POST /v1/events') return one(operator, request, options);
      const chance = next();
      const answers = await Promise.all(
        Array.from({ length: chance < BOTH_AT_ONCE ? 2 : 1 }, () => one(operator, request, options)),
      );
      if (chance > 1 - ONCE_MORE) await one(operator, request, options);
      return answers[0]!;
    },
    calls,
    underWay: () => underWay,
  };
}

/** Runs so many works at once; others wait for their turn. */
function createPlaces(free: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((go) => waiting.push(go));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}

/** An answer that ends the call; null where it says nothing, or to come again. */
async function send(
  apiUrl: string,
  request: string,
  { key, body, headers }: Options,
): Promise<Answer | null> {
  const [method = '', path = ''] = request.split(' ');
  try {
    const response = await fetch(apiUrl + path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const text = await response.text();
    if (response.status === 429 || response.status >= 500) return null;
    return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Answer['body']) };
  } catch {
    return null;
  }
}
