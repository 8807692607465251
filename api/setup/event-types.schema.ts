// Requests of event types: a new name.
import { z } from 'zod';
import { EVENT_TYPES } from '../../domain/types.ts';
import { text } from '../http/fields.ts';

export const newEventType = z.strictObject({
  name: text(64).refine((value) => !(EVENT_TYPES as readonly string[]).includes(value), {
    params: { code: 'own_name' },
    error: 'is a name of our own',
  }),
  standard: z.enum(EVENT_TYPES),
});
