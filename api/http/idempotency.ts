// The header `Idempotency-Key`, and the refusal of a key that stood for another request.
import type { Request } from 'express';
import { ApiError } from './errors.ts';
import { externalId } from './fields.ts';
import { invalid } from './read.ts';

/**
 * The idempotency key of a request, or null without one. Throws `invalid_request` for a malformed
 * key.
 */
export function idempotencyKeyOf({ headers }: Request): string | null {
  const header = headers['idempotency-key'];
  if (header === undefined) return null;
  const parsed = externalId.safeParse(header);
  if (parsed.success) return parsed.data;
  throw invalid([
    { path: 'Idempotency-Key', code: 'invalid_format', message: 'must be 1 to 255 characters' },
  ]);
}

export function keyOfAnotherRequest(): ApiError {
  return new ApiError('conflict', 'this Idempotency-Key was used for another request');
}
