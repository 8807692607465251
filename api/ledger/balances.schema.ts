// Requests of balances: the filter of an affiliate's transfers.
import { z } from 'zod';
import { currency, time } from '../http/fields.ts';
import { page } from '../http/lists.ts';

/** Times are those of posting, the end not included. */
export const ledgerFilter = z.strictObject({
  ...page,
  currency: currency.optional(),
  from: time.optional(),
  to: time.optional(),
});
