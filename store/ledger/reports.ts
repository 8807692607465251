// Reads reports: counts and sums of what was counted, by affiliate, link, day or type of event.
import { NEGATIVE_EVENTS, REINSTATING_EVENT } from '../../domain/types.ts';
import { LOOKED_AT, type LookedPage } from '../db/look-through.ts';
import { sqlList } from '../db/sql-list.ts';
import type { Page } from '../db/page.ts';
import type { Queryable } from '../db/pool.ts';

export const REPORT_GROUPS = ['day', 'type', 'affiliate', 'link'] as const;
export type ReportGroup = (typeof REPORT_GROUPS)[number];

/** What is reported; days are of the operator's calendar, both included. Null: no filter. */
export type ReportFilter = {
  from: string;
  to: string;
  affiliateId: string | null;
  linkId: string | null;
  type: string | null;
};

/** Sums in one currency, in minor units. `commission` is what was earned less `reversed`. */
type ReportMoney = { currency: string; amountMinor: bigint; commissionMinor: bigint; reversedMinor: bigint };

/** `id`: the day, type, affiliate or link. `name`: of the affiliate. */
export type ReportRow = {
  id: string;
  affiliateId: string | null;
  name: string | null;
  clicks: number;
  conversions: number;
  ftds: number;
  reversals: number;
  money: ReportMoney[];
};

/** Greater than every id, day and type. */
const AFTER_ALL = '~';

export function createReports(db: Queryable) {
  return {
    /** When the operator's figures were counted last; null: not yet. */
    async countedThrough(operatorId: string): Promise<Date | null> {
      const { rows } = await db.query<{ at: Date }>(
        `select counted_through as at from report_progress where operator_id = $1`,
        [operatorId],
      );
      return rows[0]?.at ?? null;
    },

    /** Days and affiliates: the latest first. Groups without any figure are left out. */
    async list(
      operatorId: string,
      group: ReportGroup,
      filter: ReportFilter,
      { limit, before }: Page,
    ): Promise<LookedPage<ReportRow>> {
      const { from, to, linkId, type } = filter;
      const affiliateId = filter.affiliateId ?? (await affiliateOf(db, operatorId, linkId));
      const after = before ?? AFTER_ALL;
      const { rows: stored } = await db.query<StoredRow>(REPORTS[group], [
        operatorId,
        from,
        to,
        affiliateId,
        linkId,
        type,
        after,
        limit,
      ]);
      const rows = stored.map(rowOf);
      if (group === 'day' || group === 'type' || rows.length >= limit) return { rows, reached: null };
      const { rows: last } = await db.query<{ id: string }>(
        `select id from (${THINGS[group]('$2', '$3')}) k offset ${LOOKED_AT - 1}`,
        [operatorId, after, affiliateId],
      );
      return { rows, reached: last[0]?.id ?? null };
    },
  };
}

/** The affiliate of a link, under whom alone its rows are; of an unknown link, nobody's id. */
async function affiliateOf(db: Queryable, operatorId: string, linkId: string | null): Promise<string | null> {
  if (linkId === null) return null;
  const { rows } = await db.query<{ id: string }>(
    `select affiliate_id as id from links where operator_id = $1 and id = $2`,
    [operatorId, linkId],
  );
  return rows[0]?.id ?? '';
}

type StoredRow = Omit<ReportRow, 'money'> & {
  money: { currency: string; amount: string; earned: string; reversed: string }[] | null;
};

function rowOf({ money, ...row }: StoredRow): ReportRow {
  return {
    ...row,
    money: (money ?? []).map(({ currency, amount, earned, reversed }) => ({
      currency,
      amountMinor: BigInt(amount),
      commissionMinor: BigInt(earned) - BigInt(reversed),
      reversedMinor: BigInt(reversed),
    })),
  };
}

/** Types of events that are no conversions, and the other rows that are none. */
const REVERSALS = sqlList(NEGATIVE_EVENTS);
const NO_CONVERSION = sqlList([...NEGATIVE_EVENTS, REINSTATING_EVENT, 'click', '']);

const FIGURES = `
  coalesce(sum(r.count) filter (where r.type = 'click'), 0)::int as clicks,
  coalesce(sum(r.count) filter (where r.type not in ${NO_CONVERSION}), 0)::int as conversions,
  coalesce(sum(r.count) filter (where r.type = 'ftd'), 0)::int as ftds,
  coalesce(sum(r.count) filter (where r.type in ${REVERSALS}), 0)::int as reversals`;

/** The sums of chosen rows by currency, as JSON; texts, since a sum may exceed a JSON number. */
const moneyOf = (chosen: string): string => `(
  select json_agg(json_build_object('currency', currency, 'amount', amount::text, 'earned', earned::text,
    'reversed', reversed::text) order by currency)
  from (
    select r.currency, coalesce(sum(r.amount_minor) filter (where r.type not in ${NO_CONVERSION}), 0) as amount,
      sum(r.earned_minor) as earned, sum(r.reversed_minor) as reversed
    from ${chosen} and r.currency <> '' group by r.currency) c) as money`;

const CHOSEN = `r.operator_id = $1 and r.day between $2::date and $3::date and ($5::text is null or r.link_id = $5)
  and ($6::text is null or r.type = $6)`;

/** By a column: of one affiliate, or of the rows of all together. */
const byColumn = (key: string): string => `
  with r as materialized (
    select ${key} as key, r.* from report_days r
    where ${CHOSEN} and r.affiliate_id = coalesce($4, ''))
  select k.id, null as "affiliateId", null as name, k.clicks, k.conversions, k.ftds, k.reversals,
    ${moneyOf('r where r.key = k.id')}
  from (select key as id, ${FIGURES} from r where key < $7 group by key order by key desc limit $8) k
  order by k.id desc`;

/** Affiliates and links, a bounded number of them. */
const THINGS = {
  affiliate: (before: string, affiliateId: string): string =>
    `select id, id as affiliate_id, name from affiliates
     where operator_id = $1 and id < ${before} and (${affiliateId}::text is null or id = ${affiliateId})
     order by id desc limit ${LOOKED_AT}`,
  link: (before: string, affiliateId: string): string =>
    `select id, affiliate_id, null as name from links
     where operator_id = $1 and id < ${before} and (${affiliateId}::text is null or affiliate_id = ${affiliateId})
     order by id desc limit ${LOOKED_AT}`,
};

/** Each thing is looked up by itself: a join would read the rows of all that the page omits. */
const byThing = (things: string, isOfThing: string): string => {
  const chosen = `report_days r where ${CHOSEN} and r.affiliate_id = k.affiliate_id and ${isOfThing}`;
  return `
  select k.id, k.affiliate_id as "affiliateId", k.name, f.*, ${moneyOf(chosen)}
  from (select k.* from (${things}) k cross join lateral (select from ${chosen} limit 1) any_figure
    order by k.id desc limit $8) k
  cross join lateral (select ${FIGURES} from ${chosen}) f
  order by k.id desc`;
};

const REPORTS: Readonly<Record<ReportGroup, string>> = {
  day: byColumn('r.day::text'),
  // Clicks and commission that no event caused have no type.
  type: byColumn(`case r.type when 'click' then '' else r.type end`),
  affiliate: byThing(THINGS.affiliate('$7', '$4'), 'true'),
  // A filter, no condition of the index: PostgreSQL would take that for a search for each day, and
  // read all rows of the operator in place of it.
  link: byThing(THINGS.link('$7', '$4'), '(r.link_id = k.id) is true'),
};
