// Answers about periods, the months of the books: schema and view.
import { z } from 'zod';
import { PERIOD_STATUSES, type PeriodRow } from '../../store/ledger/periods.ts';
import * as field from '../http/answer-fields.ts';

export const period = z.object({
  period: field.month,
  status: z.enum(['open', ...PERIOD_STATUSES]),
  closed_at: field.time.nullable(),
  transfers: field.count.nullable(),
  statements: field.count.nullable(),
  seal: field.text.nullable().meta({ description: 'a digest of the month’s transfers in their order' }),
});

/** A month of the books; an open one has no row in the store. */
export type Month = Omit<PeriodRow, 'status'> & { status: 'open' | PeriodRow['status'] };

export function openMonth(month: string): Month {
  return { period: month, status: 'open', closedAt: null, transfers: null, statements: null, seal: null };
}

export function periodView({ status, closedAt, transfers, statements, seal, ...row }: Month) {
  const count = (value: bigint | null) => (value === null ? null : Number(value));
  return {
    period: row.period,
    status,
    closed_at: closedAt,
    transfers: count(transfers),
    statements: count(statements),
    seal,
  };
}
