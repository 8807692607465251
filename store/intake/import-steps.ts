// Steps of imports. Each takes in one chunk of lines, in one transaction with what became of each
// line and the import's progress: so a step repeated after a crash takes in nothing twice.
import { withTransaction, type Pool, type PoolClient, type Queryable } from '../db/pool.ts';
import { withSavepoints } from '../db/savepoints.ts';
import { IMPORT_COLUMNS, LINE_STATUSES, type Import, type LineResult, type LineStatus } from './imports.ts';

/** Takes lines in as events, in the order given; one result for each. */
export type TakeIn = (db: Queryable, lines: EventFields[]) => Promise<LineResult[]>;
/** The cells of a line by the names of an event's fields, without empty ones. */
export type EventFields = Record<string, string>;

/** The import after a step. `accepted` are the events that the step took in. */
export type ImportStep = Pick<Import, 'state' | 'total' | 'done' | 'refused'> & { accepted: string[] };

type Row = Import & { columns: string[]; nextChunk: number };

const LIMITS = { statementTimeoutMs: 15_000, lockTimeoutMs: 5000 };

/** Takes in the next chunk of an import, unless it is over. Steps at one time follow each other. */
export function stepImport(pool: Pool, operatorId: string, id: string, takeIn: TakeIn): Promise<ImportStep> {
  return withTransaction(
    pool,
    async (client) => {
      const row = await lockImport(client, operatorId, id);
      if (row === null) return { state: 'cancelled', total: 0, done: 0, refused: 0, accepted: [] };
      if (row.state !== 'running') return stepOf(row);
      const lines = await readChunk(client, operatorId, row);
      if (lines === null) return stepOf(await finish(client, operatorId, id));
      const results = await take(client, row, lines, takeIn);
      const after = await writeResults(client, operatorId, row, results);
      const made = results.filter(({ status }) => status === 'accepted' && !row.isDryRun);
      return stepOf(
        after,
        made.map(({ eventId }) => eventId!),
      );
    },
    LIMITS,
  );
}

async function lockImport(db: Queryable, operatorId: string, id: string): Promise<Row | null> {
  const { rows } = await db.query<Row>(
    `select ${IMPORT_COLUMNS}, columns, next_chunk as "nextChunk" from imports
     where operator_id = $1 and id = $2 for no key update`,
    [operatorId, id],
  );
  return rows[0] ?? null;
}

async function readChunk(
  db: Queryable,
  operatorId: string,
  { id, columns, nextChunk }: Row,
): Promise<EventFields[] | null> {
  const { rows } = await db.query<{ lines: string[][] }>(
    `select lines from import_chunks where operator_id = $1 and import_id = $2 and number = $3`,
    [operatorId, id, nextChunk],
  );
  if (rows[0] === undefined) return null;
  return rows[0].lines.map((cells) =>
    // A cell beyond the header has no field, so that its line is refused.
    Object.fromEntries(
      cells.flatMap((cell, place) => (cell === '' ? [] : [[columns[place] ?? `column ${place + 1}`, cell]])),
    ),
  );
}

/**
 * A refused statement must not abort the transaction: what is wrong with one line is no fault of
 * the others. Of a dry run everything is rolled back.
 */
async function take(
  client: PoolClient,
  { isDryRun }: Row,
  lines: EventFields[],
  takeIn: TakeIn,
): Promise<LineResult[]> {
  if (!isDryRun) return takeIn(withSavepoints(client), lines);
  await client.query('savepoint dry_run');
  const results = await takeIn(withSavepoints(client), lines);
  await client.query('rollback to savepoint dry_run');
  return results.map((result) => (result.status === 'accepted' ? { ...result, eventId: null } : result));
}

async function writeResults(
  db: Queryable,
  operatorId: string,
  { id, nextChunk }: Row,
  results: readonly LineResult[],
): Promise<Import> {
  const count = (of: LineStatus) => results.filter(({ status }) => status === of).length;
  await db.query(
    `update import_chunks set lines = null, results = $4, statuses = $5
     where operator_id = $1 and import_id = $2 and number = $3`,
    [operatorId, id, nextChunk, JSON.stringify(results), LINE_STATUSES.filter((status) => count(status) > 0)],
  );
  const { rows } = await db.query<Import>(
    `update imports set next_chunk = next_chunk + 1, done = done + $3, accepted = accepted + $4,
       duplicates = duplicates + $5, refused = refused + $6
     where operator_id = $1 and id = $2 returning ${IMPORT_COLUMNS}`,
    [operatorId, id, results.length, count('accepted'), count('duplicate'), count('refused')],
  );
  return rows[0]!;
}

async function finish(db: Queryable, operatorId: string, id: string): Promise<Import> {
  const { rows } = await db.query<Import>(
    `update imports set state = 'done', finished_at = now() where operator_id = $1 and id = $2
     returning ${IMPORT_COLUMNS}`,
    [operatorId, id],
  );
  return rows[0]!;
}

function stepOf({ state, total, done, refused }: Import, accepted: string[] = []): ImportStep {
  return { state, total, done, refused, accepted };
}
