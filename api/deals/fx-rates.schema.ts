// Requests of exchange rates: a new rate, and the filter of the list.
import { z } from 'zod';
import { currency, pastTime, text } from '../http/fields.ts';
import { page } from '../http/lists.ts';
import { problem } from '../http/read.ts';

/** At most twelve digits before and twelve after the point, which the column stores exactly. */
const RATE = /^(?=.*[1-9])\d{1,12}(\.\d{1,12})?$/;

export const newFxRate = z
  .strictObject({
    base: currency,
    quote: currency,
    rate: z.string().regex(RATE, 'must be a decimal above 0, such as "1.0842", of at most 12 decimals'),
    as_of: pastTime.optional(),
    source: text(100),
  })
  .check((context) => {
    const { base, quote } = context.value;
    if (base === quote)
      context.issues.push({
        ...problem('same_currency', 'must be another currency than base', ['quote']),
        input: quote,
      });
  });

export const fxRateFilter = z.strictObject({
  ...page,
  base: currency.optional(),
  quote: currency.optional(),
});
