// Reads statistics of an operator's integration. Every statement reads a bounded number of the
// newest rows, so it is as fast for a billion events as for ten.
import { NEGATIVE_EVENTS, POSITIVE_EVENTS, type EventType } from '../../domain/types.ts';
import { DAY_MS } from '../../domain/units.ts';
import type { IntegrationStats } from '../../domain/setup/onboarding.ts';
import type { Pool } from '../db/pool.ts';
import { sqlList } from '../db/sql-list.ts';
import { createRefusals } from '../intake/refusals.ts';

const NEWEST_EVENTS = 10_000;
const NEWEST_CLICKS = 1000;
const NEWEST_REGISTRATIONS = 100;
const NEWEST_CUSTOMERS = 200;
const NEWEST_FIRST_DEPOSITS = 1000;
const NEWEST_REFUSALS = 10_000;
/** Days back to which placeholders are counted. */
const PLACEHOLDER_DAYS = 7;
const NEWEST_ORPHANS = 10_000;
const NEWEST_REVERSALS = 200;
/** Of each customer whom a reversal names. */
const NEWEST_CONVERSIONS = 50;
/** Time that the browser of a visitor gets to report its arrival. */
const ARRIVAL_GRACE_SECONDS = 60;

/** Newest events of the operator `$1`. For the form of its LIMIT see store/db/look-through.ts. */
const LATEST = `latest as materialized (
  select id, type, transaction_id, click_id, subject, reference, amount_minor, received_at
  from events
  where operator_id = $1
  order by id desc limit (select ${NEWEST_EVENTS}))`;

export function createOnboarding(db: Pool) {
  const refusals = createRefusals(db);

  async function readRow<Row extends object>(statement: string, operatorId: string): Promise<Row> {
    const { rows } = await db.query<Row>(statement, [operatorId]);
    return rows[0]!;
  }

  return {
    /** Reads the statistics that `domain/setup/onboarding.ts` checks. */
    async read(operatorId: string): Promise<IntegrationStats> {
      const now = Date.now();
      const lastDay = { from: new Date(now - DAY_MS), to: new Date(now), reason: null, address: null };
      const [
        clicks,
        expected,
        types,
        registrations,
        weeks,
        revenue,
        beforeClick,
        broadReversals,
        signed,
        refused,
        placeholders,
        twice,
        deposits,
      ] = await Promise.all([
        readRow<IntegrationStats['clicks']>(CLICKS, operatorId),
        db.query<{ type: EventType }>(EXPECTED_TYPES, [operatorId]),
        db.query<{ type: EventType; lastAt: Date }>(NEWEST_BY_TYPE, [operatorId]),
        readRow<{ lastAt: Date | null }>(REGISTRATION_WITH_CLICK, operatorId),
        readRow<{ thisWeek: number; thisWeekWithout: number; lastWeek: number; lastWeekWithout: number }>(
          REGISTRATIONS_BY_WEEK,
          operatorId,
        ),
        readRow<IntegrationStats['revenue']>(REVENUE_WITHOUT_FTD, operatorId),
        readRow<IntegrationStats['beforeClick']>(EVENTS_BEFORE_CLICKS, operatorId),
        readRow<IntegrationStats['broadReversals']>(BROAD_REVERSALS, operatorId),
        readRow<IntegrationStats['signed']>(SIGNED_REQUESTS, operatorId),
        refusals.totals(operatorId, lastDay),
        db.query<{ field: string; count: number }>(PLACEHOLDERS, [operatorId]),
        readRow<IntegrationStats['deposits']['twice']>(SENT_TWICE, operatorId),
        readRow<{ count: number; withoutAmount: number; examples: string[] }>(DEPOSITS, operatorId),
      ]);
      return {
        clicks,
        expectedTypes: expected.rows.map(({ type }) => type),
        seenTypes: new Map(types.rows.map(({ type, lastAt }) => [type, lastAt])),
        registrationWithClickAt: registrations.lastAt,
        registrations: {
          thisWeek: { all: weeks.thisWeek, withoutClick: weeks.thisWeekWithout },
          lastWeek: { all: weeks.lastWeek, withoutClick: weeks.lastWeekWithout },
        },
        revenue,
        beforeClick,
        broadReversals,
        signed,
        refused,
        placeholders: { days: PLACEHOLDER_DAYS, byField: placeholders.rows },
        deposits: {
          count: deposits.count,
          twice,
          withoutAmount: { count: deposits.withoutAmount, examples: deposits.examples },
        },
      };
    },
  };
}

/**
 * Clicks on links, and clicks whose arrival the capture script reported. `lastAt` covers clicks of
 * programs too, since a test click may come from one.
 */
const CLICKS = `
  select max(clicked_at) as "lastAt", max(seen_at) as "lastSeenAt",
    count(*) filter (where is_due)::int as due,
    count(seen_at) filter (where is_due)::int as "dueAndSeen"
  from (select link_id, clicked_at, seen_at,
      not is_bot and received_at < now() - make_interval(secs => ${ARRIVAL_GRACE_SECONDS}) as is_due
    from clicks where operator_id = $1 order by id desc limit (select ${NEWEST_CLICKS})) c
  where link_id is not null`;

const SIGNED_REQUESTS = `
  select last_signed_at as "lastAt", require_signature as "isRequired",
    exists (select from inbound_secrets
      where operator_id = $1 and (valid_until is null or valid_until > now())) as "hasSecret"
  from operators where id = $1`;

/** Event types that any version of the operator's deals pays for. */
const EXPECTED_TYPES = `
  select distinct type from deal_versions v
  cross join jsonb_array_elements(v.terms->'components') c
  cross join jsonb_array_elements_text(
    case jsonb_typeof(c->'on') when 'array' then c->'on' else jsonb_build_array(c->'on') end) as type
  where v.operator_id = $1 order by type`;

const NEWEST_BY_TYPE = `with ${LATEST} select type, max(received_at) as "lastAt" from latest group by type`;

const REGISTRATION_WITH_CLICK = `
  with ${LATEST}
  select max(r.received_at) as "lastAt"
  from (
    select click_id, received_at from latest
    where type = 'registration' and click_id is not null
    limit ${NEWEST_REGISTRATIONS}) r
  join clicks c on c.operator_id = $1 and c.id = r.click_id`;

/** Registrations of this week and of the week before. */
const REGISTRATIONS_BY_WEEK = `
  select count(*) filter (where n = 0)::int as "thisWeek",
    count(*) filter (where n = 0 and click_id is null)::int as "thisWeekWithout",
    count(*) filter (where n = 1)::int as "lastWeek",
    count(*) filter (where n = 1 and click_id is null)::int as "lastWeekWithout"
  from generate_series(0, 1) n
  cross join lateral (select type, click_id from events
    where operator_id = $1 and id >= id_bound('evt', now() - make_interval(days => 7 * n + 7))
      and id < id_bound('evt', now() - make_interval(days => 7 * n))
    order by id desc limit (select ${NEWEST_EVENTS})) e
  where e.type = 'registration'`;

const REVENUE_WITHOUT_FTD = `
  with ${LATEST}
  select count(*)::int as customers, count(*) filter (where not has_ftd)::int as "withoutFtd",
    coalesce((array_agg(customer order by customer) filter (where not has_ftd))[1:5], '{}') as examples
  from (select substr(subject, length('customer ') + 1) as customer,
      exists (select from events f
        where f.operator_id = $1 and f.subject = r.subject and f.type = 'ftd') as has_ftd
    from (
      select distinct subject from latest
      where type = 'revenue' and subject like 'customer %'
      limit ${NEWEST_CUSTOMERS}) r) c`;

/** Of the samples of refusals, which are some of each minute. */
const PLACEHOLDERS = `
  select field, count(*)::int as count
  from (
    select issue_path as field, issue_code from refusals
    where operator_id = $1 and id >= id_bound('rfs', now() - make_interval(days => ${PLACEHOLDER_DAYS}))
    order by id desc limit (select ${NEWEST_REFUSALS})) r
  where issue_code = 'placeholder' and field is not null
  group by field order by count desc, field`;

const SENT_TWICE = `
  with ${LATEST}
  select count(*)::int as count,
    coalesce((array_agg(f.transaction_id order by f.id desc))[1:5], '{}') as examples
  from (
    select id, transaction_id, subject from latest
    where type = 'ftd' and transaction_id is not null
    limit ${NEWEST_FIRST_DEPOSITS}) f
  -- By its key: the planner would read all events of a busy customer.
  cross join lateral (
    select key_kind, subject from events
    where operator_id = $1 and key = f.transaction_id and type = 'deposit' offset 0) d
  where d.key_kind = 'transaction' and d.subject = f.subject`;

/** An amendment may have given an amount since. */
const DEPOSITS = `
  with ${LATEST}
  select count(*)::int as count, count(*) filter (where lacks_amount)::int as "withoutAmount",
    coalesce((array_agg(id order by id desc) filter (where lacks_amount))[1:5], '{}') as examples
  from (
    select id, amount_minor is null and not exists (select from amendments a
        where a.operator_id = $1 and a.event_id = l.id and a.amount_minor is not null) as lacks_amount
    from latest l where type in ('ftd', 'deposit')) d`;

/** Orphans of an event that occurred before its click or binding. */
const EVENTS_BEFORE_CLICKS = `
  select count(*)::int as count,
    coalesce((array_agg(event_id order by event_id desc))[1:5], '{}') as examples
  from (select event_id, reason from event_outcomes
    where operator_id = $1 and status = 'orphaned'
    order by event_id desc limit (select ${NEWEST_ORPHANS})) o
  where reason = 'before_click'`;
/** Newest reversals by customer alone that took back several of its newest conversions. */
const BROAD_REVERSALS = `
  with ${LATEST}
  select count(*)::int as count, coalesce((array_agg(id order by id desc))[1:5], '{}') as examples
  from (
    select id, subject from latest
    where reference is null and amount_minor is null and type in ${sqlList(NEGATIVE_EVENTS)}
    limit ${NEWEST_REVERSALS}) r
  join event_outcomes o on o.operator_id = $1 and o.event_id = r.id and o.status = 'settled'
  where (select count(*) from (
      select id from events where operator_id = $1 and subject = r.subject
        and type in ${sqlList(POSITIVE_EVENTS)} order by occurred_at desc limit (select ${NEWEST_CONVERSIONS})) x
    where exists (select from slot_facts f
      where f.operator_id = $1 and f.original_event_id = x.id and f.event_id = r.id)) > 1`;
