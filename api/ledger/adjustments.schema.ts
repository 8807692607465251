// Requests of adjustments and write-offs.
import { z } from 'zod';
import { currency, decimal, externalId, reason } from '../http/fields.ts';

export const newAdjustment = z.strictObject({
  currency,
  amount: decimal,
  reason,
  idempotency_key: externalId,
});

export const newWriteOff = z.strictObject({
  currency,
  amount: decimal.optional(),
  reason,
  idempotency_key: externalId.optional(),
});
