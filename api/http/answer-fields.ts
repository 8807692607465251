// Fields that many answers share. Money and times are text.
import { z } from 'zod';

/** An amount at the currency's own number of decimals. */
export const money = z.string().regex(/^-?\d+(\.\d+)?$/);
export const currency = z.string().regex(/^[A-Z0-9]{3,10}$/);
export const time = z.string().meta({ format: 'date-time' });
export const month = z.string().regex(/^\d{4}-\d{2}$/);
export const text = z.string();
export const count = z.int().min(0);

/** An id made by Postrider, with its prefix. */
export function idOf(prefix: string) {
  return z
    .string()
    .regex(new RegExp(`^${prefix}_[0-9a-z]{26}$`))
    .meta({ examples: [exampleId(prefix)] });
}

/** An id for examples, which nothing has. */
export function exampleId(prefix: string): string {
  return `${prefix}_01kb9xq5n2f4h6j8m0p2r4t6v8`;
}

/** The id of an affiliate. */
export const affiliateId = idOf('aff');

/** The answer of a list: newest first, with the cursor of the next page. */
export function listOf<S extends z.ZodType>(row: S) {
  return z.object({
    data: z.array(row),
    next_cursor: z
      .string()
      .nullable()
      .meta({
        description:
          'for `cursor`; null on the last page. A page looks through a bounded number of rows, so that one ' +
          'before the last may hold fewer than `limit`, or none, where a filter chooses few of very many',
      }),
  });
}
