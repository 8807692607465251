// Counts what reports show: clicks, settled events and commission of one day of receipt at a time,
// from the rows themselves. A day is counted again while it goes on, and when an event of it
// changed.
import { timeOfId } from '../db/ids.ts';
import { JOIN_AMENDMENT } from '../agreements/amendments.ts';
import { withTransaction, type Pool, type PoolClient, type Queryable } from '../db/pool.ts';
import { readZones } from './time-zones.ts';

/** An operator with something to count. `countedThrough`: null where nothing was counted yet. */
export type DueReports = { operatorId: string; countedThrough: Date | null };

/**
 * Events settled later than this after their receipt are noted for a recount. Must stay below
 * `SETTLED_WITHIN`.
 */
const LATE_MS = 600_000;
/** For so long what was received is counted again at every turn. */
const SETTLED_WITHIN = "interval '15 minutes'";

/** Limit of counting one day: some millions of events. */
const COUNT_WITHIN_MS = 40_000;

/** Notes events that are settled long after their receipt; as a rule none. */
export async function noteLate(
  db: Queryable,
  operatorId: string,
  eventIds: readonly string[],
  now: number,
): Promise<void> {
  const late = eventIds.filter((id) => timeOfId(id) < now - LATE_MS);
  if (late.length === 0) return;
  await db.query(
    `insert into report_recounts (operator_id, received_on)
     select distinct $1, (id_moment(id) at time zone 'UTC')::date from unnest($2::text[]) as id`,
    [operatorId, late],
  );
}

/**
 * Operators for whom something came in since they were counted, those counted longest ago first.
 */
export async function readDueReports(db: Queryable, limit: number): Promise<DueReports[]> {
  const since = (prefix: string) => `id_bound('${prefix}', p.counted_through - ${SETTLED_WITHIN})`;
  const came = (table: string, prefix: string) => `exists (select from ${table} n
    where n.operator_id = o.id and n.id >= coalesce(${since(prefix)}, '${prefix}_') and n.id < '${prefix}_~')`;
  const { rows } = await db.query<DueReports>(
    `select o.id as "operatorId", p.counted_through as "countedThrough"
     from operators o left join report_progress p on p.operator_id = o.id
     where (p.next_at is null or p.next_at <= now())
       and (${came('events', 'evt')} or ${came('clicks', 'clk')} or ${came('transfers', 'trf')}
         or exists (select from report_recounts r where r.operator_id = o.id))
     order by p.next_at nulls first, o.id limit $1`,
    [limit],
  );
  return rows;
}

/**
 * The days of receipt to count, the oldest first: those since the last count, and those in which an
 * event changed.
 */
export async function readDaysToCount(
  db: Queryable,
  { operatorId, countedThrough }: DueReports,
): Promise<string[]> {
  const first = (table: string, prefix: string) => `(select id_moment(id) from ${table}
    where operator_id = $1 and id >= '${prefix}_' and id < '${prefix}_~' order by id limit 1)`;
  const { rows } = await db.query<{ day: string }>(
    `select day::date::text as day
     from (select coalesce($2::timestamptz - ${SETTLED_WITHIN}, least(
         ${first('events', 'evt')}, ${first('clicks', 'clk')}, ${first('transfers', 'trf')}), now()) as at) began,
       generate_series((at at time zone 'UTC')::date, (now() at time zone 'UTC')::date, interval '1 day') as day
     union
     select received_on::text from report_recounts where operator_id = $1
     order by 1`,
    [operatorId, countedThrough],
  );
  return rows.map(({ day }) => day);
}

/**
 * Counts one day of receipt anew, but for clicks that were purged. Changes noted meanwhile stay
 * noted.
 */
export async function countReportDay(pool: Pool, operatorId: string, receivedOn: string): Promise<void> {
  await withTransaction(
    pool,
    async (client) => {
      await client.query(`select pg_advisory_xact_lock(hashtextextended('reports ' || $1, 0))`, [operatorId]);
      // First, so that what these changes wrote is seen by the statements that follow.
      const day = [operatorId, receivedOn];
      await client.query(`delete from report_recounts where operator_id = $1 and received_on = $2`, day);
      await client.query(
        `delete from report_days where operator_id = $1 and received_on = $2 and ($3 or type <> 'click')`,
        [...day, await hasAllClicks(client, receivedOn)],
      );
      await insertCounts(client, operatorId, receivedOn);
      await noteOtherDays(client, day);
    },
    { statementTimeoutMs: COUNT_WITHIN_MS },
  );
}

/**
 * Notes other days in which deposits were received that turned out to be first deposits of this
 * day, as long as those are new.
 */
async function noteOtherDays(client: PoolClient, day: readonly string[]): Promise<void> {
  await client.query(
    `insert into report_recounts (operator_id, received_on)
     select distinct $1, (id_moment(d.id) at time zone 'UTC')::date
     from events f
     join event_outcomes o on o.operator_id = f.operator_id and o.event_id = f.id
       and o.settled_at > now() - ${SETTLED_WITHIN}
     join events d on d.operator_id = f.operator_id and d.key = f.key and d.type = 'deposit'
       and d.key_kind = f.key_kind
     where f.operator_id = $1 and f.type = 'ftd' and f.key_kind = 'transaction' and ${received('f.id', 'evt')}
       and not (${received('d.id', 'evt')})`,
    [...day],
  );
}

/** Notes what is counted. `pauseMs`: time until the next turn. */
export async function noteCounted(
  db: Queryable,
  operatorId: string,
  { through, pauseMs }: { through: Date; pauseMs: number },
): Promise<void> {
  await db.query(
    `insert into report_progress (operator_id, counted_through, next_at)
     values ($1, $2, now() + $3 * interval '1 millisecond')
     on conflict (operator_id) do update
       set counted_through = excluded.counted_through, next_at = excluded.next_at`,
    [operatorId, through, pauseMs],
  );
}

/** Whether no click of the day was purged: its month is dropped as a whole. */
async function hasAllClicks(client: PoolClient, day: string): Promise<boolean> {
  // Until the end of the transaction no month is dropped.
  await client.query('lock table clicks in access share mode');
  const { rows } = await client.query<{ isThere: boolean }>(
    `select to_regclass(to_char($1::date, '"clicks_"YYYY_MM')) is not null as "isThere"`,
    [day],
  );
  return rows[0]!.isThere;
}

async function insertCounts(client: PoolClient, operatorId: string, receivedOn: string): Promise<void> {
  const zones = await readZones(client, operatorId);
  const values: unknown[] = [operatorId, receivedOn];
  const parameter = (value: unknown): string => `$${values.push(value)}`;
  const cases = zones.map(({ zone, since }) => ({
    zone: `${parameter(zone)}::text`,
    since: Number.isFinite(since) ? `${parameter(new Date(since))}::timestamptz` : null,
  }));
  const dayOf: DayOf = (moment) => {
    const zone = cases.reduce(
      (earlier, { zone: name, since }) =>
        since === null ? name : `case when ${moment} >= ${since} then ${name} else ${earlier} end`,
      '',
    );
    return `(${moment} at time zone ${zone})::date`;
  };
  await client.query(
    `insert into report_days (operator_id, received_on, affiliate_id, link_id, day, type, currency, count,
       amount_minor, earned_minor, reversed_minor)
     select $1, $2::date, coalesce(affiliate_id, ''), coalesce(link_id, ''), day, type, currency, sum(count),
       sum(amount), sum(earned), sum(reversed)
     from (${CLICKS(dayOf)} union all ${SETTLED(dayOf)} union all ${COMMISSION(dayOf)}) as counted
     group by grouping sets ((day, type, currency), (affiliate_id, link_id, day, type, currency))
     -- Clicks of a month that was purged, of which some came late.
     on conflict (operator_id, affiliate_id, day, link_id, type, currency, received_on)
       do update set count = greatest(report_days.count, excluded.count)`,
    values,
  );
}

type DayOf = (moment: string) => string;

/** Rows of the day by their ids, which carry the time of receipt. */
const received = (id: string, prefix: string): string =>
  `${id} >= id_bound('${prefix}', $2::date::timestamp at time zone 'UTC')
   and ${id} < id_bound('${prefix}', ($2::date + 1)::timestamp at time zone 'UTC')`;

const CLICKS = (dayOf: DayOf): string => `
  select affiliate_id, coalesce(link_id, '') as link_id, ${dayOf('clicked_at')} as day, 'click' as type,
    '' as currency, 1 as count, 0 as amount, 0 as earned, 0 as reversed
  from clicks where operator_id = $1 and ${received('id', 'clk')} and not is_bot`;

/** The link of an event's click; a binding keeps it where the click is gone. */
const LINK = `coalesce(
  (select c.link_id from clicks c where c.operator_id = o.operator_id and c.id = o.click_id),
  (select b.link_id from bindings b where b.operator_id = o.operator_id and b.customer_id = e.customer_id
    and b.affiliate_id = o.affiliate_id), '')`;

/**
 * The amount of an event. Of a deposit that was told as `ftd` too, what it was more: the larger of
 * both amounts counts once.
 */
const AMOUNT = `case when e.type = 'deposit' and e.key_kind = 'transaction' then greatest(0,
      coalesce(m.amount_minor, e.amount_minor, 0) - coalesce((
        select coalesce(fm.amount_minor, f.amount_minor) from events f
        join event_outcomes fo on fo.operator_id = f.operator_id and fo.event_id = f.id
          and fo.status = 'settled' and fo.affiliate_id is not null
        left join amendments fm on fm.operator_id = f.operator_id and fm.event_id = f.id and fm.in_force
        where f.operator_id = e.operator_id and f.key = e.key and f.type = 'ftd' and f.key_kind = e.key_kind
          and f.currency = e.currency limit 1), 0))
    else coalesce(m.amount_minor, e.amount_minor, 0) end`;

// Outcomes are looked up event by event: while the tables are young, PostgreSQL expects one event
// of the day, and would read all outcomes of the day for each.
const SETTLED = (dayOf: DayOf): string => `
  select o.affiliate_id, ${LINK}, ${dayOf('e.occurred_at')}, e.type,
    coalesce(case when coalesce(m.amount_minor, e.amount_minor) is not null
      then coalesce(m.currency, e.currency) end, ''),
    1, ${AMOUNT}, 0, 0
  from events e cross join lateral (
    select x.operator_id, x.affiliate_id, x.click_id, x.status from event_outcomes x
    where x.operator_id = e.operator_id and x.event_id = e.id limit 1) o
  ${JOIN_AMENDMENT}
  where e.operator_id = $1 and ${received('e.id', 'evt')} and o.status = 'settled' and o.affiliate_id is not null`;

/** A parent's part of a commission has no link: the affiliate below brought the customer. */
const COMMISSION = (dayOf: DayOf): string => `
  select t.affiliate_id, coalesce(f.link_id, ''), ${dayOf('t.occurred_at')}, coalesce(f.type, ''), t.currency, 0, 0,
    case when t.debit_account = 'expense' then t.amount_minor else 0 end,
    case when t.credit_account = 'expense' then t.amount_minor else 0 end
  from transfers t left join lateral (
    select e.type, case when o.affiliate_id = t.affiliate_id then ${LINK} end as link_id
    from events e left join event_outcomes o on o.operator_id = e.operator_id and o.event_id = e.id
    where e.operator_id = t.operator_id and e.id = t.event_id limit 1) f on true
  where t.operator_id = $1 and ${received('t.id', 'trf')} and t.affiliate_id is not null
    and (t.debit_account = 'expense' or t.credit_account = 'expense')`;
