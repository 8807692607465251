// Requests of API keys: a new key.
import { z } from 'zod';
import { SCOPES } from '../http/admission.ts';
import { name, time } from '../http/fields.ts';
import { ratePerSecond } from './operators.schema.ts';

export const newKey = z.strictObject({
  name,
  scopes: z
    .array(z.enum(SCOPES))
    .min(1)
    .transform((scopes) => [...new Set(scopes)]),
  rate_per_second: ratePerSecond.optional(),
  expires_at: time.optional(),
});
