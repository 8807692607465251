// Requests of deliveries: the filter of the list.
import { z } from 'zod';
import { DELIVERY_STATES } from '../../domain/delivery/deliveries.ts';
import { id } from '../http/fields.ts';
import { page } from '../http/lists.ts';

export const deliveryFilter = z.strictObject({
  ...page,
  state: z.enum([...DELIVERY_STATES, 'stuck']).optional(),
  endpoint_id: id.optional(),
  affiliate_id: id.optional(),
  event_id: id.optional(),
});
