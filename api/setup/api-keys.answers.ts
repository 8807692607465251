// Answers about API keys: schemas and view.
import { z } from 'zod';
import type { ApiKey } from '../../store/setup/api-keys.ts';
import { SCOPES } from '../http/admission.ts';
import * as field from '../http/answer-fields.ts';

export const apiKey = z.object({
  id: field.idOf('key'),
  name: field.text,
  hint: field.text,
  scopes: z.array(z.enum(SCOPES)),
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
    rate_per_second: ratePerSecond,
    created_at: createdAt,
    expires_at: expiresAt,
    last_used_at: lastUsedAt,
  };
}
