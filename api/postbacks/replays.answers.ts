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
    description: 'false: the count stopped, and `total` is what there is at least; exact once all are read',
  }),
  released: field.count.meta({ description: 'in the queues of their endpoints, or sent; not taken back' }),
  sent: field.count.meta({ description: 'their next attempt was made, whatever came of it' }),
  waiting: field.count.meta({ description: 'not sent yet: they wait in the replay, or in a queue' }),
  recalled: field.count.meta({ description: 'taken back by a cancel: they are again what they were' }),
  skipped: field.count.meta({
    description: 'left as they were: no longer what the filter chose, or the replay was cancelled before',
  }),
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
  delivered: field.count.meta({ description: 'of those sent' }),
  retrying: field.count.meta({ description: 'of those sent: their first try failed, they go on' }),
  gave_up: field.count.meta({ description: 'of those sent: given up again' }),
  endpoints: z
    .array(
      z.object({
        endpoint_id: field.idOf('ep'),
        state: z.enum(['up', 'failing', 'down', 'paused', 'disabled']),
        waiting: field.count.meta({ description: 'in the replay, for room in the queue' }),
        queued: field.count,
      }),
    )
    .meta({
      description: 'those that have not got all, at most 100; to one that is `down` one postback probes',
    }),
});

export function replayView(row: Replay) {
  return {
    id: row.id,
    state: row.state,
    total: row.total,
    total_is_exact: row.totalIsExact,
    released: row.released,
    sent: row.sent,
    waiting: row.isDryRun ? 0 : Math.max(0, row.total - row.sent - row.recalled - row.skipped),
    recalled: row.recalled,
    skipped: row.skipped,
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
    retrying: row.retrying,
    gave_up: row.gaveUp,
    endpoints: row.endpoints.map(({ id, state, condition, waiting, queued }) => {
      return { endpoint_id: id, state: condition === 'off' ? state : condition, waiting, queued };
    }),
  };
}
