// Log of refused requests for operators: counted in memory, written in groups once a second. Per
// operator and minute some samples are kept and some addresses counted apart; the totals stay
// exact.
import type { Request, Response } from 'express';
import type { Logger } from '../../log.ts';
import { newId } from '../../store/db/ids.ts';
import type { Refusal, RefusalCount, Refusals } from '../../store/intake/refusals.ts';
import type { Caller } from '../../store/access/callers.ts';
import { type ApiError, type ErrorCode, statusOf } from '../http/errors.ts';

const WRITE_EVERY_MS = 1000;
const UNKNOWN_KEYS_EVERY_MS = 60_000;
const MINUTE_MS = 60_000;
const SAMPLES_PER_MINUTE = 20;
const ADDRESSES_PER_MINUTE = 100;
/** Bounds the stored length of an address. */
const ADDRESS_LENGTH = 64;

export type RefusalLog = {
  /**
   * Counts a refused request, or one refused event of a batch, where its operator is known and
   * should see it.
   */
  note(req: Request, res: Response, error: ApiError): void;
  /** Counts a request with an unknown key, for the log only. */
  noteUnknownKey(): void;
  /** Writes pending refusals. Never rejects: refusals that cannot be written stay pending. */
  flush(): Promise<void>;
};

type Pending = {
  counts: Map<string, RefusalCount>;
  samples: Refusal[];
  /** The minute in which samples and addresses are counted. */
  minute: number;
  addresses: Set<string>;
  sampled: number;
};

/** `onRefused` is called for every refusal, also those that no operator sees. */
type RefusalLogDeps = {
  store: Pick<Refusals, 'add'>;
  onRefused?: (code: ErrorCode) => void;
  log: Logger;
};

export function createRefusalLog({ store, onRefused, log }: RefusalLogDeps): RefusalLog {
  const pending = new Map<string, Pending>();
  let unknownKeys = 0;
  let unknownSince = 0;
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();

  function wake(): void {
    timer ??= setTimeout(() => {
      timer = null;
      void flush();
    }, WRITE_EVERY_MS).unref();
  }

  function flush(): Promise<void> {
    writing = writing.then(write);
    return writing;
  }

  async function write(): Promise<void> {
    const now = Date.now();
    if (unknownKeys > 0 && now - unknownSince >= UNKNOWN_KEYS_EVERY_MS) {
      log.warn({ count: unknownKeys }, 'requests were refused: nobody has their key');
      unknownKeys = 0;
      unknownSince = now;
    }
    for (const [operatorId, notes] of pending) {
      const { counts, samples } = notes;
      if (counts.size === 0 && now >= notes.minute + MINUTE_MS) pending.delete(operatorId);
      if (counts.size === 0) continue;
      notes.counts = new Map();
      notes.samples = [];
      try {
        await store.add(operatorId, [...counts.values()], samples);
      } catch (error) {
        log.warn({ err: error }, 'refusals could not be written; they are kept for the next time');
        for (const count of counts.values()) addCount(notes, count);
        notes.samples.push(...samples.slice(0, SAMPLES_PER_MINUTE));
      }
    }
    if (pending.size > 0 || unknownKeys > 0) wake();
  }

  return {
    note(req, res, error) {
      onRefused?.(error.code);
      const { caller, scope } = res.locals as { caller?: Caller; scope?: string };
      if (caller === undefined || !isShown(statusOf(error), scope)) return;
      addTo(notesOf(pending, caller.operator.id), req, res, caller, error);
      wake();
    },
    noteUnknownKey() {
      if (unknownKeys++ === 0) wake();
    },
    flush,
  };
}

/**
 * Every refused write of events; of other requests those refused by authentication or admission.
 */
function isShown(status: number, scope: string | undefined): boolean {
  if (status < 400 || status > 499) return false;
  return scope === 'events:write' || status === 401 || status === 403 || status === 429;
}

function notesOf(pending: Map<string, Pending>, operatorId: string): Pending {
  const minute = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  let notes = pending.get(operatorId);
  if (notes === undefined) {
    notes = { counts: new Map(), samples: [], minute, addresses: new Set(), sampled: 0 };
    pending.set(operatorId, notes);
  } else if (notes.minute !== minute) {
    Object.assign(notes, { minute, addresses: new Set(), sampled: 0 });
  }
  return notes;
}

function addTo(notes: Pending, req: Request, res: Response, caller: Caller, error: ApiError): void {
  const from = (req.ip ?? '').slice(0, ADDRESS_LENGTH);
  const isToldApart = notes.addresses.has(from) || notes.addresses.size < ADDRESSES_PER_MINUTE;
  if (isToldApart) notes.addresses.add(from);
  addCount(notes, {
    minute: new Date(notes.minute),
    reason: error.code,
    address: isToldApart ? from : '',
    count: 1,
  });
  if (notes.sampled >= SAMPLES_PER_MINUTE) return;
  notes.sampled++;
  const [issue] = error.issues ?? [];
  notes.samples.push({
    id: newId('rfs'),
    refusedAt: new Date(),
    reason: error.code,
    address: from,
    method: req.method,
    // The route's pattern: paths and queries may hold data that must not be stored.
    path: (req.route as { path: string }).path,
    requestId: String(res.getHeader('x-request-id')),
    keyId: caller.key.id,
    // The name of an unknown field is arbitrary text of the sender.
    issuePath: issue === undefined || issue.code === 'unknown_field' ? null : issue.path.slice(0, 200),
    issueCode: issue?.code ?? null,
  });
}

function addCount({ counts }: Pending, added: RefusalCount): void {
  const name = `${added.minute.getTime()} ${added.reason} ${added.address}`;
  const known = counts.get(name);
  if (known === undefined) counts.set(name, added);
  else known.count += added.count;
}
