// The filters of lists. A filter that is not given is null.
import { z } from 'zod';
import { EVENT_TYPES } from '../../domain/types.ts';
import { externalId, id, page, time } from './fields.ts';

export const byAffiliate = z.strictObject({ ...page, affiliate_id: id.optional() });

export const eventFilter = z.strictObject({
  ...page,
  customer_id: externalId.optional(),
  status: z.enum(['accepted', 'settled', 'orphaned', 'rejected', 'set_aside']).optional(),
  event: z.enum(EVENT_TYPES).optional(),
  from: time.optional(),
  to: time.optional(),
});

export const deliveryFilter = z.strictObject({
  ...page,
  state: z.enum(['pending', 'retrying', 'held', 'delivered', 'gave_up', 'cancelled', 'stuck']).optional(),
  endpoint_id: id.optional(),
  affiliate_id: id.optional(),
  event_id: id.optional(),
});
