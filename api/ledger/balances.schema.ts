// Requests of balances: the filter of an affiliate's transfers.
import { z } from 'zod';
import { currency, time } from '../http/fields.ts';
import { page } from '../http/lists.ts';

/** Times are of posting; `to` is excluded. */
export const ledgerFilter = z.strictObject({
  ...page,
  currency: currency.optional(),
  from: time.optional(),
  to: time.optional(),
});
