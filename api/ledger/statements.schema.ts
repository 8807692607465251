// Requests of statements: filters, format, and the open month.
import { z } from 'zod';
import { currency, month } from '../http/fields.ts';
import { page } from '../http/lists.ts';

export const statementFilter = z.strictObject({ ...page, currency: currency.optional() });

const format = z.enum(['json', 'csv']).optional();

/** The month is required: a list of all would only repeat those of the affiliates. */
export const statementsOfMonth = z.strictObject({ ...page, period: month });

export const statementForm = z.strictObject({ format });

export const openStatement = z.strictObject({
  format,
  currency: currency.optional(),
  period: month.optional(),
});
