// Requests of payouts: a new payout, its steps, the filter of the list.
import { z } from 'zod';
import { PAYOUT_STATES } from '../../domain/ledger/lifecycle.ts';
import { currency, decimal, externalId, id, reason } from '../http/fields.ts';
import { page } from '../http/lists.ts';

export const payoutFilter = z.strictObject({
  ...page,
  affiliate_id: id.optional(),
  state: z.enum(PAYOUT_STATES).optional(),
  currency: currency.optional(),
});

export const newPayout = z.strictObject({ affiliate_id: id, currency, minimum: decimal.optional() });

export const payoutStep = {
  confirm: z.strictObject({ external_reference: externalId.optional(), reason: reason.optional() }),
  fail: z.strictObject({ reason: reason.optional() }),
  return: z.strictObject({ reason: reason.optional() }),
};
