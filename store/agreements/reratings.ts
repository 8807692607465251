// Reratings: deal versions that begin before settled conversions, their progress, and the
// conversions they may rate again.
import { POSITIVE_EVENTS } from '../../domain/types.ts';
import type { Queryable } from '../db/pool.ts';

/** Identity of a rerating: its deal version. */
export type ReratedVersion = { dealId: string; version: number };

/**
 * Progress of a rerating. `kept`: conversions left unchanged because the new version lacks a
 * requirement.
 */
export type Progress = { lookedAt: number; changed: number; kept: number };

/**
 * An unfinished rerating. `affiliateId` null: a version of a default deal. `after`: the last event
 * looked at.
 */
export type Rerating = Progress & { after: string; affiliateId: string | null; effectiveFrom: Date };

/**
 * Marks a version for rerating, in the transaction that adds it, when settled conversions may have
 * happened in its time. Returns false otherwise. An event may claim a time up to a day after its
 * receipt.
 */
export async function markRerating(
  db: Queryable,
  operatorId: string,
  { dealId, version }: ReratedVersion,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into reratings (operator_id, deal_id, version)
     select $1, $2, $3
     from deals d
     join deal_versions v on v.operator_id = $1 and v.deal_id = $2 and v.version = $3
     where d.operator_id = $1 and d.id = $2 and v.effective_from < now() + interval '1 day'
       and case when d.affiliate_id is null
         then exists (select from event_outcomes where operator_id = $1 and status = 'settled')
         else exists (select from event_outcomes
           where operator_id = $1 and affiliate_id = d.affiliate_id and status = 'settled') end`,
    [operatorId, dealId, version],
  );
  return rowCount === 1;
}

/**
 * Locks an unfinished rerating until the transaction ends. Returns null when it is finished or
 * unknown.
 */
export async function lockRerating(
  db: Queryable,
  operatorId: string,
  { dealId, version }: ReratedVersion,
): Promise<Rerating | null> {
  const { rows } = await db.query<Rerating>(
    `select r.after, r.looked_at as "lookedAt", r.changed, r.kept, d.affiliate_id as "affiliateId",
       v.effective_from as "effectiveFrom"
     from reratings r
     join deals d on d.operator_id = $1 and d.id = r.deal_id
     join deal_versions v on v.operator_id = $1 and v.deal_id = r.deal_id and v.version = r.version
     where r.operator_id = $1 and r.deal_id = $2 and r.version = $3 and r.finished_at is null
     for update of r`,
    [operatorId, dealId, version],
  );
  return rows[0] ?? null;
}

/** Progress of a rerating; null when it is unknown. */
export async function readProgress(
  db: Queryable,
  operatorId: string,
  { dealId, version }: ReratedVersion,
): Promise<Progress | null> {
  const { rows } = await db.query<Progress>(
    `select looked_at as "lookedAt", changed, kept
     from reratings
     where operator_id = $1 and deal_id = $2 and version = $3`,
    [operatorId, dealId, version],
  );
  return rows[0] ?? null;
}

/** One page of outcomes, with the conversions in it that may be rated again. */
type Candidates = { eventIds: string[]; last: string | null; lookedAt: number; isEnd: boolean };

const OUTCOMES_PER_PAGE = 5000;

/**
 * Reads the next page of outcomes by event id, with at most `limit` candidates. Ids carry the time
 * of receipt, so the page skips events received more than two days before the version begins: no
 * event happens more than a day after its receipt.
 */
export async function findCandidates(
  db: Queryable,
  operatorId: string,
  { dealId, version }: ReratedVersion,
  { after, affiliateId, effectiveFrom }: Rerating,
  limit: number,
): Promise<Candidates> {
  const { rows } = await db.query<{ id: string; isCandidate: boolean }>(
    `with page as materialized (
       select event_id, status, deal_id, deal_version from event_outcomes
       where operator_id = $1 ${affiliateId === null ? 'and $4::text is null' : 'and affiliate_id = $4'}
         and event_id > greatest($5 collate "C",
           id_bound('evt', greatest($6::timestamptz - interval '2 days', 'epoch')) collate "C")
       order by event_id limit ${OUTCOMES_PER_PAGE}
     )
     select p.event_id as id, p.status = 'settled' and e.type = any($7) and e.occurred_at >= $6
       and (p.deal_id, p.deal_version) is distinct from ($2, $3::int) as "isCandidate"
     from page p join events e on e.operator_id = $1 and e.id = p.event_id
     order by p.event_id`,
    [operatorId, dealId, version, affiliateId, after, effectiveFrom, POSITIVE_EVENTS],
  );
  const eventIds: string[] = [];
  for (const [index, { id, isCandidate }] of rows.entries()) {
    if (isCandidate) eventIds.push(id);
    if (eventIds.length === limit) {
      const isEnd = index === rows.length - 1 && rows.length < OUTCOMES_PER_PAGE;
      return { eventIds, last: id, lookedAt: index + 1, isEnd };
    }
  }
  return {
    eventIds,
    last: rows.at(-1)?.id ?? null,
    lookedAt: rows.length,
    isEnd: rows.length < OUTCOMES_PER_PAGE,
  };
}

/** Writes the progress of a locked rerating. */
export async function advanceRerating(
  db: Queryable,
  operatorId: string,
  { dealId, version }: ReratedVersion,
  { after, lookedAt, changed, kept, isFinished }: Progress & { after: string; isFinished: boolean },
): Promise<void> {
  await db.query(
    `update reratings set after = $4, looked_at = $5, changed = $6, kept = $7,
       finished_at = case when $8 then now() end
     where operator_id = $1 and deal_id = $2 and version = $3`,
    [operatorId, dealId, version, after, lookedAt, changed, kept, isFinished],
  );
}

/**
 * Restarts reratings that left conversions unchanged, since the missing requirement may exist now.
 * Returns their deal versions.
 */
export async function reopenReratings(db: Queryable, operatorId: string): Promise<ReratedVersion[]> {
  const { rows } = await db.query<ReratedVersion>(
    `update reratings set after = '', kept = 0, finished_at = null where operator_id = $1 and kept > 0
     returning deal_id as "dealId", version`,
    [operatorId],
  );
  return rows;
}
