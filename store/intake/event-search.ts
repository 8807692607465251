// Finds the events of a list by its filter, along the index that leads to the fewest.
import { BULK_EVENTS, type EventStatus, type EventType } from '../../domain/types.ts';
import { lookThrough, type Looked } from '../db/look-through.ts';
import type { Page } from '../db/page.ts';
import { allOf, parametersOf, type Parameter } from '../db/parameters.ts';
import type { Queryable } from '../db/pool.ts';

/**
 * Filters of a list; null means any. `from` (inclusive) and `to` (exclusive) bound `occurred_at`.
 */
export type EventFilter = {
  transactionId: string | null;
  /** The click that the event names itself. */
  clickId: string | null;
  /** To whom the event is attributed. */
  affiliateId: string | null;
  customerId: string | null;
  status: EventStatus | null;
  type: EventType | null;
  from: Date | null;
  to: Date | null;
};

/** The ids of a page of events, newest first. */
export function searchEvents(
  db: Queryable,
  operatorId: string,
  filter: EventFilter,
  page: Page,
): Promise<Looked> {
  const { values, parameter } = parametersOf(operatorId);
  const ofEvent = eventConditions(filter, parameter);
  const ofOutcome = outcomeConditions(filter, parameter);
  const { rows, event } = wayTo(filter, ofEvent, parameter);
  return lookThrough(db, { rows, chosen: allOf([...event, ...ofOutcome]), values }, page);
}

/** Conditions on an event, by its alias. */
type EventCondition = (event: string) => string;

function eventConditions(filter: EventFilter, parameter: Parameter): EventCondition[] {
  const { customerId, type, from, to, transactionId, clickId } = filter;
  const conditions: EventCondition[] = [];
  const add = (value: unknown, condition: (event: string, place: string) => string): void => {
    if (value === null) return;
    const place = parameter(value);
    conditions.push((event) => condition(event, place));
  };
  add(transactionId, (e, $) => `${e}.key = ${$} and ${e}.key_kind = 'transaction'`);
  add(
    clickId,
    (e, $) => `${e}.click_id = ${$} and hashtextextended(${e}.click_id, 0) = hashtextextended(${$}, 0)`,
  );
  add(customerId, (e, $) => `${e}.subject = 'customer ' || ${$}::text`);
  add(type, (e, $) => `${e}.type = ${$}`);
  add(from, (e, $) => `${e}.occurred_at >= ${$}`);
  add(to, (e, $) => `${e}.occurred_at < ${$}`);
  return conditions;
}

function outcomeConditions({ status, affiliateId }: EventFilter, parameter: Parameter): string[] {
  const outcome = (column: string): string =>
    `(select ${column} from event_outcomes o where o.operator_id = $1 and o.event_id = r.id)`;
  return [
    ...(status === null ? [] : [`coalesce(${outcome('o.status')}, 'accepted') = ${parameter(status)}`]),
    ...(affiliateId === null
      ? []
      : [outcome(`o.affiliate_id = ${parameter(affiliateId)} and o.status <> 'orphaned'`)]),
  ];
}

const COLUMNS = 'key, key_kind, click_id, subject, type, occurred_at';
const EVENTS = `select id, ${COLUMNS} from events e where e.operator_id = $1`;
/** Statuses with an index, since few events are in them. */
const RARE_STATUSES: ReadonlySet<EventStatus | null> = new Set([
  'orphaned',
  'rejected',
  'set_aside',
  'voided',
]);

/** What to look through, and conditions on an event that its rows `r` do not all meet. */
type Way = { rows: string[]; event: string[] };

function wayTo(filter: EventFilter, ofEvent: readonly EventCondition[], parameter: Parameter): Way {
  const { customerId, transactionId, clickId, status, affiliateId, type, from, to } = filter;
  const all = (event: string): string => allOf(ofEvent.map((condition) => condition(event)));
  if ((customerId ?? transactionId ?? clickId) !== null)
    return { rows: [`select id from events e where operator_id = $1 and ${all('e')}`], event: [] };
  const since = from && `id_bound('evt', ${parameter(from)}::timestamptz - interval '2 days')`;
  const until = to && `id_bound('evt', ${parameter(to)}::timestamptz + interval '3 days')`;
  const inTime = (id: string): string =>
    (since ? ` and ${id} >= ${since}` : '') + (until ? ` and ${id} < ${until}` : '');
  const outcomes = `select event_id as id from event_outcomes where operator_id = $1${inTime('event_id')}`;
  const late = (columns: string): string[] => (until ? [`${columns} and ${LATE} and id >= ${until}`] : []);
  if (RARE_STATUSES.has(status) || affiliateId !== null) {
    const condition = RARE_STATUSES.has(status)
      ? `status = ${parameter(status)}`
      : `affiliate_id = ${parameter(affiliateId)}`;
    const lateOnes = late('select id from events where operator_id = $1');
    const event = `(select ${all('e')} from events e where e.operator_id = $1 and e.id = r.id)`;
    return {
      rows: [`${outcomes} and ${condition}`, ...lateOnes],
      event: ofEvent.length === 0 ? [] : [event],
    };
  }
  // The others are most of all events, and have no index.
  const ofType = type !== null && !BULK_EVENTS.includes(type) ? ` and type = ${parameter(type)}` : '';
  const rows = (select: string): string => `${select}${inTime('id')}${ofType}`;
  const ways =
    status === 'accepted'
      ? [`${rows(EVENTS)} and ${UNSETTLED}`, `${rows(NOTED)} and not ${UNSETTLED}`]
      : [rows(EVENTS)];
  return { rows: [...ways, ...late(EVENTS)], event: [all('r')] };
}

/**
 * Ids begin with the time of receipt, and no event happens more than a day after its receipt. So
 * events of a time were received since then; and until soon after it, unless they were late.
 */
const LATE = `received_at - occurred_at > interval '2 days'`;
/**
 * The sweep found every event before its mark settled, or noted it; see store/upkeep/sweep.ts. The
 * others are looked up by the notes: the planner might read all events and look for notes of each.
 */
const UNSETTLED = `id >= id_bound('evt', coalesce(
  (select through from sweep_marks where name = 'events'), 'epoch') - interval '1 hour')`;
const NOTED = `select * from (
  select u.event_id as id, ${COLUMNS} from unsettled_events u cross join lateral (
    select ${COLUMNS} from events e where e.operator_id = u.operator_id and e.id = u.event_id offset 0) e
  where u.operator_id = $1) noted where true`;
