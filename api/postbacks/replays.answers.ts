// Answers about replays: schemas and views.
import { z } from 'zod';
import { REPLAYABLE } from '../../domain/delivery/deliveries.ts';
import { type Replay, REPLAY_STATES, type ReplayProgress } from '../../store/delivery/replays.ts';
import * as field from '../http/answer-fields.ts';

export const replay = z.object({
  id: field.idOf('rpl'),
  state: z.enum(REPLAY_STATES),
  total: field.count,
  total_is_exact: z.boolean().meta({
    description: 'false: the count stopped, and `total` is what there is at least; exact once it is done',
  }),
  released: field.count,
  endpoint_id: field.idOf('ep').nullable(),
  affiliate_id: field.affiliateId.nullable(),
  from: field.time.nullable(),
  to: field.time.nullable(),
  states: z.array(z.enum(REPLAYABLE)),
  rate_per_second: z.number().nullable(),
  dry_run: z.boolean(),
  created_at: field.time,
  finished_at: field.time.nullable(),
});

export const replayProgress = replay.extend({
  counted: field.count.meta({
    description: 'how many of the released ones the next three count: all, up to 20,000',
  }),
  delivered: field.count,
  waiting: field.count,
  gave_up: field.count,
});

export function replayView(row: Replay) {
  return {
    id: row.id,
    state: row.state,
    total: row.total,
    total_is_exact: row.totalIsExact,
    released: row.released,
    endpoint_id: row.endpointId,
    affiliate_id: row.affiliateId,
    from: row.from,
    to: row.to,
    states: row.states,
    rate_per_second: row.ratePerSecond,
    dry_run: row.isDryRun,
    created_at: row.createdAt,
    finished_at: row.finishedAt,
  };
}

/**
 * A replay with the states of the deliveries it released, without those taken over by a later
 * replay.
 */
export function progressView(row: ReplayProgress) {
  return {
    ...replayView(row),
    counted: row.counted,
    delivered: row.delivered,
    waiting: row.waiting,
    gave_up: row.gaveUp,
  };
}
