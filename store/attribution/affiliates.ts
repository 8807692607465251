// Affiliates and their parents.
import { MAX_OVERRIDE_LEVELS } from '../../domain/commission/terms.ts';
import type { Page } from '../db/page.ts';
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';

export type Affiliate = {
  id: string;
  name: string;
  externalId: string | null;
  parentId: string | null;
  createdAt: Date;
};
type NewAffiliate = Pick<Affiliate, 'id' | 'name' | 'externalId' | 'parentId'>;
/** Undefined fields stay as they are; null removes the external id or the parent. */
type AffiliateChange = {
  name?: string | undefined;
  externalId?: string | null | undefined;
  parentId?: string | null | undefined;
};

const COLUMNS = `id, name, external_id as "externalId", parent_id as "parentId", created_at as "createdAt"`;
const UNIQUE_VIOLATION = '23505';

export function createAffiliates(db: Pool) {
  async function find(operatorId: string, id: string): Promise<Affiliate | null> {
    const { rows } = await db.query<Affiliate>(
      `select ${COLUMNS} from affiliates where operator_id = $1 and id = $2`,
      [operatorId, id],
    );
    return rows[0] ?? null;
  }

  return {
    find,

    /**
     * Returns `external_id_taken` when another affiliate of the operator has the external id.
     * Throws when the parent does not exist: check it first.
     */
    async insert(operatorId: string, affiliate: NewAffiliate): Promise<Affiliate | 'external_id_taken'> {
      const { rows } = await db.query<Affiliate>(
        `insert into affiliates (operator_id, id, name, external_id, parent_id) values ($1, $2, $3, $4, $5)
         on conflict (operator_id, external_id) do nothing returning ${COLUMNS}`,
        [operatorId, affiliate.id, affiliate.name, affiliate.externalId, affiliate.parentId],
      );
      return rows[0] ?? 'external_id_taken';
    },

    /**
     * Returns null for an unknown affiliate, `circle` when the new parent is the affiliate itself
     * or below it. Throws when the parent does not exist: check it first.
     */
    async update(
      operatorId: string,
      id: string,
      change: AffiliateChange,
    ): Promise<Affiliate | 'external_id_taken' | 'circle' | null> {
      const { name, externalId, parentId } = change;
      try {
        return await withTransaction(db, async (client) => {
          if (parentId != null && (await wouldFormCircle(client, operatorId, id, parentId))) return 'circle';
          const { rows } = await client.query<Affiliate>(
            `update affiliates set name = coalesce($3, name),
               external_id = case when $4 then $5 else external_id end,
               parent_id = case when $6 then $7 else parent_id end
             where operator_id = $1 and id = $2 returning ${COLUMNS}`,
            [operatorId, id, name, externalId !== undefined, externalId, parentId !== undefined, parentId],
          );
          return rows[0] ?? null;
        });
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === UNIQUE_VIOLATION)
          return 'external_id_taken';
        throw error;
      }
    },

    async list(operatorId: string, page: Page): Promise<Affiliate[]> {
      const { rows } = await db.query<Affiliate>(
        `select ${COLUMNS}
         from affiliates
         where operator_id = $1 and ($2::text is null or id < $2)
         order by id desc limit $3`,
        [operatorId, page.before, page.limit],
      );
      return rows;
    },
  };
}

/**
 * Whether the parent is the affiliate itself or below it. An advisory lock serializes changes of
 * parents per operator: two concurrent changes could close a circle together.
 */
async function wouldFormCircle(
  db: Queryable,
  operatorId: string,
  id: string,
  parentId: string,
): Promise<boolean> {
  await db.query(`select pg_advisory_xact_lock(hashtextextended('parents ' || $1, 0))`, [operatorId]);
  const { rows } = await db.query<{ is: boolean }>(
    `with recursive above as (
       select id, parent_id from affiliates where operator_id = $1 and id = $3
       union
       select a.id, a.parent_id from above join affiliates a on a.operator_id = $1 and a.id = above.parent_id
     )
     select exists (select from above where id = $2) as "is"`,
    [operatorId, id, parentId],
  );
  return rows[0]!.is;
}

/**
 * Parents of affiliates, nearest first, up to the number of levels that deals can pay. A circle of
 * parents ends where it would repeat.
 */
export async function readParents(
  db: Queryable,
  operatorId: string,
  affiliateIds: readonly string[],
): Promise<Map<string, string[]>> {
  const { rows } = await db.query<{ id: string; parents: string[] }>({
    name: 'read-parents',
    text: `with recursive above as (
       select id as start, parent_id, array[id] as path
       from affiliates
       where operator_id = $1 and id = any($2)
       union all
       select above.start, a.parent_id, above.path || a.id from above
       join affiliates a on a.operator_id = $1 and a.id = above.parent_id
       where not a.id = any(above.path) and cardinality(above.path) <= $3
     )
     select distinct on (start) start as id, path[2:] as parents
     from above
     order by start, cardinality(path) desc`,
    values: [operatorId, affiliateIds, MAX_OVERRIDE_LEVELS],
  });
  return new Map(rows.map(({ id, parents }) => [id, parents]));
}
