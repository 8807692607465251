// Requests of statements: filters, format, and the open month.
import { z } from 'zod';
import { currency, month } from '../http/fields.ts';
import { page } from '../http/lists.ts';

export const statementFilter = z.strictObject({ ...page, currency: currency.optional() });

const format = z.enum(['json', 'csv']).optional();

export const allStatementsFilter = z.strictObject({ ...page, period: month.optional() });

export const statementForm = z.strictObject({ format });

export const openStatement = z.strictObject({
  format,
  currency: currency.optional(),
  period: month.optional(),
});
