// Links: the public addresses affiliates send visitors to.
import type { Page } from './page.ts';
import type { Queryable } from './pool.ts';

export type Link = { id: string; affiliateId: string; landingUrl: string; params: Record<string, string>; createdAt: Date };
export type NewLink = Omit<Link, 'createdAt'>;

export type Links = ReturnType<typeof createLinks>;

const COLUMNS = `id, affiliate_id as "affiliateId", landing_url as "landingUrl", params, created_at as "createdAt"`;

export function createLinks(db: Queryable) {
  return {
    /** Throws where the affiliate does not exist: ask first. */
    async insert(operatorId: string, link: NewLink): Promise<Link> {
      const { rows } = await db.query<Link>(
        `insert into links (operator_id, id, affiliate_id, landing_url, params) values ($1, $2, $3, $4, $5) returning ${COLUMNS}`,
        [operatorId, link.id, link.affiliateId, link.landingUrl, link.params],
      );
      return rows[0]!;
    },

    async find(operatorId: string, id: string): Promise<Link | null> {
      const { rows } = await db.query<Link>(`select ${COLUMNS} from links where operator_id = $1 and id = $2`, [operatorId, id]);
      return rows[0] ?? null;
    },

    /** A link as the public knows it: by its id alone. */
    async findPublic(id: string): Promise<(Link & { operatorId: string }) | null> {
      const { rows } = await db.query<Link & { operatorId: string }>(
        `select ${COLUMNS}, operator_id as "operatorId" from links where id = $1`,
        [id],
      );
      return rows[0] ?? null;
    },

    async list(operatorId: string, affiliateId: string | null, page: Page): Promise<Link[]> {
      const { rows } = await db.query<Link>(
        `select ${COLUMNS} from links
         where operator_id = $1 and ($2::text is null or affiliate_id = $2) and ($3::text is null or id < $3)
         order by id desc limit $4`,
        [operatorId, affiliateId, page.before, page.limit],
      );
      return rows;
    },
  };
}
