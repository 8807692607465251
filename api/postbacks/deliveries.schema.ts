// Requests of deliveries: the filter of the list.
import { z } from 'zod';
import { DELIVERY_STATES } from '../../domain/delivery/deliveries.ts';
import { id, text } from '../http/fields.ts';
import { page } from '../http/lists.ts';

export const deliveryFilter = z.strictObject({
  ...page,
  state: z.enum([...DELIVERY_STATES, 'stuck']).optional(),
  endpoint_id: id.optional(),
  affiliate_id: id.optional().meta({ description: 'whom it is about' }),
  recipient_id: id.optional().meta({
    description: 'the affiliate whose endpoint it is for; webhooks of the operator hear of affiliates too',
  }),
  event_id: id.optional(),
  last_error: text(100).optional(),
  order: z.enum(['newest', 'oldest']).default('newest'),
});
