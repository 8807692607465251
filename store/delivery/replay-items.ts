// Items of a replay: deliveries that it read and that have not gone out. They wait in the replay,
// or in the queue of their endpoint once they are released.
import { lookThrough } from '../db/look-through.ts';
import type { Queryable } from '../db/pool.ts';
import { lookFor, type Replay } from './replays.ts';

const READ_AT_ONCE = 2000;
/** Deliveries that a step looks through at most, for a filter that chooses few of them. */
const LOOKED_AT = 50_000;
const DROPPED_AT_ONCE = 10_000;

export type Progress = Replay & { afterId: string; throughId: string; idleSteps: number; waitMs: number };
/** `skipped`: items dropped in this step, since they need not be sent. */
export type Step = { db: Queryable; operatorId: string; replay: Progress; skipped: number };

/**
 * Reads the next deliveries that the filter chooses; each becomes an item. `last`: how far it
 * looked; null: to the end.
 */
export async function readOn({
  db,
  operatorId,
  replay,
}: Step): Promise<{ count: number; last: string | null }> {
  const look = await lookFor(db, operatorId, { ...replay, through: replay.throughId });
  const { ids, reached } = await lookThrough(
    db,
    look,
    { limit: READ_AT_ONCE, before: replay.afterId },
    { order: 'oldest', lookedAt: LOOKED_AT },
  );
  await db.query(
    `insert into replay_items (operator_id, replay_id, delivery_id, endpoint_id)
     select $1, $2, id, endpoint_id from deliveries where operator_id = $1 and id = any($3)`,
    [operatorId, replay.id, ids],
  );
  return { count: ids.length, last: ids.length === READ_AT_ONCE ? ids.at(-1)! : reached };
}

/**
 * Drops the items that went out: their next attempt was made, or somebody else wants it made now.
 * Returns their number. Those that were finished without one, since a person gave them up or their
 * endpoint was deleted, are dropped too, as skipped.
 */
export async function dropOut(step: Step): Promise<number> {
  const { db, operatorId, replay } = step;
  const { rows } = await db.query<{ isSent: boolean }>(
    `delete from replay_items i using deliveries d
     where i.operator_id = $1 and i.replay_id = $2 and i.was_state is not null
       and d.operator_id = $1 and d.id = i.delivery_id
       and (d.owner is null or d.replay_id is distinct from $2 or d.next_cause is distinct from 'replay')
     returning d.owner is not null or d.attempts > i.was_attempts as "isSent"`,
    [operatorId, replay.id],
  );
  const sent = rows.filter(({ isSent }) => isSent).length;
  step.skipped += rows.length - sent;
  return sent;
}

/** Drops the items that wait for an endpoint that was deleted meanwhile. */
export async function dropDeleted(step: Step): Promise<void> {
  const { db, operatorId, replay } = step;
  const { rowCount } = await db.query(
    `delete from replay_items i using endpoints e
     where i.operator_id = $1 and i.replay_id = $2 and i.was_state is null
       and e.operator_id = $1 and e.id = i.endpoint_id and e.deleted_at is not null`,
    [operatorId, replay.id],
  );
  step.skipped += rowCount ?? 0;
}

/** Drops a part of the items of a cancelled replay that it has not released. */
export async function dropWaiting({ db, operatorId, replay }: Step): Promise<void> {
  await db.query(
    `delete from replay_items where ctid = any(array(
       select ctid from replay_items
       where operator_id = $1 and replay_id = $2 and was_state is null limit ${DROPPED_AT_ONCE}))`,
    [operatorId, replay.id],
  );
}
