// Answers about currencies that an operator added, and their view.
import { z } from 'zod';
import { MOST_DECIMALS } from '../../domain/ledger/currencies.ts';
import type { AddedCurrency } from '../../store/setup/currencies.ts';
import * as field from '../http/answer-fields.ts';

export const currency = z.object({
  id: field.idOf('cur'),
  code: field.currency,
  exponent: z.int().min(0).max(MOST_DECIMALS),
  created_at: field.time,
});

export function currencyView({ id, code, exponent, createdAt }: AddedCurrency) {
  return { id, code, exponent, created_at: createdAt };
}
