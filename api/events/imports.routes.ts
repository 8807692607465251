// Routes of imports: send a file of events, the list, one with its results, its end.
import type { Request, Router } from 'express';
import type { Page } from '../../store/db/page.ts';
import { CHUNK_LINES, type Completed, type Import } from '../../store/intake/imports.ts';
import type { Store } from '../../store/index.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { only } from '../http/body.ts';
import { type CsvStream, readCsv } from '../http/csv-stream.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { idempotencyKeyOf, keyOfAnotherRequest } from '../http/idempotency.ts';
import { answerList, listOf, plainPage } from '../http/lists.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import type { Temporal } from '../temporal.ts';
import { sendingOptions } from './events.schema.ts';
import * as answers from './imports.answers.ts';
import { fieldsOf, linePage } from './imports.schema.ts';

type Deps = {
  store: Pick<Store, 'imports'>;
  auth: Auth;
  temporal: Pick<Temporal, 'workflowUrl' | 'startJob' | 'cancelJob'>;
};

export const IMPORT_LIMITS = { bytes: 50 * 1024 * 1024, rows: 1_000_000 };

export function addImportRoutes(router: Router, { store, auth, temporal }: Deps): void {
  const view = (row: Import) => answers.importView(row, temporal.workflowUrl);
  async function find(operatorId: string, id: string): Promise<Import> {
    const found = await store.imports.find(operatorId, id);
    if (found === null) throw notFound('import');
    return found;
  }

  addPath(router, '/v1/imports', {
    post: [
      auth.scope('manage'),
      only(['text/csv'], 'text/csv', false),
      async (req, res) => {
        const { operator, key } = callerOf(res);
        const { dry_run: isDryRun } = read(sendingOptions, req.query);
        const idempotencyKey = idempotencyKeyOf(req);
        const wanted = { isDryRun, actor: key.id, idempotencyKey };
        const completed = await receive(store.imports, operator.id, req, wanted);
        if (completed.kind === 'other_request') throw keyOfAnotherRequest();
        if (completed.import.state === 'running')
          await temporal.startJob(operator.id, { kind: 'import', id: completed.import.id });
        res.status(202).json(view(completed.import));
      },
    ],
    get: [auth.scope('read'), listOf(plainPage, store.imports.list, view, answers.eventImport)],
  });

  addPath(router, '/v1/imports/:id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const query = read(linePage, req.query);
        const found = await find(operatorId, idFromPath(req, 'import'));
        const rows = (page: Page) =>
          store.imports.listLines(operatorId, found.id, query.status ?? null, page);
        const list = { rows, view: answers.lineView, schema: answers.importLine, as: 'results' };
        await answerList(req, res, query, list, () => Promise.resolve(view(found)));
      },
    ],
    delete: [
      auth.scope('manage'),
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const { id } = await find(operatorId, idFromPath(req, 'import'));
        await temporal.cancelJob(operatorId, { kind: 'import', id });
        const after = await find(operatorId, id);
        if (after.state !== 'cancelled') throw new ApiError('not_possible', `this import is ${after.state}`);
        res.json(view(after));
      },
    ],
  });
}

type Wanted = { isDryRun: boolean; actor: string; idempotencyKey: string | null };

/** Keeps a file while it comes in. One that does not come whole, or is refused, is forgotten. */
async function receive(
  imports: Store['imports'],
  operatorId: string,
  req: Request,
  wanted: Wanted,
): Promise<Completed> {
  if ((req.headers['content-encoding'] ?? 'identity') !== 'identity')
    throw new ApiError('unsupported_media_type', 'the file must not be compressed');
  const chunks = req.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  // Without `return`: what a reader leaves behind can still be read.
  const source = { [Symbol.asyncIterator]: () => ({ next: () => chunks.next() }) };
  try {
    return await keep(imports, operatorId, await readCsv(source, IMPORT_LIMITS), wanted);
  } catch (error) {
    // Callers that are still sending would otherwise not get to the answer.
    while (!(await chunks.next().catch(() => ({ done: true }))).done);
    throw error;
  }
}

async function keep(
  imports: Store['imports'],
  operatorId: string,
  csv: CsvStream,
  { isDryRun, actor, idempotencyKey }: Wanted,
): Promise<Completed> {
  const columns = fieldsOf(csv.header);
  const id = await imports.begin(operatorId, { columns, isDryRun, actor });
  try {
    const total = await keepRows(imports, operatorId, id, csv);
    return await imports.complete(operatorId, id, { total, contentHash: csv.hash(), idempotencyKey });
  } catch (error) {
    // What cannot be dropped now is purged.
    await imports.drop(operatorId, id).catch(() => {});
    throw error;
  }
}

/** Returns how many rows there were. A chunk is written while the next one is read. */
async function keepRows(
  imports: Store['imports'],
  operatorId: string,
  id: string,
  { rows }: CsvStream,
): Promise<number> {
  let [chunk, chunks, total]: [string[][], number, number] = [[], 0, 0];
  let written: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    await written;
    written = imports.addChunk(operatorId, id, chunks++, chunk);
    // A failure is thrown where it is waited for.
    written.catch(() => {});
    chunk = [];
  };
  for await (const row of rows) {
    total++;
    if (chunk.push(row) === CHUNK_LINES) await write();
  }
  if (chunk.length > 0) await write();
  await written;
  return total;
}
