// Requests of API keys: a new key.
import { z } from 'zod';
import { SCOPES } from '../http/admission.ts';
import { id, name, time } from '../http/fields.ts';
import { OWN_SCOPES } from '../http/own.ts';
import { ratePerSecond } from './operators.schema.ts';

const isOwn = (scope: string): boolean => (OWN_SCOPES as readonly string[]).includes(scope);

export const newKey = z
  .strictObject({
    name: name.optional().meta({ description: 'without one, the scopes of the key' }),
    scopes: z
      .array(z.enum([...SCOPES, ...OWN_SCOPES]))
      .min(1)
      .transform((scopes) => [...new Set(scopes)])
      .meta({ description: `with \`affiliate_id\` ${OWN_SCOPES.join(' and ')}, otherwise the others` }),
    affiliate_id: id
      .optional()
      .meta({ description: 'the key reads and changes only what is this affiliate’s own' }),
    rate_per_second: ratePerSecond.optional(),
    expires_at: time.optional(),
  })
  .refine(
    ({ scopes, affiliate_id: affiliateId }) =>
      scopes.every((scope) => isOwn(scope) === (affiliateId !== undefined)),
    {
      params: { code: 'not_applicable' },
      error: `${OWN_SCOPES.join(' and ')} are for keys with an affiliate_id, the other scopes for keys without`,
      path: ['scopes'],
    },
  );
