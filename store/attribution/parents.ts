// Dated parents of affiliates: an append-only history, read for everyone above an affiliate.
import { formsCircle, type ParentSince } from '../../domain/attribution/parents.ts';
import { MAX_OVERRIDE_LEVELS } from '../../domain/commission/terms.ts';
import { requestChangesOf } from '../agreements/change-requests.ts';
import type { Queryable } from '../db/pool.ts';

/** `since` null: from now on. */
export type ParentChange = { parentId: string | null; since: Date | null };

/**
 * Dated parents of affiliates and of everyone above them at any time, up to the number of levels
 * that deals can pay. An affiliate that never had a parent is missing.
 */
export function readParentHistory(
  db: Queryable,
  operatorId: string,
  affiliateIds: readonly string[],
): Promise<Map<string, ParentSince[]>> {
  return readHistory(db, operatorId, affiliateIds, MAX_OVERRIDE_LEVELS);
}

/** `levels` null: everyone above. */
async function readHistory(
  db: Queryable,
  operatorId: string,
  affiliateIds: readonly string[],
  levels: number | null,
): Promise<Map<string, ParentSince[]>> {
  // Over time two affiliates may have stood above each other. Without a limit the level stays 0, so
  // that `union` drops those who came already.
  const { rows } = await db.query<ParentRow>({
    name: 'read-parent-history',
    text: `with recursive above as (
       select unnest($2::text[]) collate "C" as id, 0 as level
       union
       select p.parent_id, above.level + ($3::int is not null)::int
       from above
       join affiliate_parents p on p.operator_id = $1 and p.affiliate_id = above.id
       where p.parent_id is not null and ($3::int is null or above.level < $3)
     )
     select distinct on (p.affiliate_id, p.since)
       p.affiliate_id as "affiliateId", p.since, p.parent_id as "parentId"
     from (select distinct id from above) a
     join affiliate_parents p on p.operator_id = $1 and p.affiliate_id = a.id
     order by p.affiliate_id, p.since, p.number desc`,
    values: [operatorId, affiliateIds, levels],
  });
  return historyFrom(rows);
}

/** Dated parents of all affiliates of an operator. */
export async function readAllParents(db: Queryable, operatorId: string): Promise<Map<string, ParentSince[]>> {
  const { rows } = await db.query<ParentRow>(
    `select distinct on (affiliate_id, since)
       affiliate_id as "affiliateId", since, parent_id as "parentId"
     from affiliate_parents where operator_id = $1
     order by affiliate_id, since, number desc`,
    [operatorId],
  );
  return historyFrom(rows);
}

type ParentRow = { affiliateId: string; since: Date | number; parentId: string | null };

/** Histories by affiliate, of rows in the order of affiliate and `since`. */
function historyFrom(rows: readonly ParentRow[]): Map<string, ParentSince[]> {
  const history = new Map<string, ParentSince[]>();
  for (const { affiliateId, since, parentId } of rows) {
    const known = history.get(affiliateId) ?? [];
    // '-infinity' is read as the number -Infinity.
    known.push({ since: Number(since), parentId });
    history.set(affiliateId, known);
  }
  return history;
}

/**
 * Checks a change of a parent, and returns it with its moment; `circle` when the affiliate would
 * stand above itself at any time, null when it says nothing new. The caller excludes settling, so
 * that no conversion misses the change. An advisory lock
 * serializes changes of parents per operator: two concurrent ones could close a circle together.
 */
export async function checkParentChange(
  db: Queryable,
  operatorId: string,
  affiliateId: string,
  { parentId, since: given }: ParentChange,
): Promise<ParentSince | 'circle' | null> {
  await db.query(`select pg_advisory_xact_lock(hashtextextended('parents ' || $1, 0))`, [operatorId]);
  // The clock after the lock, so that of two changes from now on the later one stays in force.
  const { rows } = await db.query<{ now: Date }>(
    `select date_trunc('milliseconds', statement_timestamp()) as now`,
  );
  const change = { parentId, since: (given ?? rows[0]!.now).getTime() };
  const those = parentId === null ? [affiliateId] : [affiliateId, parentId];
  const history = await readHistory(db, operatorId, those, null);
  if (formsCircle(history, affiliateId, change)) return 'circle';
  const before = history.get(affiliateId)?.findLast(({ since }) => since <= change.since);
  const saysNothing = (before?.parentId ?? null) === parentId;
  // A date that was given is kept: a later change may begin before it, and then ends there.
  return saysNothing && (given === null || before?.since === change.since) ? null : change;
}

/** Conversions that occurred from a moment on, of an affiliate and of everyone below it. */
const OF_AFFILIATES_BELOW = `
  with recursive below as (
    select $3::text collate "C" as id
    union
    select p.affiliate_id from below join affiliate_parents p on p.operator_id = $1 and p.parent_id = below.id
  )
  select o.event_id as id from below
  join event_outcomes o on o.operator_id = $1 and o.affiliate_id = below.id
  join events e on e.operator_id = $1 and e.id = o.event_id and e.occurred_at >= $4`;

/**
 * Adds a checked change to the history, in the transaction that checked it. Conversions that
 * occurred since are to be rated again.
 */
export async function insertParent(
  db: Queryable,
  operatorId: string,
  affiliateId: string,
  { parentId, since }: ParentSince,
): Promise<void> {
  await db.query(
    `insert into affiliate_parents (operator_id, affiliate_id, since, parent_id)
     values ($1, $2, coalesce($3, '-infinity'::timestamptz), $4)`,
    [operatorId, affiliateId, Number.isFinite(since) ? new Date(since) : null, parentId],
  );
  if (Number.isFinite(since))
    await requestChangesOf(db, operatorId, 'parent_changed', OF_AFFILIATES_BELOW, [
      affiliateId,
      new Date(since),
    ]);
}
