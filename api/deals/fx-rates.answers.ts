// Answers about exchange rates: schema and view.
import { z } from 'zod';
import type { StoredRate } from '../../store/agreements/fx-rates.ts';
import * as field from '../http/answer-fields.ts';

export const fxRate = z.object({
  id: field.text,
  base: field.currency,
  quote: field.currency,
  rate: field.text.meta({ description: 'how much of `quote` one of `base` is' }),
  source: field.text,
  as_of: field.time,
  added_by: field.text.nullable(),
  created_at: field.time,
  replaced_at: field.time.nullable().meta({
    description: 'when another rate was added for the same pair and `as_of`; null: the rate holds',
  }),
});

export function rateView({ id, base, quote, rate, source, asOf, actor, createdAt, replacedAt }: StoredRate) {
  return {
    id,
    base,
    quote,
    rate: trimmed(rate),
    source,
    as_of: asOf,
    added_by: actor,
    created_at: createdAt,
    replaced_at: replacedAt,
  };
}

/** Cuts trailing zeros of the twelve stored decimals. */
function trimmed(rate: string): string {
  return rate.includes('.') ? rate.replace(/\.?0+$/, '') : rate;
}
