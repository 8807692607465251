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
const NEWEST_REVERSALS = 200;
/** Of each customer whom a reversal names. */
const NEWEST_CONVERSIONS = 50;
/** Time that the browser of a visitor gets to report its arrival. */
const ARRIVAL_GRACE_SECONDS = 60;

/** Newest events of the operator `$1`. */
const LATEST = `latest as materialized (
  select id, type, click_id, subject, reference, amount_minor, received_at
  from events
  where operator_id = $1
  order by id desc limit ${NEWEST_EVENTS})`;

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
      const [clicks, expected, types, registrations, weeks, revenue, broadReversals, signed, refused] =
        await Promise.all([
          readRow<IntegrationStats['clicks']>(CLICKS, operatorId),
          db.query<{ type: EventType }>(EXPECTED_TYPES, [operatorId]),
          db.query<{ type: EventType; lastAt: Date }>(NEWEST_BY_TYPE, [operatorId]),
          readRow<{ lastAt: Date | null }>(REGISTRATION_WITH_CLICK, operatorId),
          readRow<{ thisWeek: number; thisWeekWithout: number; lastWeek: number; lastWeekWithout: number }>(
            REGISTRATIONS_BY_WEEK,
            operatorId,
          ),
          readRow<IntegrationStats['revenue']>(REVENUE_WITHOUT_FTD, operatorId),
          readRow<IntegrationStats['broadReversals']>(BROAD_REVERSALS, operatorId),
          readRow<IntegrationStats['signed']>(SIGNED_REQUESTS, operatorId),
          refusals.totals(operatorId, lastDay),
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
        broadReversals,
        signed,
        refused,
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
    from clicks where operator_id = $1 order by id desc limit ${NEWEST_CLICKS}) c
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
    order by id desc limit ${NEWEST_EVENTS}) e
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
        and type in ${sqlList(POSITIVE_EVENTS)} order by occurred_at desc limit ${NEWEST_CONVERSIONS}) x
    where exists (select from slot_facts f
      where f.operator_id = $1 and f.original_event_id = x.id and f.event_id = r.id)) > 1`;
