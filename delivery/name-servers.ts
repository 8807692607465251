// Asks the name servers about one name, for IPv4 and IPv6 addresses side by side. A server that is
// silent for a moment is not waited for: the next one is asked beside it, and the first answer
// counts.
import { Resolver } from 'node:dns/promises';

/**
 * Answer about a name. `silent`: no server answered in time. `failed`: the servers that answered
 * could not tell. Both say nothing about whether the name exists.
 */
export type Answer =
  | { kind: 'found'; addresses: readonly string[]; ttlMs: number }
  | { kind: 'no_such_name' | 'no_address' | 'silent' | 'failed' };

/** A question under way. Its answer never rejects; after `cancel` the answer is `silent`. */
export type Question = { answer: Promise<Answer>; cancel(): void };

/**
 * Times at which a question is sent, in milliseconds from its start: to each server in turn, and
 * again, since packets get lost. An answer to any of them counts.
 */
const SENT_AT_MS = [0, 400, 1000, 2000];
/** Every question is over by then. */
const QUESTION_MS = 4000;
/** Wait for one family after an answer for the other. Some servers never answer for IPv6. */
const OTHER_FAMILY_MS = 500;

/** Creates the asker. The server that answered last is asked first. */
export function createNameServers(): (name: string, servers: readonly string[]) => Question {
  let preferred = '';

  return (name, servers) => {
    const order = [...servers].sort((a, b) => Number(b === preferred) - Number(a === preferred));
    const asked: Question[] = [];
    const failed = new Set<string>();
    const timers: NodeJS.Timeout[] = [];
    let settle: (answer: Answer) => void = () => undefined;

    const answer = new Promise<Answer>((resolve) => {
      let isOver = false;
      settle = (settled) => {
        if (isOver) return;
        isOver = true;
        timers.forEach(clearTimeout);
        asked.forEach(({ cancel }) => cancel());
        resolve(settled);
      };
      const send = async (): Promise<void> => {
        const server = order[asked.length % order.length]!;
        const question = askServer(server, name);
        asked.push(question);
        const given = await question.answer;
        if (isOver || given.kind === 'silent') return;
        if (given.kind !== 'failed') {
          preferred = server;
          return settle(given);
        }
        failed.add(server);
        if (failed.size === order.length) settle(given);
        else if (asked.length < order.length) void send();
      };
      void send();
      for (const at of SENT_AT_MS.slice(1)) timers.push(setTimeout(() => void send(), at));
      timers.push(setTimeout(() => settle({ kind: failed.size > 0 ? 'failed' : 'silent' }), QUESTION_MS));
    });
    return { answer, cancel: () => settle({ kind: 'silent' }) };
  };
}

/**
 * Asks one server. Every question has a resolver, and so a port, of its own: nothing that happens
 * to one question changes another.
 */
function askServer(server: string, name: string): Question {
  const resolver = new Resolver({ timeout: QUESTION_MS, tries: 1 });
  resolver.setServers([server]);
  const families = [
    recordsOf(resolver.resolve4(name, { ttl: true })),
    recordsOf(resolver.resolve6(name, { ttl: true })),
  ];
  const answer = new Promise<Answer>((resolve) => {
    const answers: Answer[] = families.map(() => ({ kind: 'silent' }));
    const take = async (family: Promise<Answer>, index: number): Promise<void> => {
      const given = await family;
      answers[index] = given;
      if (given.kind === 'no_such_name') resolve(given);
      else if (given.kind === 'found' || given.kind === 'failed')
        setTimeout(() => resolve(combined(answers)), OTHER_FAMILY_MS).unref();
    };
    void Promise.all(families.map(take)).then(() => resolve(combined(answers)));
  });
  return { answer, cancel: () => resolver.cancel() };
}

function combined(answers: readonly Answer[]): Answer {
  const found = answers.filter((answer) => answer.kind === 'found');
  if (found.length > 0) {
    return {
      kind: 'found',
      addresses: found.flatMap(({ addresses }) => addresses),
      ttlMs: Math.min(...found.map(({ ttlMs }) => ttlMs)),
    };
  }
  if (answers.every(({ kind }) => kind === 'no_address')) return { kind: 'no_address' };
  return { kind: answers.some(({ kind }) => kind === 'failed') ? 'failed' : 'silent' };
}

async function recordsOf(records: Promise<{ address: string; ttl: number }[]>): Promise<Answer> {
  try {
    const found = await records;
    const ttlMs = Math.min(...found.map(({ ttl }) => ttl)) * 1000;
    return { kind: 'found', addresses: found.map(({ address }) => address), ttlMs };
  } catch (error) {
    return { kind: KINDS[(error as NodeJS.ErrnoException).code ?? ''] ?? 'failed' };
  }
}

const KINDS: Readonly<Record<string, Exclude<Answer['kind'], 'found'>>> = {
  ENOTFOUND: 'no_such_name',
  // Not a name that could exist: a label is empty or too long.
  EBADNAME: 'no_such_name',
  ENODATA: 'no_address',
  ETIMEOUT: 'silent',
  ECANCELLED: 'silent',
};
