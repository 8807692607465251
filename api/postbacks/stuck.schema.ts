// Requests of stuck postbacks: the filter, how they are grouped, and an action on all of them.
import { z } from 'zod';
import { STUCK_GROUPS, STUCK_ORDERS, STUCK_STATES } from '../../domain/delivery/stuck.ts';
import type { StuckFilter } from '../../store/delivery/stuck-condition.ts';
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

/** The filter alone, as a query. */
export const stuckFilter = z.strictObject(filter);

export const stuckQuery = z.strictObject({
  ...filter,
  group: z.enum(STUCK_GROUPS).default('endpoint'),
  order: z.enum(STUCK_ORDERS).default('oldest'),
  limit: page.limit,
});

/**
 * An action on all that the filter chooses. Without a filter it must say that it means everything,
 * so that a forgotten one does not.
 */
export const newStuckAction = z
  .strictObject({
    ...filter,
    all: z.literal(true).optional().meta({ description: 'everything that is stuck; in place of a filter' }),
    dry_run: z.boolean().default(false),
  })
  .refine((given) => Object.keys(given).some((field) => field !== 'dry_run'), {
    params: { code: 'filter_required' },
    error: 'name at least one field of the filter, or say `"all": true`',
  });

export function filterOf(wire: z.output<typeof stuckFilter>): StuckFilter {
  return {
    endpointId: wire.endpoint_id ?? null,
    affiliateId: wire.affiliate_id ?? null,
    state: wire.state ?? null,
    reason: wire.reason ?? null,
    lastError: wire.last_error ?? null,
  };
}
