// Answer of a reconciliation: schema, views of differences, and totals.
import { z } from 'zod';
import { formatMoney } from '../../domain/ledger/money.ts';
import {
  type Compared,
  type StoredTransaction,
  type Listed,
  minorOf,
  type Reason,
} from '../../domain/ledger/reconciliation.ts';
import * as field from '../http/answer-fields.ts';
import { issue } from '../http/errors.answers.ts';
import type { Issue } from '../http/errors.ts';

const REASONS =
  `match missing_here missing_there duplicate_row not_settled orphaned rejected set_aside voided currency_differs amount_differs
  reversed commission_differs invalid_row`.split(/\s+/);

export const reasonTotals = z.array(
  z.object({
    reason: z.enum(REASONS),
    currency: field.text.nullable(),
    count: field.count,
    amount_here: field.money.optional(),
    amount_there: field.money.optional(),
  }),
);

export const differenceRow = z.object({
  row: z
    .int()
    .min(1)
    .nullable()
    .meta({ description: 'counted from 1; null for an event that no row speaks of' }),
  transaction_id: field.text.nullable(),
  event: field.text.nullable(),
  reason: z.enum(REASONS),
  event_id: field.idOf('evt').nullable(),
  here: z
    .object({
      amount: field.money.nullable(),
      currency: field.currency.nullable(),
      commission: field.money.nullable(),
      commission_currency: field.currency.nullable(),
      status: field.text,
      status_reason: field.text.nullable(),
      affiliate_id: field.affiliateId.nullable(),
      occurred_at: field.time,
    })
    .nullable(),
  there: z
    .object({
      amount: field.text.nullable(),
      currency: field.text.nullable(),
      commission: field.text.nullable(),
    })
    .nullable(),
  duplicate_of_row: z.int().optional(),
  issues: z.array(issue).optional(),
});

export const truncated = z
  .boolean()
  .meta({ description: 'more events may be missing in the list than are told' });

/** One difference: of a row (counted from 1), or of an event that the list lacks. */
export type Difference = { row: number | null; listed: Listed | null } & (
  Compared | { reason: 'invalid_row'; issues: Issue[]; kept: null; duplicateOf: null }
);

export function differenceView(difference: Difference) {
  const { row, listed, kept, reason, duplicateOf } = difference;
  return {
    row,
    transaction_id: listed?.transactionId ?? kept?.transactionId ?? null,
    event: kept?.type ?? listed?.event ?? null,
    reason,
    event_id: kept?.eventId ?? null,
    here: kept === null ? null : keptView(kept),
    there:
      listed === null
        ? null
        : { amount: listed.amount, currency: listed.currency, commission: listed.commission },
    ...(duplicateOf !== null && { duplicate_of_row: duplicateOf }),
    ...('issues' in difference && { issues: difference.issues }),
  };
}

function keptView({ amountMinor, currency, reportedMinor, reportedCurrency, ...kept }: StoredTransaction) {
  const money = (minor: bigint | null, code: string | null) =>
    minor === null || code === null ? null : formatMoney(minor, code);
  return {
    amount: money(amountMinor, currency),
    currency,
    commission: money(reportedMinor, reportedCurrency),
    commission_currency: reportedCurrency,
    status: kept.status,
    status_reason: kept.statusReason,
    affiliate_id: kept.affiliateId,
    occurred_at: kept.occurredAt,
  };
}

type Total = {
  reason: Reason | 'invalid_row';
  currency: string | null;
  count: number;
  here: bigint;
  there: bigint;
};

/** Counts of rows, and sums of both sides, by reason and currency. */
export function totalsOf(differences: readonly Difference[]) {
  const totals = new Map<string, Total>();
  for (const { reason, kept, listed } of differences) {
    const currency = kept?.currency ?? listed?.currency ?? null;
    const total = totals.get(`${reason} ${currency}`) ?? { reason, currency, count: 0, here: 0n, there: 0n };
    total.count++;
    total.here += kept?.amountMinor ?? 0n;
    // A listed row in another currency is not added to the sum.
    const isComparable = listed?.amount != null && (listed.currency ?? currency) === currency;
    if (isComparable) total.there += minorOf(listed.amount!, currency) ?? 0n;
    totals.set(`${reason} ${currency}`, total);
  }
  return [...totals.values()].map(({ reason, currency, count, here, there }) => {
    const sums =
      currency === null
        ? {}
        : { amount_here: formatMoney(here, currency), amount_there: formatMoney(there, currency) };
    return { reason, currency, count, ...sums };
  });
}
