// The queries of the books: months, statements, the ledger.
import { z } from 'zod';
import { currency, page, time } from '../http/fields.ts';

const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/;
const month = z.string().regex(MONTH, 'must be a month such as 2026-11');

export function isMonth(value: unknown): value is string {
  return typeof value === 'string' && MONTH.test(value);
}

/** The cursor of this list is the last month that was shown. */
export const periodPage = z.strictObject({ ...page, cursor: month.optional() });

/** Times are those of posting, the end not included. */
export const ledgerFilter = z.strictObject({
  ...page,
  currency: currency.optional(),
  from: time.optional(),
  to: time.optional(),
});

export const statementFilter = z.strictObject({ ...page, currency: currency.optional() });

const format = z.enum(['json', 'csv']).optional();

export const statementForm = z.strictObject({ format });

export const openStatement = z.strictObject({
  format,
  currency: currency.optional(),
  period: month.optional(),
});
