// Answers about repeats by content: schema and view.
import { z } from 'zod';
import type { ContentRepeat } from '../../store/intake/content-keys.ts';
import * as field from '../http/answer-fields.ts';

export const repeat = z.object({
  event_id: field.idOf('evt'),
  times: z.int().min(1),
  first_at: field.time,
  last_at: field.time,
});

/** An event without a transaction id that was sent again with equal content. */
export function repeatView({ id, times, firstAt, lastAt }: ContentRepeat) {
  return { event_id: id, times, first_at: firstAt, last_at: lastAt };
}
