// Checks of the audit about limits, asked from the terms and the booked amounts: one bounty per
// customer, and caps of a deal's month over its versions.
import { OF_COMPONENT_MONTHS, OF_SINGLES, PER_CUSTOMER } from '../ledger/slot-kinds.ts';
import { inChunks, type Audited, type Comparison, type Deals, type Finding } from './context.ts';
import { boundByClicks } from './owners.ts';
import { WAITING } from './waiting-changes.ts';

const POSTED = `(select gross_minor - void_minor - clawed_minor - debt_minor as posted)`;

type Paid = { id: string; dealId: string; component: string; currency: string; posted: string };
type Customer = { affiliateId: string; customer: string; paid: Paid[] };

/**
 * Customers with several paid slots of one affiliate. The key of a slot ends with `customer` and
 * its id, or with `click` and its id where no customer was known; nothing before that has a blank.
 */
const PAID_OFTEN = `
  with paid as materialized (
    select id, affiliate_id, deal_id, component, currency, posted,
      case when customer_at > 0 then substr(key, customer_at + 1) else key end as customer,
      case when customer_at = 0 then substr(key, position('/click ' in key) + 7) end as click_id
    from (
      select s.*, posted, position('/customer ' in s.key) as customer_at
      from slots s cross join lateral ${POSTED} as p
      where s.operator_id = $1 and s.kind in ${PER_CUSTOMER} and posted > 0 offset 0
    ) as s
  ), ${boundByClicks('select click_id from paid where click_id is not null')}, claims as not materialized (
    select p.id, p.affiliate_id, p.deal_id, p.component, p.currency, p.posted,
      coalesce('customer ' || k.customer_id, p.customer) as customer
    from paid p left join bound k on k.click_id = p.click_id
  ), often as (
    select affiliate_id, customer from claims group by 1, 2 having count(*) > 1
  ), together as (
    select c.affiliate_id, c.customer, json_agg(json_build_object('id', c.id, 'dealId', c.deal_id,
      'component', c.component, 'currency', c.currency, 'posted', c.posted::text)) as paid
    from often o join claims c on c.affiliate_id = o.affiliate_id and c.customer = o.customer
    group by 1, 2
  )
  select affiliate_id as "affiliateId", customer, paid from together
  where not exists (
    select from json_to_recordset(paid) as s (id text)
    join slot_facts f on f.operator_id = $1 and f.slot_id = s.id
    join ${WAITING} as w on w.event_id = f.original_event_id)`;

/** Bounties for events that overlap, paid for one customer, which no version offers together. */
export async function* bountiesPaidTwice(audited: Audited): AsyncGenerator<Finding> {
  const { operatorId, deals } = audited;
  for await (const rows of inChunks<Customer>(audited, PAID_OFTEN, [operatorId])) {
    for (const { affiliateId, customer, paid } of rows) {
      for (const [index, one] of paid.entries()) {
        const other = paid.slice(0, index).find((before) => excludeEachOther(deals, one, before));
        if (other === undefined) continue;
        yield {
          check: 'bounty_is_paid_once',
          about: one.id,
          currency: one.currency,
          minor: BigInt(one.posted),
          detail: `pays ${affiliateId} for ${customer}, as ${other.id} does`,
        };
      }
    }
  }
}

function excludeEachOther(deals: Deals, a: Paid, b: Paid): boolean {
  const triggers = eventsOf(deals, b);
  if (!eventsOf(deals, a).some((type) => triggers.includes(type))) return false;
  if (a.dealId !== b.dealId || a.component === b.component) return true;
  return !deals.all.some(
    ({ dealId, terms }) =>
      dealId === a.dealId &&
      [a, b].every(({ component }) => terms.components.some(({ label }) => label === component)),
  );
}

function eventsOf(deals: Deals, { dealId, component }: Paid): readonly string[] {
  return deals.all
    .filter((version) => version.dealId === dealId)
    .flatMap(({ terms }) => terms.components.filter(({ label }) => label === component))
    .flatMap(({ on }) => on);
}

/**
 * What a month of a deal paid over its versions, against the highest of their caps. A version
 * without a cap leaves the month without one.
 */
const CAPS = `
  with capped as (
    select * from json_to_recordset($2)
      as c (deal_id text, version int, component text, line text, paid int, minor bigint)
  ), months as (
    select s.deal_id, s.affiliate_id, c.line as component, s.period, s.currency, min(s.id) as id,
      sum(posted) as posted, count(*) filter (where posted > 0 and s.kind in ${OF_SINGLES}) as paid,
      case when bool_and(c.minor is not null) then max(c.minor) end as cap_minor,
      case when bool_and(c.paid is not null) then max(c.paid) end as cap_paid
    from slots s cross join lateral ${POSTED} as p
    join capped c on c.deal_id = s.deal_id and c.version = s.deal_version and c.component = s.component
    where s.operator_id = $1 and s.period is not null and posted <> 0
      and (s.kind in ${OF_COMPONENT_MONTHS} or s.kind in ${OF_SINGLES})
    group by 1, 2, 3, 4, 5
  )
  select id as about, currency, greatest(posted - cap_minor, 0) as minor,
    format('%s of %s pays %s in %s slots for %s, at most %s in %s', component, deal_id, posted, paid, period,
      cap_minor, cap_paid) as detail
  from months where posted > cap_minor or paid > cap_paid`;

/** Components of lines that some version caps, with their caps, by version. */
function capsOf(deals: Deals): object[] {
  const capped = new Set(
    deals.all.flatMap(({ dealId, terms }) =>
      terms.components.flatMap(({ line, cap }) => (cap === null ? [] : [`${dealId} ${line}`])),
    ),
  );
  return deals.all.flatMap(({ dealId, version, terms }) =>
    terms.components
      .filter(({ line }) => capped.has(`${dealId} ${line}`))
      .map(({ label, line, cap }) => {
        const minor = cap?.amountMinor == null ? null : String(cap.amountMinor);
        return { deal_id: dealId, version, component: label, line, paid: cap?.count ?? null, minor };
      }),
  );
}

export const LIMIT_COMPARISONS: readonly Comparison[] = [
  { check: 'cap_holds_over_versions', statement: CAPS, terms: capsOf },
];
