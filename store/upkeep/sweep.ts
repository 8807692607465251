// Finds abandoned work of all operators: rows that no batch or workflow has moved for longer than a
// grace period. Every row carries its operator, since only the sweep reads across tenants.
import { bulkColumns } from '../db/bulk.ts';
import { LOOK_PAUSES } from '../../domain/delivery/looks.ts';
import type { Pool, Queryable } from '../db/pool.ts';
import { withTransaction } from '../db/pool.ts';
import { conditionSql } from '../delivery/endpoint-condition.ts';

export type Found = { operatorId: string; id: string };

/**
 * Longest delay that a backlog excuses; otherwise events left by a long outage would wait as long
 * again.
 */
const MAX_BACKLOG_MS = 60_000;

/**
 * Accepted events that no batch has settled within the grace period plus the expected delay: at
 * most `limit` that the mark has passed, and as many new ones, oldest first. The expected delay is
 * twice the median delay of the events received just before the oldest one: restarting events that
 * only wait would add load to a busy system.
 * Marks store the times up to which every event is settled or noted, so that a run does not scan
 * all events again.
 */
export async function findLostEvents(pool: Pool, graceMs: number, limit: number): Promise<Found[]> {
  return withTransaction(pool, async (client) => {
    const noted = await lookAtNoted(client, limit);
    const { from, isWhole } = await readMarks(client);
    const { rows } = await client.query<Found & { receivedAt: Date }>(
      `select e.operator_id as "operatorId", e.id, e.received_at as "receivedAt" from events e
       where e.received_at > $3 and e.received_at < now() - make_interval(secs => $1)
         and not exists (select from event_outcomes o where o.operator_id = e.operator_id
           and o.event_id = e.id)
         and not exists (select from unsettled_events u where u.operator_id = e.operator_id
           and u.event_id = e.id)
       order by e.received_at limit $2`,
      [graceMs / 1000, limit, from],
    );
    await passMarks(client, rows, { read: rows.length < limit ? null : rows.at(-1)!.receivedAt, isWhole });
    if (rows.length === 0) return noted;
    const backlogMs = Math.min(
      2 * (await medianSettlingDelayMs(client, rows[0]!.receivedAt)),
      MAX_BACKLOG_MS,
    );
    const lost = rows.filter(({ receivedAt }) => receivedAt.getTime() < Date.now() - graceMs - backlogMs);
    return [...noted, ...lost];
  });
}

/**
 * How far the mark of every run stays behind: longer than a backlog excuses an event, since a noted
 * one is started again by each run. Each run looks at what is younger, so every minute costs all
 * events six looks.
 */
const BEHIND = `interval '2 minutes'`;
/** An event whose insert commits late, behind that mark, is found by a longer look. */
const BEHIND_LATE = `interval '10 minutes'`;
const LATE_LOOK_DUE = `${BEHIND_LATE} + interval '5 minutes'`;

/** Where a run begins; `isWhole`: it is one of the longer looks. */
async function readMarks(db: Queryable): Promise<{ from: string; isWhole: boolean }> {
  const { rows } = await db.query<{ from: string; isWhole: boolean }>(
    `select is_whole as "isWhole",
       coalesce(case when is_whole then late end, usual, '-infinity')::text as "from"
     from (
       select (select through from sweep_marks where name = 'events') as usual,
         (select through from sweep_marks where name = 'late events') as late
     ) m cross join lateral (select late is null or late < now() - (${LATE_LOOK_DUE}) as is_whole) w`,
  );
  return rows[0]!;
}

/** The noted events that were looked at longest ago. Forgets those that are settled by now. */
async function lookAtNoted(db: Queryable, limit: number): Promise<Found[]> {
  const { rows } = await db.query<Found>(
    `with looked as materialized (
       select ctid as row, (select true from event_outcomes o
         where o.operator_id = u.operator_id and o.event_id = u.event_id) as is_settled
       from unsettled_events u order by looked_at limit $1
     ), forgotten as (
       delete from unsettled_events where ctid = any(array(select row from looked where is_settled))
     )
     update unsettled_events set looked_at = now()
     where ctid = any(array(select row from looked where is_settled is null))
     returning operator_id as "operatorId", event_id as id`,
    [limit],
  );
  return rows;
}

/** Moves the marks on, past unsettled events, which are noted. `read`: the last of a full page. */
async function passMarks(
  db: Queryable,
  unsettled: readonly (Found & { receivedAt: Date })[],
  { read, isWhole }: { read: Date | null; isWhole: boolean },
): Promise<void> {
  await db.query(
    `insert into sweep_marks (name, through)
     select name, least($1::timestamptz, now() - behind) - interval '1 millisecond'
     from (values ('events', ${BEHIND}), ('late events', ${BEHIND_LATE})) as mark (name, behind)
     where $2 or name = 'events'
     on conflict (name) do update set through = greatest(sweep_marks.through, excluded.through)`,
    [read, isWhole],
  );
  if (unsettled.length === 0) return;
  await db.query(
    `insert into unsettled_events (operator_id, event_id, received_at)
     select operator_id, event_id, received_at from ${NOTED.unnest(1, 'u')} where received_at < now() - ${BEHIND}`,
    NOTED.values(unsettled),
  );
}

const NOTED = bulkColumns<Found & { receivedAt: Date }>({
  operator_id: ['text', ({ operatorId }) => operatorId],
  event_id: ['text', ({ id }) => id],
  received_at: ['timestamptz', ({ receivedAt }) => receivedAt],
});

/**
 * Median time from receipt to settling of the 500 events received before a moment, in milliseconds;
 * 0 without events.
 */
async function medianSettlingDelayMs(db: Queryable, before: Date): Promise<number> {
  const { rows } = await db.query<{ delayMs: number | null }>(
    `select percentile_cont(0.5) within group (
       order by extract(epoch from o.settled_at - e.received_at) * 1000) as "delayMs"
     from (
       select operator_id, id, received_at from events
       where received_at < $1 order by received_at desc limit 500) e
     join event_outcomes o on o.operator_id = e.operator_id and o.event_id = e.id`,
    [before],
  );
  return rows[0]?.delayMs ?? 0;
}

/**
 * Batches that own deliveries long after their planning; of more than `limit` others each time,
 * since one whose workflow still runs stays.
 */
export async function findAbandonedBatches(
  db: Queryable,
  graceMs: number,
  limit: number,
): Promise<{ operatorId: string; batchId: string }[]> {
  const { rows } = await db.query<{ operatorId: string; batchId: string }>(
    `select * from (
       select distinct operator_id as "operatorId", batch_id as "batchId" from deliveries
       where owner = 'batch' and created_at < now() - make_interval(secs => $1)) b
     order by random() limit $2`,
    [graceMs / 1000, limit],
  );
  return rows;
}

/** Deliveries with a workflow of their own after this one, which may be gone. */
export async function findSingles(db: Queryable, after: Found, limit: number): Promise<Found[]> {
  const { rows } = await db.query<Found>(
    `select operator_id as "operatorId", id from deliveries
     where owner = 'self' and (operator_id, id) > ($1, $2) order by operator_id, id limit $3`,
    [after.operatorId, after.id, limit],
  );
  return rows;
}

/**
 * An endpoint in whose queue something waits, or to which something was given up and not
 * acknowledged. `isLate`: something is overdue, and no look at its queue is promised soon; for an
 * endpoint that is off or down, none at all: its workflow rests where nothing waited, and whoever
 * was to wake it may have died.
 */
type Owing = Found & { isLate: boolean };

/**
 * Owing endpoints after this one. Goes from one to the next in the indexes, however much waits for
 * each.
 */
export async function findOwingEndpoints(
  db: Queryable,
  after: Found,
  graceMs: number,
  limit: number,
): Promise<Owing[]> {
  const next = (operatorId: string, endpointId: string): string =>
    `select operator_id, endpoint_id from (${OWING.map(
      (condition) => `(select operator_id, endpoint_id from deliveries
        where ${condition} and (operator_id, endpoint_id) > (${operatorId}, ${endpointId})
        order by operator_id, endpoint_id limit 1)`,
    ).join(' union all ')}) owing order by 1, 2 limit 1`;
  const { rows } = await db.query<Owing>(
    `with recursive found as (
       (${next('$1', '$2')})
       union all
       select n.* from found f cross join lateral (${next('f.operator_id', 'f.endpoint_id')}) n
     )
     select f.operator_id as "operatorId", f.endpoint_id as id,
       exists (
         select from deliveries d where d.operator_id = f.operator_id and d.endpoint_id = f.endpoint_id
           and d.owner = 'endpoint' and d.next_attempt_at < now() - make_interval(secs => $3))
         and case when ${conditionSql('e')} in ('down', 'off') then e.queue_read_by is null
           else not coalesce(e.queue_read_by between now() - make_interval(secs => $3)
             and now() + make_interval(secs => $5), false) end as "isLate"
     from (select * from found limit $4) f
     join endpoints e on e.operator_id = f.operator_id and e.id = f.endpoint_id
     order by 1, 2`,
    [after.operatorId, after.id, graceMs / 1000, limit, LOOK_PAUSES.longestMs / 1000],
  );
  return rows;
}

const OWING = [`owner = 'endpoint'`, `state = 'gave_up' and acknowledged_at is null`];

/** Operators with commission whose hold has ended. */
export async function findOperatorsWithDueHolds(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select o.id from operators o
     where exists (select from slots s where s.operator_id = o.id and s.pending_minor > 0
       and s.hold_until <= now())
     order by o.id`,
  );
  return rows.map(({ id }) => id);
}

/** Deal versions with an unfinished rerating. */
export async function findUnfinishedReratings(
  db: Queryable,
  limit: number,
): Promise<{ operatorId: string; dealId: string; version: number }[]> {
  const { rows } = await db.query<{ operatorId: string; dealId: string; version: number }>(
    `select operator_id as "operatorId", deal_id as "dealId", version
     from reratings
     where finished_at is null
     order by created_at limit $1`,
    [limit],
  );
  return rows;
}

/** Creates the partitions of the coming months, before their first row arrives. */
export async function ensurePartitions(db: Queryable): Promise<void> {
  await db.query(`select ensure_partitions('clicks', 'clk'), ensure_partitions('attempts', 'dlv')`);
}
