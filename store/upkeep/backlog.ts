// Backlog of all operators: counts of waiting work for metrics and alerts. Every statement uses an
// index and stops at a maximum count, so reading the backlog never becomes a load of its own.
import { dueForClosing } from '../../domain/ledger/closing.ts';
import type { StuckState } from '../../domain/delivery/stuck.ts';
import { conditionSql } from '../delivery/endpoint-condition.ts';
import { readStuckByState } from '../delivery/stuck-counts.ts';
import { listBooks } from '../ledger/closing.ts';
import { withTransaction, type Pool, type PoolClient } from '../db/pool.ts';

export type Backlog = {
  /**
   * `events`: events without an outcome among the newest 20,000. `oldestSeconds`: age of the oldest
   * event without an outcome, 0 when there is none.
   */
  unsettled: { events: number; oldestSeconds: number };
  /** Set-aside events by reason. */
  setAside: Counts;
  /**
   * Deliveries in trouble by state: `retrying`, `held`, and `gave_up` as long as nobody
   * acknowledged it; with the age of the oldest, 0 without one.
   */
  postbacks: Record<StuckState, { count: number; oldestSeconds: number }>;
  /**
   * Endpoints by state. `failing`: active endpoints whose attempts all fail; `active` excludes
   * them.
   */
  endpoints: Counts & { failing: number };
  /** Commissions whose hold has ended, and months due for closing. */
  holdsDue: number;
  monthsDue: number;
  /** Amendments that wait for a requirement. */
  amendmentsWaiting: number;
};

type Counts = Record<string, number>;

/** Counts stop here: a larger number calls for the same action. */
const MAX_COUNT = 100_000;
const NEWEST_EVENTS = 20_000;
const OPERATORS_AT_MOST = 1000;
const STATEMENT_MS = 2000;

/**
 * Reads all counts one after the other on one connection. Throws when PostgreSQL is unreachable or
 * one statement takes more than 2 s.
 */
export function readBacklog(pool: Pool): Promise<Backlog> {
  return withTransaction(
    pool,
    async (client) => ({
      unsettled: await readRow<Backlog['unsettled']>(client, UNSETTLED),
      setAside: await readCounts(client, SET_ASIDE),
      postbacks: await readStuckByState(client),
      endpoints: { active: 0, paused: 0, disabled: 0, failing: 0, ...(await readCounts(client, ENDPOINTS)) },
      holdsDue: (await readRow<{ count: number }>(client, HOLDS_DUE)).count,
      monthsDue: await countMonthsDue(client),
      amendmentsWaiting: (await readRow<{ count: number }>(client, AMENDMENTS_WAITING)).count,
    }),
    { statementTimeoutMs: STATEMENT_MS },
  );
}

/**
 * Of those that the sweep's mark has passed, the oldest is noted. The mark itself is two minutes
 * old, unless more wait than a run of the sweep reads.
 */
const UNSETTLED = `
  select count(*)::int as events,
    greatest(coalesce(extract(epoch from now() - min(received_at)), 0),
      coalesce((select extract(epoch from now() - through) from sweep_marks where name = 'events'
      and through < now() - interval '3 minutes'), 0),
      coalesce((select extract(epoch from now() - min(received_at)) from (
        select received_at from unsettled_events u where not exists (select from event_outcomes o
          where o.operator_id = u.operator_id and o.event_id = u.event_id) limit ${MAX_COUNT}) u), 0)
    )::float8 as "oldestSeconds"
  from (select operator_id, id, received_at from events order by received_at desc limit ${NEWEST_EVENTS}) e
  where not exists (select from event_outcomes o where o.operator_id = e.operator_id and o.event_id = e.id)`;

const SET_ASIDE = `
  select reason as name, count(*)::int as count
  from (select reason from event_outcomes where status = 'set_aside' limit ${MAX_COUNT}) s group by reason`;

const ENDPOINTS = `
  select case condition when 'off' then state when 'up' then 'active' else 'failing' end as name,
    count(*)::int as count
  from (
    select state, ${conditionSql('endpoints')} as condition from endpoints
    where deleted_at is null limit ${MAX_COUNT}
  ) e
  group by 1`;

const HOLDS_DUE = `
  select count(*)::int as count from (
    select from operators o
    cross join lateral (select from slots s where s.operator_id = o.id and s.pending_minor > 0
      and s.hold_until <= now()) due
    limit ${MAX_COUNT}) h`;

const AMENDMENTS_WAITING = `
  select count(*)::int as count from (select from amendments where state = 'waiting' limit ${MAX_COUNT}) a`;

async function readRow<Row extends object>(client: PoolClient, statement: string): Promise<Row> {
  const { rows } = await client.query<Row>(statement);
  return rows[0]!;
}

async function readCounts(client: PoolClient, statement: string): Promise<Counts> {
  const { rows } = await client.query<{ name: string; count: number }>(statement);
  return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
}

async function countMonthsDue(client: PoolClient): Promise<number> {
  const books = await listBooks(client, '', OPERATORS_AT_MOST);
  return books.filter((book) => dueForClosing(book, Date.now()) !== null).length;
}
