// Requests of replays: a filter of postbacks, and the rate at which they are sent.
import { z } from 'zod';
import { REPLAYABLE } from '../../domain/delivery/deliveries.ts';
import { id, time } from '../http/fields.ts';
import { page } from '../http/lists.ts';

export const replayFilter = z.strictObject({
  ...page,
  endpoint_id: id.optional(),
  dry_run: z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .optional(),
});

export const newReplay = z
  .strictObject({
    endpoint_id: id.optional(),
    affiliate_id: id.optional(),
    from: time.optional(),
    to: time.optional(),
    states: z.array(z.enum(REPLAYABLE)).min(1).max(REPLAYABLE.length).default(['gave_up']),
    rate_per_second: z.number().min(0.001).max(10_000).optional(),
    dry_run: z.boolean().default(false),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from < to, {
    path: ['to'],
    params: { code: 'invalid_time' },
    error: 'must be later than from',
  });
