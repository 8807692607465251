// Requests of balances: the filters of all balances, and of an affiliate's transfers.
import { z } from 'zod';
import { AFFILIATE_STATES } from '../../store/attribution/affiliates.ts';
import { currency, decimal, id, time } from '../http/fields.ts';
import { page } from '../http/lists.ts';

/** Times are of posting; `to` is excluded. */
export const ledgerFilter = z.strictObject({
  ...page,
  currency: currency.optional(),
  from: time.optional(),
  to: time.optional(),
});

/** The cursor is affiliate and currency of the last row. */
export const balanceFilter = z
  .strictObject({
    ...page,
    cursor: z
      .string()
      .regex(/^aff_[0-9a-z]{26}\.[A-Z0-9]{3,10}$/, 'is not a cursor of this list')
      .optional(),
    affiliate_id: id.optional(),
    currency: currency.optional(),
    state: z.enum(AFFILIATE_STATES).optional().meta({ description: 'of the affiliate' }),
    minimum_payable: decimal
      .optional()
      .meta({ description: 'only where at least this is payable; goes with `currency`' }),
  })
  .refine((filter) => filter.minimum_payable === undefined || filter.currency !== undefined, {
    params: { code: 'required' },
    error: 'is in a currency: give currency as well',
    path: ['minimum_payable'],
  });
