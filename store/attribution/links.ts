// Tracking links: public addresses that lead visitors to a landing page.
import type { Page } from '../db/page.ts';
import type { Queryable } from '../db/pool.ts';

export const LINK_STATES = ['active', 'off'] as const;
export type LinkState = (typeof LINK_STATES)[number];

export type Link = {
  id: string;
  affiliateId: string;
  landingUrl: string;
  params: Record<string, string>;
  /** Allowed hosts of deep links, beside the host of the landing page. */
  deepLinkHosts: string[];
  /** A link that is off leads nowhere. */
  state: LinkState;
  createdAt: Date;
};
type NewLink = Omit<Link, 'createdAt' | 'state'>;
/** Undefined fields stay as they are. */
type LinkChange = {
  [field in 'landingUrl' | 'params' | 'deepLinkHosts' | 'state']: Link[field] | undefined;
};

/** A link as a redirect needs it, with the operator's rule for several clicks of one visitor. */
export type PublicLink = Link & {
  operatorId: string;
  clickChoice: 'first' | 'last';
  clickWindowDays: number;
};

export type Links = ReturnType<typeof createLinks>;

const COLUMNS = `l.id, l.affiliate_id as "affiliateId", l.landing_url as "landingUrl", l.params,
  l.deep_link_hosts as "deepLinkHosts", l.state,
  l.created_at as "createdAt"`;

export function createLinks(db: Queryable) {
  return {
    /** Throws when the affiliate does not exist: check it first. */
    async insert(operatorId: string, link: NewLink): Promise<Link> {
      const { rows } = await db.query<Link>(
        `insert into links as l (operator_id, id, affiliate_id, landing_url, params, deep_link_hosts)
         values ($1, $2, $3, $4, $5, $6)
         returning ${COLUMNS}`,
        [operatorId, link.id, link.affiliateId, link.landingUrl, link.params, link.deepLinkHosts],
      );
      return rows[0]!;
    },

    async find(operatorId: string, id: string): Promise<Link | null> {
      const { rows } = await db.query<Link>(
        `select ${COLUMNS} from links l where operator_id = $1 and id = $2`,
        [operatorId, id],
      );
      return rows[0] ?? null;
    },

    /** Null for an unknown link. */
    async update(operatorId: string, id: string, change: LinkChange): Promise<Link | null> {
      const { landingUrl, params, deepLinkHosts, state } = change;
      const { rows } = await db.query<Link>(
        `update links l set landing_url = coalesce($3, landing_url), params = coalesce($4, params),
           deep_link_hosts = coalesce($5, deep_link_hosts), state = coalesce($6, state)
         where operator_id = $1 and id = $2 returning ${COLUMNS}`,
        [operatorId, id, landingUrl, params, deepLinkHosts, state],
      );
      return rows[0] ?? null;
    },

    /** Finds a link by its id alone: a public address names no operator. */
    async findPublic(id: string): Promise<PublicLink | null> {
      const { rows } = await db.query<PublicLink>(
        `select ${COLUMNS}, o.id as "operatorId", o.click_choice as "clickChoice",
           o.click_window_days as "clickWindowDays"
         from links l join operators o on o.id = l.operator_id where l.id = $1`,
        [id],
      );
      return rows[0] ?? null;
    },

    /** Null filters mean any. */
    async list(
      operatorId: string,
      { affiliateId, state }: { affiliateId: string | null; state: LinkState | null },
      page: Page,
    ): Promise<Link[]> {
      const { rows } = await db.query<Link>(
        `select ${COLUMNS} from links l
         where operator_id = $1 and ($2::text is null or affiliate_id = $2) and ($3::text is null or state = $3)
           and ($4::text is null or id < $4)
         order by id desc limit $5`,
        [operatorId, affiliateId, state, page.before, page.limit],
      );
      return rows;
    },
  };
}
