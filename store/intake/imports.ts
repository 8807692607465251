// Imports of events: a file that an operator sent, kept in chunks of lines until they are taken in;
// import-steps.ts brings it on. What was in the lines goes as soon as they are; what became of each
// stays for a while.
import { newId } from '../db/ids.ts';
import type { Page } from '../db/page.ts';
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';

/** `receiving`: the file is still on its way. */
export const IMPORT_STATES = ['receiving', 'running', 'done', 'cancelled'] as const;
export type ImportState = (typeof IMPORT_STATES)[number];

export const LINE_STATUSES = ['accepted', 'duplicate', 'refused'] as const;
export type LineStatus = (typeof LINE_STATUSES)[number];

/** Lines of a chunk: those of one batch. The place of a line says which chunk has it. */
export const CHUNK_LINES = 500;

/** `total`: lines without the header; `done`: those taken in or refused. */
export type Import = {
  id: string;
  state: ImportState;
  isDryRun: boolean;
  total: number;
  done: number;
  accepted: number;
  duplicates: number;
  refused: number;
  actor: string;
  createdAt: Date;
  finishedAt: Date | null;
};

type Issue = { path: string; code: string; message: string };
/** What became of a line. `eventId`: of the event that it made, or that was there before. */
export type LineResult = { status: LineStatus; eventId: string | null; issues: Issue[] };
/** A line in the list of results, by its number, from 1. */
export type ImportLine = LineResult & { id: string; line: number };

export const IMPORT_COLUMNS = `id, state, is_dry_run as "isDryRun", total, done, accepted, duplicates, refused,
  actor, created_at as "createdAt", finished_at as "finishedAt"`;

/** What is known of a file before it has come. `columns` are the fields that its lines hold. */
type NewImport = { columns: readonly string[]; isDryRun: boolean; actor: string };

export function createImports(pool: Pool) {
  return {
    /** Begins an import, and returns its id. Nothing happens to it before `complete`. */
    async begin(operatorId: string, { columns, isDryRun, actor }: NewImport): Promise<string> {
      const id = newId('imp');
      await pool.query(
        `insert into imports (operator_id, id, columns, is_dry_run, actor) values ($1, $2, $3, $4, $5)`,
        [operatorId, id, columns, isDryRun, actor],
      );
      return id;
    },

    /** Adds lines, each the cells of the columns. All chunks but the last are full. */
    async addChunk(
      operatorId: string,
      id: string,
      number: number,
      lines: readonly (readonly string[])[],
    ): Promise<void> {
      await pool.query(
        `insert into import_chunks (operator_id, import_id, number, lines) values ($1, $2, $3, $4)`,
        [operatorId, id, number, JSON.stringify(lines)],
      );
    },

    complete: (operatorId: string, id: string, whole: WholeFile) => complete(pool, operatorId, id, whole),

    /** Forgets an import whose file did not come whole. */
    async drop(operatorId: string, id: string): Promise<void> {
      await withTransaction(pool, (client) => remove(client, operatorId, id));
    },

    /** Null when there is no such import. */
    async find(operatorId: string, id: string): Promise<Import | null> {
      const { rows } = await pool.query<Import>(
        `select ${IMPORT_COLUMNS} from imports where operator_id = $1 and id = $2`,
        [operatorId, id],
      );
      return rows[0] ?? null;
    },

    async list(operatorId: string, page: Page): Promise<Import[]> {
      const { rows } = await pool.query<Import>(
        `select ${IMPORT_COLUMNS} from imports where operator_id = $1 and ($2::text is null or id < $2)
         order by id desc limit $3`,
        [operatorId, page.before, page.limit],
      );
      return rows;
    },

    /** Results of lines behind `page.before`, in the order of the file; `status` null: any. */
    async listLines(
      operatorId: string,
      id: string,
      status: LineStatus | null,
      page: Page,
    ): Promise<ImportLine[]> {
      const after = Number(page.before ?? 0);
      const { rows } = await pool.query<ImportLine>(
        `select r.line::text as id, r.line::int, r.status, r."eventId", r.issues
         from import_chunks c
         cross join lateral (
           select c.number * ${CHUNK_LINES} + o.place as line, o.result ->> 'status' as status,
             o.result ->> 'eventId' as "eventId", o.result -> 'issues' as issues
           from json_array_elements(c.results) with ordinality as o (result, place)) r
         where c.operator_id = $1 and c.import_id = $2 and c.number >= $3 and r.line > $4
           and ($5::text is null or ($5 = any(c.statuses) and r.status = $5))
         order by c.number, r.line limit $6`,
        [operatorId, id, Math.floor(after / CHUNK_LINES), after, status, page.limit],
      );
      return rows;
    },
  };
}

/** A file that came whole. */
type WholeFile = { total: number; contentHash: Buffer; idempotencyKey: string | null };

export type Completed = { kind: 'stored' | 'repeated'; import: Import } | { kind: 'other_request' };

/**
 * Lets an import begin. Where its key was used before, it is dropped: the import of that key is
 * returned, or `other_request` where its file was another one.
 */
async function complete(
  pool: Pool,
  operatorId: string,
  id: string,
  { total, contentHash, idempotencyKey }: WholeFile,
): Promise<Completed> {
  return withTransaction(pool, async (client) => {
    await client.query(`select from operators where id = $1 for no key update`, [operatorId]);
    const { rows: earlier } = await client.query<Import & { isSame: boolean }>(
      `select ${IMPORT_COLUMNS}, content_hash = $3 and is_dry_run =
         (select is_dry_run from imports where operator_id = $1 and id = $4) as "isSame"
       from imports where operator_id = $1 and idempotency_key = $2`,
      [operatorId, idempotencyKey, contentHash, id],
    );
    if (earlier[0] !== undefined) {
      await remove(client, operatorId, id);
      const { isSame, ...row } = earlier[0];
      return isSame ? { kind: 'repeated', import: row } : { kind: 'other_request' };
    }
    const { rows } = await client.query<Import>(
      `update imports set state = 'running', total = $3, content_hash = $4, idempotency_key = $5
       where operator_id = $1 and id = $2 returning ${IMPORT_COLUMNS}`,
      [operatorId, id, total, contentHash, idempotencyKey],
    );
    return { kind: 'stored', import: rows[0]! };
  });
}

async function remove(db: Queryable, operatorId: string, id: string): Promise<void> {
  await db.query(`delete from import_chunks where operator_id = $1 and import_id = $2`, [operatorId, id]);
  await db.query(`delete from imports where operator_id = $1 and id = $2`, [operatorId, id]);
}

/**
 * Stops a running import. Events that were taken in stay; the lines that were not are forgotten.
 */
export async function cancelImport(pool: Pool, operatorId: string, id: string): Promise<void> {
  await withTransaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `update imports set state = 'cancelled', finished_at = now()
       where operator_id = $1 and id = $2 and state = 'running'`,
      [operatorId, id],
    );
    if (rowCount === 1)
      await client.query(
        `delete from import_chunks where operator_id = $1 and import_id = $2 and results is null`,
        [operatorId, id],
      );
  });
}
