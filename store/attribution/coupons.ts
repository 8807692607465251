// Coupons: codes that attribute an event to an affiliate without a click.
import type { Page } from '../db/page.ts';
import { withoutSettling } from '../db/locks.ts';
import type { Pool } from '../db/pool.ts';
import { judgeByLateCoupon } from './late-evidence.ts';

export type CouponRow = {
  id: string;
  code: string;
  affiliateId: string;
  bindsCustomer: boolean;
  startsAt: Date | null;
  endsAt: Date | null;
  createdAt: Date;
};

const COLUMNS = `id, code, affiliate_id as "affiliateId", binds_customer as "bindsCustomer",
  starts_at as "startsAt", ends_at as "endsAt",
  created_at as "createdAt"`;

export function createCoupons(pool: Pool) {
  return {
    /**
     * Returns null when the code exists in any case. Throws when the affiliate does not exist:
     * check it first. Settling is excluded meanwhile: an event that is being settled without the
     * coupon would be an orphan that no search for orphans sees yet. Events that named it before
     * and were settled without it are judged anew where it would have bound their customer.
     */
    async insert(operatorId: string, coupon: Omit<CouponRow, 'createdAt'>): Promise<CouponRow | null> {
      const { id, code, affiliateId, bindsCustomer, startsAt, endsAt } = coupon;
      return await withoutSettling(pool, operatorId, async (client) => {
        const { rows } = await client.query<CouponRow>(
          `insert into coupons (operator_id, id, code, affiliate_id, binds_customer, starts_at, ends_at)
           values ($1, $2, $3, $4, $5, $6, $7)
           on conflict do nothing returning ${COLUMNS}`,
          [operatorId, id, code, affiliateId, bindsCustomer, startsAt, endsAt],
        );
        if (rows[0] === undefined) return null;
        await judgeByLateCoupon(client, operatorId, id);
        return rows[0];
      });
    },

    async list(operatorId: string, affiliateId: string | null, page: Page): Promise<CouponRow[]> {
      const { rows } = await pool.query<CouponRow>(
        `select ${COLUMNS} from coupons
         where operator_id = $1 and deleted_at is null and ($2::text is null or affiliate_id = $2)
           and ($3::text is null or id < $3)
         order by id desc limit $4`,
        [operatorId, affiliateId, page.before, page.limit],
      );
      return rows;
    },

    /**
     * Deletes a coupon: it attributes no more events and its code is free again. False for an
     * unknown coupon.
     */
    async delete(operatorId: string, id: string): Promise<boolean> {
      const { rowCount } = await pool.query(
        `update coupons set deleted_at = now() where operator_id = $1 and id = $2 and deleted_at is null`,
        [operatorId, id],
      );
      return rowCount === 1;
    },
  };
}
