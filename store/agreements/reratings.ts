// Deal versions that began before something was settled: the mark of what is still to be rated again, and the conversions it may be about.
import { POSITIVE_EVENTS } from '../../domain/types.ts';
import type { Queryable } from '../db/pool.ts';

/** A deal version as its rerating is named by. */
export type ReratedVersion = { dealId: string; version: number };

/** How far it got. `kept`: conversions left as they were, because their new version lacks something. */
export type Progress = { lookedAt: number; changed: number; kept: number };

/** An unfinished rerating. No affiliate: the version is of a default deal. `after`: the last event looked at. */
export type Rerating = Progress & { after: string; affiliateId: string | null; effectiveFrom: Date };

/**
 * Marks a version, in the transaction that adds it, where something is settled that may have happened in its time. False where nothing is.
 * An event may say that it happened up to a day after it came in.
 */
export async function markRerating(
  db: Queryable,
  operatorId: string,
  { dealId, version }: ReratedVersion,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into reratings (operator_id, deal_id, version)
     select $1, $2, $3 from deals d join deal_versions v on v.operator_id = $1 and v.deal_id = $2 and v.version = $3
     where d.operator_id = $1 and d.id = $2 and v.effective_from < now() + interval '1 day'
       and case when d.affiliate_id is null
         then exists (select from event_outcomes where operator_id = $1 and status = 'settled')
         else exists (select from event_outcomes where operator_id = $1 and affiliate_id = d.affiliate_id and status = 'settled') end`,
    [operatorId, dealId, version],
  );
  return rowCount === 1;
}

/** The rerating for as long as the transaction lasts; null where it is finished, or there is none. */
export async function lockRerating(
  db: Queryable,
  operatorId: string,
  { dealId, version }: ReratedVersion,
): Promise<Rerating | null> {
  const { rows } = await db.query<Rerating>(
    `select r.after, r.looked_at as "lookedAt", r.changed, r.kept, d.affiliate_id as "affiliateId", v.effective_from as "effectiveFrom"
     from reratings r
     join deals d on d.operator_id = $1 and d.id = r.deal_id
     join deal_versions v on v.operator_id = $1 and v.deal_id = r.deal_id and v.version = r.version
     where r.operator_id = $1 and r.deal_id = $2 and r.version = $3 and r.finished_at is null
     for update of r`,
    [operatorId, dealId, version],
  );
  return rows[0] ?? null;
}

/** What became of a rerating so far; null where there is none. */
export async function readProgress(
  db: Queryable,
  operatorId: string,
  { dealId, version }: ReratedVersion,
): Promise<Progress | null> {
  const { rows } = await db.query<Progress>(
    `select looked_at as "lookedAt", changed, kept from reratings where operator_id = $1 and deal_id = $2 and version = $3`,
    [operatorId, dealId, version],
  );
  return rows[0] ?? null;
}

/** Outcomes looked at in one go, and of these the conversions that may have to be rated again. */
export type Candidates = { eventIds: string[]; last: string | null; lookedAt: number; isEnd: boolean };

const OUTCOMES_PER_PAGE = 5000;

/**
 * The next outcomes after those looked at, by event id: at most so many candidates. Ids carry the time at which events came in, so what came in
 * long before the version began is passed over: nothing happens more than a day after it was reported.
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
         and event_id > greatest($5 collate "C", id_bound('evt', greatest($6::timestamptz - interval '2 days', 'epoch')) collate "C")
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

/** Writes how far a locked rerating got. */
export async function advanceRerating(
  db: Queryable,
  operatorId: string,
  { dealId, version }: ReratedVersion,
  { after, lookedAt, changed, kept, isFinished }: Progress & { after: string; isFinished: boolean },
): Promise<void> {
  await db.query(
    `update reratings set after = $4, looked_at = $5, changed = $6, kept = $7, finished_at = case when $8 then now() end
     where operator_id = $1 and deal_id = $2 and version = $3`,
    [operatorId, dealId, version, after, lookedAt, changed, kept, isFinished],
  );
}

/** Writes which versions rate settled conversions now. */
export async function writeRatedBy(
  db: Queryable,
  operatorId: string,
  rated: readonly (ReratedVersion & { eventId: string })[],
): Promise<void> {
  if (rated.length === 0) return;
  await db.query(
    `update event_outcomes o set deal_id = r."dealId", deal_version = r.version
     from json_to_recordset($2) as r ("eventId" text, "dealId" text, version int)
     where o.operator_id = $1 and o.event_id = r."eventId" and o.status = 'settled'`,
    [operatorId, JSON.stringify(rated)],
  );
}

/** Begins again what left conversions as they were, for what they lacked may be there now; gives whose they are. */
export async function reopenReratings(db: Queryable, operatorId: string): Promise<ReratedVersion[]> {
  const { rows } = await db.query<ReratedVersion>(
    `update reratings set after = '', kept = 0, finished_at = null where operator_id = $1 and kept > 0
     returning deal_id as "dealId", version`,
    [operatorId],
  );
  return rows;
}
