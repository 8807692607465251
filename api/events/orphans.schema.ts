// Requests of orphans: an assignment, and the filter of the list.
import { z } from 'zod';
import { ANEW_REASONS, ORPHAN_REASONS } from '../../domain/attribution/attribution.ts';
import { id, pastTime } from '../http/fields.ts';
import { page } from '../http/lists.ts';

export const assignment = z.strictObject({
  affiliate_id: id,
  from: pastTime.optional().meta({
    description:
      'since when the customer belongs to the affiliate, at the latest when the event occurred; ' +
      'without it, since the event occurred',
  }),
});

export const orphanFilter = z.strictObject({
  ...page,
  reason: z
    .enum([...ORPHAN_REASONS, ...ANEW_REASONS, 'no_conversion'])
    .optional()
    .meta({
      description:
        'before_click: it occurred more than an hour before its click or binding; existing_customer: ' +
        'the customer was known before the click or coupon, and existing_customers is ignore; ' +
        'affiliate_closed: its affiliate was closed by then; unvoided, unbound: it is judged anew in a ' +
        'moment, having been put back or lost the event that bound its customer; no_conversion: what it reverses has not come',
    }),
});
