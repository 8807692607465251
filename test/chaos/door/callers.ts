// Callers at the door: each has one connection to each API, asks one thing after the other, and
// notes what it was answered, or that it does not know.
import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Found, Input, Output, Recorder } from './history.ts';
import type { Key, Request, Traffic } from './traffic.ts';

interface DoorCallers {
  /** Asks until nothing more is wanted. */
  run(isWanted: () => boolean): Promise<void>;
  /** Looks for the event of every key once, where all is well. */
  lookAtAll(): Promise<void>;
  /** Calls that got a clear answer so far. */
  answered(): number;
  /** Answers that nothing explains, such as a 401. */
  readonly unexpected: readonly string[];
}

interface Options {
  readonly apiUrls: readonly string[];
  readonly key: string;
  readonly count: number;
  readonly traffic: Traffic;
  readonly recorder: Recorder;
  readonly next: () => number;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Longer than the API takes to say that PostgreSQL is away. */
const ANSWER_WITHIN_MS = 8000;
/** After an answer that says nothing, so that an outage is not filled with such calls. */
const PAUSE_MS = 200;

/** The API was not there: nothing of the request was read. */
class NobodyThere extends Error {}

export function createDoorCallers({ apiUrls, key, count, traffic, recorder, next }: Options): DoorCallers {
  const unexpected: string[] = [];
  let answered = 0;

  async function ask(caller: Caller, request: Request): Promise<void> {
    const calls = request.map(({ key: { name }, input }) => recorder.invoke(caller.number, name, input));
    const end = (is: 'fail' | 'info', why: string): void =>
      calls.forEach((call) => recorder.end(call, is, why));
    try {
      const answer = await caller.send(request);
      const outputs = answer.status >= 500 ? null : outputsOf(request, answer);
      if (outputs !== null) {
        for (const [index, output] of outputs.entries()) {
          recorder.ok(calls[index]!, output);
          traffic.heard(request[index]!.key, output);
        }
        answered += calls.length;
        return;
      }
      end('info', `status ${answer.status}`);
      if (answer.status !== 503) unexpected.push(`${answer.status} ${JSON.stringify(answer.body)}`);
    } catch (error) {
      end(error instanceof NobodyThere ? 'fail' : 'info', String(error));
    }
    await pause(PAUSE_MS);
  }

  const callers = Array.from({ length: count }, (_, number) => createCaller(number, apiUrls, key, next));
  return {
    async run(isWanted) {
      await Promise.all(
        callers.map(async (caller) => {
          while (isWanted()) await ask(caller, traffic.next());
        }),
      );
    },
    async lookAtAll() {
      const keys = [...traffic.keys()];
      await Promise.all(
        callers.map(async (caller) => {
          for (let about = keys.pop(); about !== undefined; about = keys.pop())
            await ask(caller, [{ key: about, input: { op: 'find' } }]);
        }),
      );
    },
    answered: () => answered,
    unexpected,
  };
}

interface Caller {
  readonly number: number;
  send(request: Request): Promise<Answer>;
}

function createCaller(number: number, apiUrls: readonly string[], key: string, next: () => number): Caller {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    number,
    send(request) {
      const url = apiUrls[Math.floor(next() * apiUrls.length)]!;
      const { method, path, body } = written(request);
      return exchange(`${url}${path}`, { method, agent, key, body: body && JSON.stringify(body) });
    },
  };
}

function exchange(
  url: string,
  { method, agent, key, body }: { method: string; agent: Agent; key: string; body: string | undefined },
): Promise<Answer> {
  const headers = { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) };
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      url,
      { method, agent, headers, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () =>
          resolve({ status: response.statusCode!, body: JSON.parse(Buffer.concat(chunks).toString()) }),
        );
      },
    );
    sent.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ECONNREFUSED' ? new NobodyThere(error.message) : error),
    );
    sent.end(body);
  });
}

/** A request as it goes over the wire. Several asked things are a batch. */
function written([first, ...others]: Request): { method: string; path: string; body?: object } {
  const { key, input } = first;
  if (others.length > 0) {
    const events = [first, ...others].map((asked) => asked.key.event((asked.input as Sent).body));
    return { method: 'POST', path: '/v1/events/batch', body: { events } };
  }
  switch (input.op) {
    case 'send':
      return { method: 'POST', path: '/v1/events', body: key.event(input.body) };
    case 'find':
      return { method: 'GET', path: `/v1/events?${key.query}` };
    case 'get':
      return { method: 'GET', path: `/v1/events/${input.id}` };
    case 'amend':
      return {
        method: 'POST',
        path: `/v1/events/${input.id}/amend`,
        body: { amount: input.amount, reason: 'mistyped' },
      };
  }
}

type Sent = Extract<Input, { op: 'send' }>;
type Part = { status: string; id?: string; error?: { message: string } };
type Seen = { id: string; event: Record<string, string>; versions?: { number: number; amount: string }[] };

/** What an answer says about each asked thing; null where it is none of those that may come. */
function outputsOf(request: Request, { status, body }: Answer): Output[] | null {
  const [{ key, input }, ...others] = request;
  if (others.length > 0) {
    if (status !== 200) return null;
    const outputs = (body as { results: Part[] }).results.map(outputOfSent);
    return outputs.length === request.length && outputs.every((output) => output !== null) ? outputs : null;
  }
  const one = outputOf(key, input, status, body);
  return one && [one];
}

function outputOf(key: Key, input: Input, status: number, body: unknown): Output | null {
  if (status === 404 && 'id' in input) return { is: 'missing' };
  if (input.op === 'send' && status === 409)
    return outputOfSent({ status: 'conflict', error: (body as { error: Required<Part>['error'] }).error });
  if (status !== 200 && status !== 202) return null;
  if (input.op === 'send') return outputOfSent(body as Part);
  if (input.op === 'amend') {
    const { status: how, version } = body as { status: string; version: number };
    return { is: how === 'accepted' ? 'amended' : 'unchanged', version };
  }
  if (input.op === 'get') return shown(key, body as Seen);
  return { is: 'found', events: (body as { data: Seen[] }).data.map((seen) => found(key, seen)) };
}

/** A conflict names the event in its message. */
function outputOfSent({ status, id, error }: Part): Output | null {
  const named = id ?? /\bevt_\w+/.exec(error?.message ?? '')?.[0];
  const isKnown = status === 'accepted' || status === 'duplicate' || status === 'conflict';
  return isKnown && named !== undefined ? { is: status, id: named } : null;
}

/** The first version is what was sent; without versions nothing was amended. */
function shown(key: Key, seen: Seen): Output {
  const last = seen.versions?.at(-1);
  const sent =
    seen.versions === undefined
      ? seen
      : { ...seen, event: { ...seen.event, ...amountOf(seen.versions[0]!) } };
  return { is: 'event', ...found(key, sent), version: last?.number ?? 0, amount: last?.amount ?? null };
}

const amountOf = ({ amount }: { amount: string }) => ({ amount });

const found = (key: Key, { id, event }: Seen): Found => ({ id, body: key.bodyOf(event) });
