// Steps of bulk actions. An action visits everything that its filter chooses once, in the order of
// their ids, and its row keeps the position, so that a step repeated after a crash continues where
// the last one was committed.
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';
import { BULK_COLUMNS, itemOf, type BulkAction } from './bulk-actions.ts';
import { EFFECTS, NO_EFFECT, type Effect } from './bulk-effects.ts';
import { CHOSEN_STUCK, stuckValues } from './stuck-condition.ts';
import { lockConversions } from './succession.ts';

/**
 * State of an action after a step. `refused`: all of them, for whatever reason. `endpoints` and
 * `singles`: whose workflows must hear of it.
 */
export type BulkStep = Pick<BulkAction, 'state' | 'total' | 'done' | 'joined'> &
  Pick<Effect, 'endpoints' | 'singles'> & { refused: number };

type Row = BulkAction & { afterId: string; throughId: string };

const AT_ONCE = 500;
const LIMITS = { statementTimeoutMs: 30_000, lockTimeoutMs: 5000 };

/** Acts on the next page of an action, unless it is over. Steps at one time follow each other. */
export function stepBulkAction(pool: Pool, operatorId: string, id: string): Promise<BulkStep> {
  return withTransaction(
    pool,
    async (client) => {
      const row = await lockAction(client, operatorId, id);
      if (row === null) return { ...NO_EFFECT, state: 'cancelled', total: 0, refused: 0 };
      if (row.state !== 'running') return stepOf(row, NO_EFFECT);
      const page = await readPage(client, operatorId, row);
      const chosen =
        itemOf(row.action) === 'd.id' ? await lockDeliveries(client, operatorId, row, page) : page;
      const effect = chosen.length === 0 ? NO_EFFECT : await EFFECTS[row.action](client, operatorId, chosen);
      return stepOf(await writeProgress(client, operatorId, row, page, effect), effect);
    },
    LIMITS,
  );
}

async function lockAction(db: Queryable, operatorId: string, id: string): Promise<Row | null> {
  const { rows } = await db.query<Row>(
    `select ${BULK_COLUMNS}, after_id as "afterId", through_id as "throughId"
     from stuck_actions where operator_id = $1 and id = $2 for update`,
    [operatorId, id],
  );
  return rows[0] ?? null;
}

async function readPage(
  db: Queryable,
  operatorId: string,
  { action, filter, afterId, throughId }: Row,
): Promise<string[]> {
  const item = itemOf(action);
  const { rows } = await db.query<{ id: string }>(
    `select ${item === 'd.id' ? '' : 'distinct'} ${item} as id from deliveries d
     where ${CHOSEN_STUCK} and ${item} > $7 and ${item} <= $8 order by ${item} limit $9`,
    [operatorId, ...stuckValues(filter), afterId, throughId, AT_ONCE],
  );
  return rows.map(({ id }) => id);
}

/** Locks deliveries of a page. Returns those that the action still chooses. */
async function lockDeliveries(
  db: Queryable,
  operatorId: string,
  { filter }: Row,
  page: readonly string[],
): Promise<string[]> {
  await lockConversions(db, operatorId, page);
  const { rows } = await db.query<{ id: string }>(
    `select d.id from deliveries d where ${CHOSEN_STUCK} and d.id = any($7) order by d.id`,
    [operatorId, ...stuckValues(filter), page],
  );
  return rows.map(({ id }) => id);
}

async function writeProgress(
  db: Queryable,
  operatorId: string,
  row: Row,
  page: readonly string[],
  { done, joined, refused }: Effect,
): Promise<Row> {
  const all = { ...row.refused };
  for (const [reason, count] of Object.entries(refused)) all[reason] = (all[reason] ?? 0) + count;
  const visited = row.done + done + row.joined + joined + sumOf(all);
  const { rows } = await db.query<Row>(
    `update stuck_actions set done = done + $3, joined = joined + $7, refused = $4, after_id = $5,
       total = greatest(total, $8),
       state = case when $6 then 'done' else state end, finished_at = case when $6 then now() end
     where operator_id = $1 and id = $2 returning ${BULK_COLUMNS}`,
    [
      operatorId,
      row.id,
      done,
      JSON.stringify(all),
      page.at(-1) ?? row.throughId,
      page.length < AT_ONCE,
      joined,
      visited,
    ],
  );
  return rows[0]!;
}

function stepOf({ state, total, done, joined, refused }: Row, { endpoints, singles }: Effect): BulkStep {
  return { state, total, done, joined, refused: sumOf(refused), endpoints, singles };
}

const sumOf = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);
