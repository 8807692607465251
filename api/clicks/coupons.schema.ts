// Requests of coupons: a new coupon.
import { z } from 'zod';
import { id, time } from '../http/fields.ts';

/** Codes are case-insensitive. */
const couponCode = z
  .string()
  .regex(/^[!-~]{1,64}$/, 'must be 1 to 64 letters, digits or signs of ASCII, without spaces');

export const newCoupon = z
  .strictObject({
    code: couponCode,
    affiliate_id: id,
    binds_customer: z.boolean().default(true),
    starts_at: time.optional(),
    ends_at: time.optional(),
  })
  .refine(({ starts_at: from, ends_at: to }) => from === undefined || to === undefined || from < to, {
    params: { code: 'invalid_time' },
    error: 'must be later than starts_at',
    path: ['ends_at'],
  });
