// Looks up host names: in the system's hosts file, and from its name servers with a memory of what
// they answered. A name that nobody answers for takes no place from other names, and no thread.
import { LRUCache } from 'lru-cache';
import { createNameFiles, plainName, type NameFiles, type ResolverConfig } from './name-files.ts';
import { createNameServers, type Answer, type Question } from './name-servers.ts';

/**
 * Result of a look-up. `no_such_name` and `no_address` are certain, by the word of the name
 * servers; after `silent` and `failed` the name may exist or not.
 */
export type LookUp =
  | { kind: 'found'; addresses: readonly string[] }
  | { kind: 'no_such_name' | 'no_address' | 'silent' | 'failed' };

export type Names = {
  /** Looks up a name. Never rejects; callers must limit the wait. */
  lookUp(hostname: string): Promise<LookUp>;
  /** Ends all questions under way. */
  close(): void;
};

type NameSettings = {
  /**
   * Name servers as `address` or `address:port`, asked for names as they are. The default is the
   * system's `resolv.conf`, with its search domains.
   */
  servers?: readonly string[] | undefined;
  /** Called after each question to the name servers. */
  onAsked?: (kind: LookUp['kind'], tookMs: number) => void;
  files?: NameFiles;
  now?: () => number;
};

/** Bounds of the time that an answer holds, whatever its TTL. */
const TTL_AT_LEAST_MS = 5000;
const TTL_AT_MOST_MS = 5 * 60_000;
const NEGATIVE_MS = 10_000;
/**
 * Addresses that have expired are still used for so long while the name servers do not answer. Not
 * longer, since an address may come to belong to somebody else.
 */
const STALE_MS = 10 * 60_000;
/** With expired addresses at hand, the wait for new ones. */
const STALE_AFTER_MS = 500;
/** Pause after a question that nobody answered, doubled each time. */
const PAUSE_MS = 2000;
const PAUSE_AT_MOST_MS = 10_000;
const LATE_PAUSE_AT_MOST_MS = 5 * 60_000;
const REMEMBERED_NAMES = 10_000;
/** Places for questions, each of which takes four sockets at most. */
const PLACES = 512;
/** Places for names that were late last time. */
const LATE_PLACES = 16;

type Memory = {
  last: LookUp;
  untilMs: number;
  /** Addresses found last, and until when they may be used. */
  stale?: { found: LookUp; untilMs: number };
  failures: number;
  failingSinceMs: number;
  /** True when the name servers answered for other names while they did not for this one. */
  isLate: boolean;
};

type Asking = { result: Promise<LookUp>; isWaiting: boolean };

export function createNames(settings: NameSettings = {}): Names {
  const now = settings.now ?? (() => performance.now());
  const files = settings.files ?? createNameFiles();
  const ask = createNameServers();
  const memory = new LRUCache<string, Memory>({ max: REMEMBERED_NAMES });
  const asking = new Map<string, Asking>();
  const questions = new Set<Question>();
  const late = createTurns(LATE_PLACES);
  let answeredAtMs = -Infinity;
  let isClosed = false;

  async function lookUp(hostname: string): Promise<LookUp> {
    const local = localAnswer(plainName(hostname), await files.hosts());
    if (local !== undefined) return local;
    const name = hostname.toLowerCase();
    const known = memory.get(name);
    const usable = known?.stale !== undefined && now() < known.stale.untilMs ? known.stale.found : undefined;
    if (known !== undefined && now() < known.untilMs) return usable ?? known.last;
    const { result, isWaiting } = asking.get(name) ?? begin(name, known?.isLate === true);
    if (usable === undefined) return known !== undefined && isWaiting ? known.last : result;
    const fresh = await orAfter(STALE_AFTER_MS, result, usable);
    return fresh.kind === 'silent' || fresh.kind === 'failed' ? usable : fresh;
  }

  /** Asks about a name: at once, or in turn with others that were late last time. */
  function begin(name: string, isLate: boolean): Asking {
    const started: Asking = { isWaiting: true, result: Promise.resolve({ kind: 'silent' }) };
    const work = (): Promise<LookUp> => {
      started.isWaiting = false;
      return askAndRemember(name);
    };
    started.result = (isLate ? late(work) : work()).finally(() => asking.delete(name));
    asking.set(name, started);
    return started;
  }

  async function askAndRemember(name: string): Promise<LookUp> {
    const startedAt = now();
    const { servers, search, ndots } =
      settings.servers === undefined
        ? await files.config()
        : { servers: settings.servers, search: [], ndots: 0 };
    let answer: Answer = { kind: 'no_such_name' };
    for (const candidate of candidatesFor(name, { search, ndots })) {
      answer = await askOnce(candidate, servers);
      if (answer.kind !== 'no_such_name' && answer.kind !== 'no_address') break;
    }
    const known = remember(memory.get(name), answer, startedAt);
    memory.set(name, known);
    settings.onAsked?.(answer.kind, now() - startedAt);
    return known.last;
  }

  /** The longest question makes room for a new one, so that no question waits for silent names. */
  async function askOnce(name: string, servers: readonly string[]): Promise<Answer> {
    if (isClosed) return { kind: 'silent' };
    const [oldest] = questions;
    if (oldest !== undefined && questions.size >= PLACES) {
      questions.delete(oldest);
      oldest.cancel();
    }
    const question = ask(name, servers);
    questions.add(question);
    const answer = await question.answer;
    questions.delete(question);
    return answer;
  }

  function remember(known: Memory | undefined, answer: Answer, startedAt: number): Memory {
    const at = now();
    const healthy = { failures: 0, failingSinceMs: Infinity, isLate: false };
    if (answer.kind === 'found') {
      answeredAtMs = at;
      const { ttlMs, ...last } = answer;
      const untilMs = at + Math.min(Math.max(ttlMs, TTL_AT_LEAST_MS), TTL_AT_MOST_MS);
      return { last, untilMs, stale: { found: last, untilMs: untilMs + STALE_MS }, ...healthy };
    }
    if (answer.kind === 'no_such_name' || answer.kind === 'no_address') {
      answeredAtMs = at;
      return { last: answer, untilMs: at + NEGATIVE_MS, ...healthy };
    }
    const failures = (known?.failures ?? 0) + 1;
    const failingSinceMs = Math.min(known?.failingSinceMs ?? Infinity, startedAt);
    // The name servers are at work, so that this name is late and not they.
    const isLate = answeredAtMs > failingSinceMs;
    const pauseMs = Math.min(
      PAUSE_MS * 2 ** (failures - 1),
      isLate ? LATE_PAUSE_AT_MOST_MS : PAUSE_AT_MOST_MS,
    );
    const stale = known?.stale && { stale: known.stale };
    return { last: answer, untilMs: at + pauseMs, ...stale, failures, failingSinceMs, isLate };
  }

  return {
    lookUp,
    close: () => {
      isClosed = true;
      questions.forEach(({ cancel }) => cancel());
    },
  };
}

/**
 * Answer about a name that no name server is asked for: one of the hosts file, or a special name of
 * RFC 6761.
 */
function localAnswer(name: string, hosts: ReadonlyMap<string, readonly string[]>): LookUp | undefined {
  const addresses = hosts.get(name);
  if (addresses !== undefined) return { kind: 'found', addresses };
  if (/(^|\.)localhost$/.test(name)) return { kind: 'found', addresses: ['127.0.0.1', '::1'] };
  return /(^|\.)invalid$/.test(name) ? { kind: 'no_such_name' } : undefined;
}

/**
 * Names to ask for in turn. A name with few dots belongs to a search domain first, as short names
 * of services do; any other is asked for as it is, so that no search domain answers for a stranger.
 */
export function candidatesFor(name: string, { search, ndots }: Omit<ResolverConfig, 'servers'>): string[] {
  const dots = name.split('.').length - 1;
  return dots >= ndots || name.endsWith('.')
    ? [name]
    : [...search.map((domain) => `${name}.${domain}`), name];
}

/** Creates a queue that runs so many tasks at a time, and the others in the order they came. */
function createTurns(places: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = places;
  return async (task) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((go) => waiting.push(go));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}

/** Resolves with the value of `work`, or with `otherwise` if that takes longer than `ms`. */
async function orAfter<T>(ms: number, work: Promise<T>, otherwise: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const waited = new Promise<T>((resolve) => (timer = setTimeout(resolve, ms, otherwise)));
  try {
    return await Promise.race([work, waited]);
  } finally {
    clearTimeout(timer);
  }
}
