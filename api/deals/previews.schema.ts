// Requests of previews: terms, and the range of time to recalculate.
import { z } from 'zod';
import { time } from '../http/fields.ts';
import { problem } from '../http/read.ts';
import { appliesTo, terms } from './deals.schema.ts';

/** The range includes `from` and excludes `to`. */
export const dealPreview = z
  .strictObject({ terms, applies_to: appliesTo, from: time, to: time })
  .check((context) => {
    const { from, to } = context.value;
    if (from >= to)
      context.issues.push({ ...problem('not_rising', 'must be later than from', ['to']), input: to });
  });
