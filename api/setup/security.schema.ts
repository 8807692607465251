// Requests of security: a new inbound secret, and the filter of refused requests.
import { z } from 'zod';
import { text, time } from '../http/fields.ts';
import { page } from '../http/lists.ts';

export const refusalFilter = z.strictObject({
  ...page,
  reason: text(64).optional(),
  address: text(64).optional(),
  from: time.optional(),
  to: time.optional(),
});

/** How long the former secret stays valid; 0 ends it at once. */
export const newInboundSecret = z.strictObject({ grace_hours: z.int().min(0).max(720).default(24) });
