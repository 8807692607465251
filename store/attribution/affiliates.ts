// Affiliates: their names, their states, and who stands above them now.
import type { Page } from '../db/page.ts';
import { withoutSettling } from '../db/locks.ts';
import { withTransaction, type Pool, type PoolClient, type Queryable } from '../db/pool.ts';
import { checkParentChange, insertParent, type ParentChange } from './parents.ts';

/** `suspended` earns and is not paid; `closed` is attributed nothing that occurs from then on. */
export const AFFILIATE_STATES = ['active', 'suspended', 'closed'] as const;
export type AffiliateState = (typeof AFFILIATE_STATES)[number];

/** `parentId` is the parent of now, `parentSince` null: from the beginning. */
export type Affiliate = {
  id: string;
  name: string;
  externalId: string | null;
  email: string | null;
  taxId: string | null;
  country: string | null;
  state: AffiliateState;
  closedAt: Date | null;
  parentId: string | null;
  parentSince: Date | null;
  hasPaymentDetails: boolean;
  createdAt: Date;
};
/** What the operator keeps of it to write to it and to invoice. */
type Contact = 'email' | 'taxId' | 'country';
type NewAffiliate = Pick<Affiliate, 'id' | 'name' | 'externalId' | 'parentId'> &
  Partial<Pick<Affiliate, 'parentSince' | 'state' | Contact>>;
/** Undefined fields stay as they are; null removes one. */
type AffiliateChange = { [Field in Contact]?: string | null | undefined } & {
  name?: string | undefined;
  externalId?: string | null | undefined;
  state?: AffiliateState | undefined;
  parent?: ParentChange | undefined;
};

const AFFILIATES = `select a.id, a.name, a.external_id as "externalId", a.email, a.tax_id as "taxId", a.country, a.state, a.closed_at as "closedAt",
    p.parent_id as "parentId", nullif(p.since, '-infinity') as "parentSince", a.created_at as "createdAt",
    exists (select from payment_details d where d.operator_id = a.operator_id and d.party = a.id)
      as "hasPaymentDetails"
  from affiliates a
  left join lateral (
    select parent_id, since from affiliate_parents
    where operator_id = a.operator_id and affiliate_id = a.id and since <= statement_timestamp()
    order by since desc, number desc limit 1
  ) p on true`;
const UNIQUE_VIOLATION = '23505';

export function createAffiliates(pool: Pool) {
  return {
    find: (operatorId: string, id: string): Promise<Affiliate | null> => find(pool, operatorId, id),

    /**
     * Adds an affiliate, whose parent is its parent since `parentSince`, or from the beginning.
     * Returns `external_id_taken` when another affiliate of the operator has the external id.
     * Throws when the parent does not exist: check it first.
     */
    async insert(operatorId: string, affiliate: NewAffiliate): Promise<Affiliate | 'external_id_taken'> {
      const { id, name, externalId, parentId, parentSince, state = 'active' } = affiliate;
      const { email = null, taxId = null, country = null } = affiliate;
      return await withTransaction(pool, async (client) => {
        const { rowCount } = await client.query(
          `insert into affiliates (operator_id, id, name, external_id, state, closed_at, email, tax_id, country)
           values ($1, $2, $3, $4, $5, case when $5 = 'closed' then now() end, $6, $7, $8)
           on conflict (operator_id, external_id) do nothing`,
          [operatorId, id, name, externalId, state, email, taxId, country],
        );
        if (rowCount === 0) return 'external_id_taken';
        const since = parentSince?.getTime() ?? -Infinity;
        if (parentId !== null) await insertParent(client, operatorId, id, { parentId, since });
        return (await find(client, operatorId, id))!;
      });
    },

    /**
     * Returns null for an unknown affiliate, `circle` when it would stand above itself at any time.
     * Throws when the parent does not exist: check it first.
     */
    async update(
      operatorId: string,
      id: string,
      change: AffiliateChange,
    ): Promise<Affiliate | 'external_id_taken' | 'circle' | null> {
      try {
        const work = (client: PoolClient) => update(client, operatorId, id, change);
        return await (change.parent === undefined
          ? withTransaction(pool, work)
          : withoutSettling(pool, operatorId, work));
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === UNIQUE_VIOLATION)
          return 'external_id_taken';
        throw error;
      }
    },

    /** Null: any. `search`: in the name, the operator's own id or the e-mail, in any case. */
    async list(
      operatorId: string,
      { state, search, ids }: { state: AffiliateState | null; search: string | null; ids: string[] | null },
      page: Page,
    ): Promise<Affiliate[]> {
      const { rows } = await pool.query<Affiliate>(
        `${AFFILIATES}
         where a.operator_id = $1 and ($2::text is null or a.state = $2) and ($3::text is null or a.id < $3)
           and ($5::text is null or strpos(lower(a.name), lower($5)) > 0
             or strpos(lower(a.external_id), lower($5)) > 0 or strpos(lower(a.email), lower($5)) > 0)
           and ($6::text[] is null or a.id = any($6))
         order by a.id desc limit $4`,
        [operatorId, state, page.before, page.limit, search, ids],
      );
      return rows;
    },
  };
}

async function find(db: Queryable, operatorId: string, id: string): Promise<Affiliate | null> {
  const { rows } = await db.query<Affiliate>({
    name: 'find-affiliate',
    text: `${AFFILIATES} where a.operator_id = $1 and a.id = $2`,
    values: [operatorId, id],
  });
  return rows[0] ?? null;
}

async function update(
  db: Queryable,
  operatorId: string,
  id: string,
  { name, externalId, email, taxId, country, state, parent }: AffiliateChange,
): Promise<Affiliate | 'circle' | null> {
  const parentSince = parent === undefined ? null : await checkParentChange(db, operatorId, id, parent);
  if (parentSince === 'circle') return 'circle';
  const { rowCount } = await db.query(
    `update affiliates set name = coalesce($3, name),
       external_id = case when $4 then $5 else external_id end,
       email = case when $7 then $8 else email end,
       tax_id = case when $9 then $10 else tax_id end,
       country = case when $11 then $12 else country end,
       state = coalesce($6, state),
       closed_at = case coalesce($6, state) when 'closed' then coalesce(closed_at, now()) end
     where operator_id = $1 and id = $2`,
    [
      operatorId,
      id,
      name,
      ...changed(externalId),
      state,
      ...changed(email),
      ...changed(taxId),
      ...changed(country),
    ],
  );
  if (rowCount === 0) return null;
  if (parentSince !== null) await insertParent(db, operatorId, id, parentSince);
  return await find(db, operatorId, id);
}

/** Whether a field changes, and what to. */
const changed = (value: string | null | undefined) => [value !== undefined, value];
