// Answers about coupons: schema and view.
import { z } from 'zod';
import type { CouponRow } from '../../store/attribution/coupons.ts';
import * as field from '../http/answer-fields.ts';

export const coupon = z.object({
  id: field.idOf('cpn'),
  code: field.text,
  affiliate_id: field.affiliateId,
  binds_customer: z.boolean(),
  starts_at: field.time.nullable(),
  ends_at: field.time.nullable(),
  created_at: field.time,
});

export function couponView({ id, code, affiliateId, bindsCustomer, startsAt, endsAt, createdAt }: CouponRow) {
  return {
    id,
    code,
    affiliate_id: affiliateId,
    binds_customer: bindsCustomer,
    starts_at: startsAt,
    ends_at: endsAt,
    created_at: createdAt,
  };
}
