// What a query may say: the filters of lists, and how events are to be taken.
import { z } from 'zod';
import { DELIVERY_STATES } from '../../domain/delivery/deliveries.ts';
import { EVENT_TYPES } from '../../domain/types.ts';
import { externalId, id, page, text, time } from '../http/fields.ts';

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
  state: z.enum([...DELIVERY_STATES, 'stuck']).optional(),
  endpoint_id: id.optional(),
  affiliate_id: id.optional(),
  event_id: id.optional(),
});

export const refusalFilter = z.strictObject({
  ...page,
  reason: text(64).optional(),
  address: text(64).optional(),
  from: time.optional(),
  to: time.optional(),
});

const YES = ['true', '1'];
const NO = ['false', '0'];
const yesOrNo = z.stringbool({ truthy: YES, falsy: NO }).meta({ enum: [...YES, ...NO] });

export const sendingOptions = z.strictObject({ dry_run: yesOrNo.default(false) });
