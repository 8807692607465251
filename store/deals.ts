// Deals: what was agreed, in versions that never change. An event is rated by the version in force when it happened.
import type { WireTerms } from '../domain/terms.ts';
import type { Page } from './page.ts';
import { withTransaction, type Pool, type Queryable } from './pool.ts';

export type Version = { version: number; effectiveFrom: Date; terms: WireTerms; createdAt: Date };
/** Versions are in order, the newest last. No affiliate: the operator's default. */
export type Deal = { id: string; name: string; affiliateId: string | null; createdAt: Date; versions: Version[] };
export type NewDeal = Pick<Deal, 'id' | 'name' | 'affiliateId'>;

export type Deals = ReturnType<typeof createDeals>;

export function createDeals(pool: Pool) {
  return {
    /** Adds a deal with its version 1. Throws where the affiliate does not exist: ask first. */
    async insert(operatorId: string, deal: NewDeal, effectiveFrom: Date, terms: WireTerms): Promise<Version> {
      return await withTransaction(pool, async (client) => {
        await client.query(`insert into deals (operator_id, id, name, affiliate_id) values ($1, $2, $3, $4)`, [
          operatorId,
          deal.id,
          deal.name,
          deal.affiliateId,
        ]);
        return (await insertVersion(client, operatorId, deal.id, effectiveFrom, terms))!;
      });
    },

    /** Adds the next version. `date_taken` when a version begins at this very moment already; null when there is no such deal. */
    async addVersion(
      operatorId: string,
      dealId: string,
      effectiveFrom: Date,
      terms: WireTerms,
    ): Promise<Version | 'date_taken' | null> {
      return await withTransaction(pool, async (client) => {
        // Two callers at once take their numbers one after the other.
        const { rowCount } = await client.query(`select from deals where operator_id = $1 and id = $2 for update`, [
          operatorId,
          dealId,
        ]);
        if (rowCount === 0) return null;
        return (await insertVersion(client, operatorId, dealId, effectiveFrom, terms)) ?? 'date_taken';
      });
    },

    async find(operatorId: string, id: string): Promise<Deal | null> {
      const [deal] = await readDeals(pool, operatorId, { id, affiliateId: null, page: { limit: 1, before: null } });
      return deal ?? null;
    },

    async list(operatorId: string, affiliateId: string | null, page: Page): Promise<Deal[]> {
      return await readDeals(pool, operatorId, { id: null, affiliateId, page });
    },
  };
}

async function insertVersion(
  db: Queryable,
  operatorId: string,
  dealId: string,
  from: Date,
  terms: WireTerms,
): Promise<Version | undefined> {
  const { rows } = await db.query<Version>(
    `insert into deal_versions (operator_id, deal_id, version, effective_from, terms)
     select $1, $2, coalesce(max(version), 0) + 1, $3, $4 from deal_versions where operator_id = $1 and deal_id = $2
     on conflict (operator_id, deal_id, effective_from) do nothing
     returning version, effective_from as "effectiveFrom", terms, created_at as "createdAt"`,
    [operatorId, dealId, from, JSON.stringify(terms)],
  );
  return rows[0];
}

type Selection = { id: string | null; affiliateId: string | null; page: Page };
type DealRow = Omit<Deal, 'versions'> & Version;

async function readDeals(db: Queryable, operatorId: string, { id, affiliateId, page }: Selection): Promise<Deal[]> {
  const { rows } = await db.query<DealRow & { dealCreatedAt: Date }>(
    `with page as (
       select * from deals
       where operator_id = $1 and ($2::text is null or id = $2) and ($3::text is null or affiliate_id = $3) and ($4::text is null or id < $4)
       order by id desc limit $5
     )
     select d.id, d.name, d.affiliate_id as "affiliateId", d.created_at as "dealCreatedAt",
       v.version, v.effective_from as "effectiveFrom", v.terms, v.created_at as "createdAt"
     from page d join deal_versions v on v.operator_id = $1 and v.deal_id = d.id
     order by d.id desc, v.version`,
    [operatorId, id, affiliateId, page.before, page.limit],
  );
  const deals = new Map<string, Deal>();
  for (const { version, effectiveFrom, terms, createdAt, dealCreatedAt, ...deal } of rows) {
    const known = deals.get(deal.id) ?? { ...deal, createdAt: dealCreatedAt, versions: [] };
    known.versions.push({ version, effectiveFrom, terms, createdAt });
    deals.set(deal.id, known);
  }
  return [...deals.values()];
}
