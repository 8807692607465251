// Requests of stuck postbacks: the filter, how they are grouped, and an action on all of them.
import { z } from 'zod';
import { STUCK_GROUPS, STUCK_ORDERS } from '../../domain/delivery/stuck.ts';
import { STUCK_STATES, type StuckFilter } from '../../store/delivery/stuck-condition.ts';
import { id, text } from '../http/fields.ts';
import { page } from '../http/lists.ts';

const word = text(100);

const filter = {
  endpoint_id: id.optional(),
  affiliate_id: id.optional(),
  state: z.enum(STUCK_STATES).optional(),
  reason: word.optional().meta({ description: 'as `reason` and `reasons` of the groups say it' }),
  last_error: word.optional().meta({ description: 'of the postback itself, such as `http_404`' }),
};

export const stuckQuery = z.strictObject({
  ...filter,
  group: z.enum(STUCK_GROUPS).default('endpoint'),
  order: z.enum(STUCK_ORDERS).default('oldest'),
  limit: page.limit,
});

export function filterOf(wire: z.output<z.ZodObject<typeof filter>>): StuckFilter {
  return {
    endpointId: wire.endpoint_id ?? null,
    affiliateId: wire.affiliate_id ?? null,
    state: wire.state ?? null,
    reason: wire.reason ?? null,
    lastError: wire.last_error ?? null,
  };
}
