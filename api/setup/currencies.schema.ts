// Requests of currencies: a new one.
import { z } from 'zod';
import { CODE, EXPONENTS, MOST_DECIMALS } from '../../domain/ledger/currencies.ts';

export const newCurrency = z.strictObject({
  code: z
    .string()
    .meta({ pattern: '^[A-Za-z0-9]{3,10}$' })
    .transform((value) => value.toUpperCase())
    .pipe(z.string().regex(CODE, 'must be 3 to 10 letters and digits'))
    .refine((value) => !EXPONENTS.has(value), {
      params: { code: 'iso_currency' },
      error: 'is an ISO 4217 currency, which needs no adding',
    }),
  exponent: z
    .int()
    .min(0)
    .max(MOST_DECIMALS)
    .meta({ description: 'decimal places of an amount; never changes' }),
});
