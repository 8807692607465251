// Clicks: a visitor followed an affiliate's link. Kept by month, so that old months can be dropped whole.
import type { Click } from '../domain/types.ts';
import type { Queryable } from './pool.ts';

export type Clicks = ReturnType<typeof createClicks>;

export function createClicks(db: Queryable) {
  return {
    async insert(operatorId: string, click: Click): Promise<void> {
      await db.query(
        `insert into clicks (operator_id, id, link_id, affiliate_id, sub1, sub2, sub3, sub4, sub5, clicked_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
        [operatorId, click.id, click.linkId, click.affiliateId, ...click.subs, new Date(click.clickedAt)],
      );
    },
  };
}
