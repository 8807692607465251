// Requests of orphans: an assignment, and the filter of the list.
import { z } from 'zod';
import { id } from '../http/fields.ts';
import { page } from '../http/lists.ts';

export const assignment = z.strictObject({ affiliate_id: id });

export const orphanFilter = z.strictObject({
  ...page,
  reason: z.enum(['no_evidence', 'unknown_click', 'unknown_coupon', 'no_conversion']).optional(),
});
