// Deals in immutable versions. The version in force at the time of an event rates the event.
import { linesOf, storedTerms } from '../../domain/commission/component-lines.ts';
import type { WireTerms } from '../../domain/commission/terms.ts';
import { POSITIVE_EVENTS } from '../../domain/types.ts';
import { lookThrough } from '../db/look-through.ts';
import type { Page } from '../db/page.ts';
import type { Pool, Queryable } from '../db/pool.ts';
import { retryWaitingAmendments } from './amendments-in-force.ts';
import { readEarlier } from './component-lines.ts';
import { endDeal, type EndRefusal } from './deal-ends.ts';
import { markRerating } from './reratings.ts';
import { requestRetries, type RetryableReason } from './retry-requests.ts';
import { withoutSettling } from '../db/locks.ts';

export const APPLIES_TO = ['events', 'new_customers'] as const;
/** `new_customers`: only events of customers who were bound from the version's date on. */
export type AppliesTo = (typeof APPLIES_TO)[number];

export type Version = {
  version: number;
  effectiveFrom: Date;
  appliesTo: AppliesTo;
  terms: WireTerms;
  createdAt: Date;
};
/**
 * A deal with its versions, oldest first. `affiliateId` null: the default deal of the operator.
 * `endedAt`: from then on none of its versions is in force; null: it goes on.
 */
export type Deal = {
  id: string;
  name: string;
  affiliateId: string | null;
  endedAt: Date | null;
  createdAt: Date;
  versions: Version[];
};
/**
 * An added version. `isRerating`: the version may rate settled conversions again. `retried`:
 * reasons of set-aside events that may settle now. Both are also marked in the database, so that
 * the sweep starts work that the caller could not.
 */
export type AddedVersion = Version & { isRerating: boolean; retried: RetryableReason[] };
type NewDeal = Pick<Deal, 'id' | 'name' | 'affiliateId'>;

export function createDeals(pool: Pool) {
  return {
    /**
     * Adds a deal with version 1. Without a date the version begins at the epoch when it would
     * surely rate no settled conversion, else now. Throws when the affiliate does not exist: check
     * it first.
     */
    async insert(
      operatorId: string,
      deal: NewDeal,
      effectiveFrom: Date | null,
      terms: WireTerms,
      appliesTo: AppliesTo = 'events',
    ): Promise<AddedVersion> {
      return await withoutSettling(pool, operatorId, async (client) => {
        const from =
          effectiveFrom ??
          ((await mayRateSettled(client, operatorId, deal.affiliateId)) ? new Date() : EPOCH);
        await client.query(
          `insert into deals (operator_id, id, name, affiliate_id) values ($1, $2, $3, $4)`,
          [operatorId, deal.id, deal.name, deal.affiliateId],
        );
        const version = await insertVersion(client, operatorId, deal.id, {
          effectiveFrom: from,
          terms,
          appliesTo,
        });
        return await markFollowUps(client, operatorId, deal.id, version!);
      });
    },

    /**
     * Adds the next version. Returns `date_taken` when a version begins at the same moment,
     * `other_currency` when the deal pays in another currency, `ended` when the deal has ended by
     * then, null for an unknown deal.
     */
    async addVersion(
      operatorId: string,
      dealId: string,
      effectiveFrom: Date,
      terms: WireTerms,
      appliesTo: AppliesTo = 'events',
    ): Promise<AddedVersion | 'date_taken' | 'other_currency' | 'ended' | null> {
      return await withoutSettling(pool, operatorId, async (client) => {
        // Concurrent callers take their version numbers one after the other.
        const deal = await readBasics(client, operatorId, dealId);
        if (deal === null) return null;
        if (deal.currency !== terms.currency) return 'other_currency';
        if (deal.endedAt !== null && deal.endedAt <= effectiveFrom) return 'ended';
        const added = { effectiveFrom, terms, appliesTo };
        const version = await insertVersion(client, operatorId, dealId, added);
        return version ? await markFollowUps(client, operatorId, dealId, version) : 'date_taken';
      });
    },

    /**
     * Ends a deal at a moment, null: now. See `endDeal`. `retried`: as of an added version, since
     * another deal may need no payout or rate.
     */
    end: (
      operatorId: string,
      dealId: string,
      at: Date | null,
    ): Promise<{ deal: Deal; retried: RetryableReason[] } | EndRefusal | null> =>
      withoutSettling(pool, operatorId, async (client) => {
        const deal = await findDeal(client, operatorId, dealId);
        if (deal === null) return null;
        const endedAt = await endDeal(client, operatorId, deal, at);
        if (typeof endedAt === 'string') return endedAt;
        return { deal: { ...deal, endedAt }, retried: await requestHelped(client, operatorId) };
      }),

    find: (operatorId: string, id: string): Promise<Deal | null> => findDeal(pool, operatorId, id),

    async list(operatorId: string, affiliateId: string | null, page: Page): Promise<Deal[]> {
      return await readDeals(pool, operatorId, { id: null, affiliateId, page });
    },
  };
}

/**
 * The first version begins at the epoch by default, so that events reported afterwards are rated
 * too.
 */
const EPOCH = new Date(0);

/**
 * Whether settled conversions may exist that a new deal for this affiliate (null: a default deal)
 * would rate: looks at the newest events, since nothing is settled meanwhile, and takes what lies
 * behind them for such.
 */
async function mayRateSettled(
  db: Queryable,
  operatorId: string,
  affiliateId: string | null,
): Promise<boolean> {
  const ofAffiliate = affiliateId === null ? '$3::text is null' : 'affiliate_id = $3';
  const { ids, reached } = await lookThrough(
    db,
    {
      rows: [
        `select event_id as id, status, deal_id from event_outcomes where operator_id = $1 and ${ofAffiliate}`,
      ],
      chosen: `status = 'settled'
        and ($3 is not null or (select d.affiliate_id from deals d where d.operator_id = $1 and d.id = deal_id) is null)
        and (select e.type = any($2) from events e where e.operator_id = $1 and e.id = r.id)`,
      values: [operatorId, POSITIVE_EVENTS, affiliateId],
    },
    { limit: 1, before: null },
    { lookedAt: LOOKED_AT_UNDER_LOCK },
  );
  return ids.length > 0 || reached !== null;
}

/** In a few milliseconds. */
const LOOKED_AT_UNDER_LOCK = 1000;

/**
 * End of a deal, and its currency, which no version may change, since paid amounts are in it. Null
 * for an unknown deal.
 */
async function readBasics(
  db: Queryable,
  operatorId: string,
  dealId: string,
): Promise<{ currency: string; endedAt: Date | null } | null> {
  const { rows } = await db.query<{ currency: string; endedAt: Date | null }>(
    `select v.terms ->> 'currency' as currency, d.ended_at as "endedAt"
     from deals d join deal_versions v on v.operator_id = $1 and v.deal_id = d.id and v.version = 1
     where d.operator_id = $1 and d.id = $2`,
    [operatorId, dealId],
  );
  return rows[0] ?? null;
}

/**
 * Marks the rerating and the retries that a new version calls for, in the transaction that adds it.
 */
async function markFollowUps(
  db: Queryable,
  operatorId: string,
  dealId: string,
  version: Version,
): Promise<AddedVersion> {
  const isRerating = await markRerating(db, operatorId, { dealId, version: version.version });
  return { ...version, isRerating, retried: await requestHelped(db, operatorId) };
}

/**
 * Requests retries of what waits for a payout or a rate, which the deal in force now may not need.
 * The sweep applies requests and amendments that waited.
 */
async function requestHelped(db: Queryable, operatorId: string): Promise<RetryableReason[]> {
  await retryWaitingAmendments(db, operatorId);
  return await requestRetries(db, operatorId, ['payout_required', 'no_exchange_rate']);
}

async function insertVersion(
  db: Queryable,
  operatorId: string,
  dealId: string,
  { effectiveFrom, terms, appliesTo }: Pick<Version, 'effectiveFrom' | 'terms' | 'appliesTo'>,
): Promise<Version | undefined> {
  const earlier = await readEarlier(db, operatorId, dealId);
  const added = { effectiveFrom: effectiveFrom.getTime() };
  const lines =
    earlier.length === 0 ? null : linesOf({ ...added, terms: storedTerms({ terms, lines: null }) }, earlier);
  const { rows } = await db.query<Version>(
    `insert into deal_versions (operator_id, deal_id, version, effective_from, terms, applies_to, lines)
     select $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, $6
     from deal_versions
     where operator_id = $1 and deal_id = $2
     on conflict (operator_id, deal_id, effective_from) do nothing
     returning version, effective_from as "effectiveFrom", applies_to as "appliesTo", terms,
       created_at as "createdAt"`,
    [operatorId, dealId, effectiveFrom, JSON.stringify(terms), appliesTo, lines],
  );
  return rows[0];
}

async function findDeal(db: Queryable, operatorId: string, id: string): Promise<Deal | null> {
  const page = { limit: 1, before: null };
  const [deal] = await readDeals(db, operatorId, { id, affiliateId: null, page });
  return deal ?? null;
}

type Selection = { id: string | null; affiliateId: string | null; page: Page };
type DealRow = Omit<Deal, 'versions'> & Version;

async function readDeals(
  db: Queryable,
  operatorId: string,
  { id, affiliateId, page }: Selection,
): Promise<Deal[]> {
  const { rows } = await db.query<DealRow & { dealCreatedAt: Date }>(
    `with page as (
       select * from deals
       where operator_id = $1 and ($2::text is null or id = $2)
         and ($3::text is null or affiliate_id = $3) and ($4::text is null or id < $4)
       order by id desc limit $5
     )
     select d.id, d.name, d.affiliate_id as "affiliateId", d.ended_at as "endedAt",
       d.created_at as "dealCreatedAt",
       v.version, v.effective_from as "effectiveFrom", v.applies_to as "appliesTo", v.terms, v.created_at as "createdAt"
     from page d join deal_versions v on v.operator_id = $1 and v.deal_id = d.id
     order by d.id desc, v.version`,
    [operatorId, id, affiliateId, page.before, page.limit],
  );
  const deals = new Map<string, Deal>();
  for (const { version, effectiveFrom, appliesTo, terms, createdAt, dealCreatedAt, ...deal } of rows) {
    const known = deals.get(deal.id) ?? { ...deal, createdAt: dealCreatedAt, versions: [] };
    known.versions.push({ version, effectiveFrom, appliesTo, terms, createdAt });
    deals.set(deal.id, known);
  }
  return [...deals.values()];
}
