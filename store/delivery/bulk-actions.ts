// Bulk actions: what a person does to everything that is stuck by a filter. Each has a row with its
// filter and its progress; bulk-steps.ts brings it on.
import type { StuckAction } from '../../domain/delivery/stuck.ts';
import type { Page } from '../db/page.ts';
import type { Queryable } from '../db/pool.ts';
import { stuckSql, stuckValues, type StuckFilter } from './stuck-condition.ts';
import { chosenParts } from './stuck-counts.ts';

export const BULK_STATES = ['running', 'done', 'cancelled'] as const;

/**
 * `total`: chosen when it began, or more where others became stuck before their turn. `joined`: an
 * attempt was under way already. `refused`: counts by reason.
 */
export type BulkAction = {
  id: string;
  action: StuckAction;
  filter: StuckFilter;
  isDryRun: boolean;
  state: (typeof BULK_STATES)[number];
  total: number;
  done: number;
  joined: number;
  refused: Record<string, number>;
  createdAt: Date;
  finishedAt: Date | null;
};

export const BULK_COLUMNS = `id, action, filter, is_dry_run as "isDryRun", state, total, done, joined, refused,
  created_at as "createdAt", finished_at as "finishedAt"`;

/** The column of what an action visits, each once, in this order. */
export function itemOf(action: StuckAction): 'd.id' | 'd.endpoint_id' {
  return action === 'pause' ? 'd.endpoint_id' : 'd.id';
}

/** Stores an action with the number of what it chooses now. A dry run is done with that. */
export async function insertBulkAction(
  db: Queryable,
  operatorId: string,
  { id, action, filter, isDryRun }: Pick<BulkAction, 'id' | 'action' | 'filter' | 'isDryRun'>,
): Promise<BulkAction> {
  const [total, last] =
    itemOf(action) === 'd.id'
      ? [
          'coalesce(sum(count), 0)',
          `(select max(d.id) from deliveries d where d.operator_id = $1 and ${stuckSql('d')})`,
        ]
      : ['count(distinct endpoint_id)', 'max(endpoint_id)'];
  const { rows } = await db.query<BulkAction>(
    `insert into stuck_actions (operator_id, id, action, filter, is_dry_run, state, finished_at, total,
       through_id)
     select $1, $7, $8, $9, $10, case when $10 then 'done' else 'running' end,
       case when $10 then now() end, ${total}, coalesce(${last}, '')
     from (${chosenParts('p.count, p.endpoint_id')}) parts returning ${BULK_COLUMNS}`,
    [operatorId, ...stuckValues(filter), id, action, JSON.stringify(filter), isDryRun],
  );
  return rows[0]!;
}

/** Null when there is no such action. */
export async function findBulkAction(
  db: Queryable,
  operatorId: string,
  id: string,
): Promise<BulkAction | null> {
  const { rows } = await db.query<BulkAction>(
    `select ${BULK_COLUMNS} from stuck_actions where operator_id = $1 and id = $2`,
    [operatorId, id],
  );
  return rows[0] ?? null;
}

export async function listBulkActions(db: Queryable, operatorId: string, page: Page): Promise<BulkAction[]> {
  const { rows } = await db.query<BulkAction>(
    `select ${BULK_COLUMNS} from stuck_actions where operator_id = $1 and ($2::text is null or id < $2)
     order by id desc limit $3`,
    [operatorId, page.before, page.limit],
  );
  return rows;
}

/** Stops a running action; what it has done stays done. */
export async function cancelBulkAction(db: Queryable, operatorId: string, id: string): Promise<void> {
  await db.query(
    `update stuck_actions set state = 'cancelled', finished_at = now()
      where operator_id = $1 and id = $2 and state = 'running'`,
    [operatorId, id],
  );
}
