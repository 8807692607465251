// Overview of an operator: events and postbacks of the last 24 hours, and what waits for a person.
// Counts use an index and stop at a maximum, or read what is counted as it changes.
import type { Queryable } from '../db/pool.ts';
import { NO_FILTER, stuckValues } from '../delivery/stuck-condition.ts';
import { chosenParts } from '../delivery/stuck-counts.ts';

/** What came in during an hour; `settled` and `delivered` are of the same events and postbacks. */
export type OverviewHour = {
  at: Date;
  events: number;
  settled: number;
  postbacks: number;
  delivered: number;
};

/** What is there now, however old. */
export type Waiting = { orphaned: number; setAside: number; stuck: number; oldestStuckAt: Date | null };

export type Overview = { hours: OverviewHour[]; waiting: Waiting };

/** Counts of an hour stop here: no statement reads more than 24 times as many rows of an index. */
export const HOURLY_AT_MOST = 50_000;
/** Counts of what waits stop here: a larger number calls for the same action. */
export const WAITING_AT_MOST = 100_000;

export function createOverview(db: Queryable) {
  return {
    async read(operatorId: string): Promise<Overview> {
      const [hours, waiting] = await Promise.all([
        db.query<OverviewHour>(HOURS, [operatorId]),
        db.query<Waiting>(WAITING, [operatorId, ...stuckValues(NO_FILTER)]),
      ]);
      return { hours: hours.rows, waiting: waiting.rows[0]! };
    },
  };
}

const within = (id: string, prefix: string): string =>
  `operator_id = $1 and ${id} >= id_bound('${prefix}', at) and ${id} < id_bound('${prefix}', at + interval '1 hour')`;

const counted = (rows: string): string => `(select count(*)::int from (${rows} limit ${HOURLY_AT_MOST}) c)`;

/**
 * Delivered postbacks are the planned ones without the others, which have indexes: most are
 * delivered, and their states are in no index.
 */
const HOURS = `
  select at, events, least(events, greatest(0, outcomes - others)) as settled, postbacks,
    greatest(0, postbacks - unfinished - sent_first) as delivered
  from (
    select at,
      ${counted(`select from events where ${within('id', 'evt')}`)} as events,
      ${counted(`select from event_outcomes where ${within('event_id', 'evt')}`)} as outcomes,
      ${counted(`select from event_outcomes where ${within('event_id', 'evt')}
        and status in ('rejected', 'set_aside', 'voided')`)}
      + ${counted(`select from event_outcomes where ${within('event_id', 'evt')} and status = 'orphaned'`)} as others,
      ${counted(`select from deliveries where ${within('id', 'dlv')}`)} as postbacks,
      ${counted(`select from deliveries where ${within('id', 'dlv')}
        and state in ('pending', 'retrying', 'held', 'gave_up', 'cancelled')
        and (state in ('retrying', 'held', 'gave_up', 'cancelled') or owner in ('self', 'endpoint', 'predecessor'))`)}
        as unfinished,
      ${counted(`select from deliveries where ${within('id', 'dlv')} and owner = 'batch'
        and state = 'pending'`)} as sent_first
    from generate_series(date_trunc('hour', now(), 'UTC') - interval '23 hours', now(), interval '1 hour') as at
    offset 0) h
  order by at`;

const WAITING = `
  select
    (select count(*)::int from (
       select from event_outcomes where operator_id = $1 and status = 'orphaned' limit ${WAITING_AT_MOST}) c)
       as orphaned,
    (select count(*)::int from (
       select from event_outcomes where operator_id = $1 and status = 'set_aside' limit ${WAITING_AT_MOST}) c)
       as "setAside",
    stuck.count as stuck, stuck."oldestAt" as "oldestStuckAt"
  from (select least(coalesce(sum(count), 0), ${WAITING_AT_MOST})::int as count, min(oldest_at) as "oldestAt"
    from (${chosenParts('p.count, p.oldest_at')}) parts) stuck`;
