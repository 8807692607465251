// Answers about API keys: schemas and view.
import { z } from 'zod';
import type { ApiKey } from '../../store/setup/api-keys.ts';
import { SCOPES } from '../http/admission.ts';
import { OWN_SCOPES } from '../http/own.ts';
import * as field from '../http/answer-fields.ts';

export const apiKey = z.object({
  id: field.idOf('key'),
  name: field.text,
  hint: field.text,
  scopes: z.array(z.enum([...SCOPES, ...OWN_SCOPES])),
  affiliate_id: field.affiliateId.nullable().meta({
    description: 'the affiliate to whose own data it is confined; null: a key of the operator',
  }),
  rate_per_second: z.int().nullable(),
  created_at: field.time,
  expires_at: field.time.nullable(),
  last_used_at: field.time.nullable(),
});

export const newApiKey = apiKey.extend({ api_key: field.text.meta({ description: 'shown this once' }) });

export function apiKeyView({
  id,
  name,
  hint,
  scopes,
  affiliateId,
  ratePerSecond,
  createdAt,
  expiresAt,
  lastUsedAt,
}: ApiKey) {
  return {
    id,
    name,
    hint,
    scopes,
    affiliate_id: affiliateId,
    rate_per_second: ratePerSecond,
    created_at: createdAt,
    expires_at: expiresAt,
    last_used_at: lastUsedAt,
  };
}
