// Notes who changed what, once it is done: in memory, and written in groups once a second.
import type { Request, Response } from 'express';
import type { Logger } from '../../log.ts';
import type { AuditEntry, AuditLog } from '../../store/access/audit-log.ts';
import type { Caller } from '../../store/access/callers.ts';
import { newId } from '../../store/db/ids.ts';

const WRITE_EVERY_MS = 1000;
/** Entries that wait while PostgreSQL is away. Beyond it the oldest are lost. */
const WAITING_AT_MOST = 10_000;
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD']);

export type Audit = {
  /** Notes the request when it is answered without an error. `caller` null: the administrator. */
  watch(req: Request, res: Response, caller: Caller | null): void;
  /** Writes what waits. Never rejects: what cannot be written waits on. */
  flush(): Promise<void>;
};

export function createAudit({ store, log }: { store: Pick<AuditLog, 'add'>; log: Logger }): Audit {
  let waiting: AuditEntry[] = [];
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    const entries = waiting;
    if (entries.length === 0) return;
    waiting = [];
    try {
      await store.add(entries);
    } catch (error) {
      log.warn({ err: error }, 'the audit log could not be written; it is tried again');
      waiting = [...entries, ...waiting].slice(-WAITING_AT_MOST);
      wake();
    }
  }

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

  return {
    watch(req, res, caller) {
      if (READING.has(req.method)) return;
      const made = idAnswered(res);
      res.once('finish', () => {
        if (res.statusCode >= 400) return;
        // The administrator acts on the operator of the path; a new operator has no log yet.
        const inPath = subjectOf(req);
        const operatorId = caller?.operator.id ?? inPath;
        if (operatorId === null) return;
        const subjectId = caller === null ? made() : (inPath ?? made());
        waiting.push({
          operatorId,
          id: newId('adt'),
          at: new Date(),
          by: caller?.by ?? 'administrator',
          keyId: caller?.key.id ?? null,
          affiliateId: caller?.affiliate?.id ?? null,
          method: req.method,
          route: (req.route as { path: string }).path,
          subjectId,
        });
        wake();
      });
    },
    flush,
  };
}

/** The first id in the path; ids of customers are no one's to keep. */
function subjectOf({ params }: Request): string | null {
  const { customer_id: _, ...others } = params;
  const [first] = Object.values(others);
  return typeof first === 'string' ? first : null;
}

/** The `id` of the answer, once there is one. */
function idAnswered(res: Response): () => string | null {
  let id: unknown;
  const json = res.json.bind(res);
  res.json = (body: unknown) => {
    if (typeof body === 'object' && body !== null && 'id' in body) ({ id } = body);
    return json(body);
  };
  return () => (typeof id === 'string' ? id : null);
}
