// Requests of payout runs: a new run, what is shown of one, and a bank's list of what it paid.
import { z } from 'zod';
import { RUN_RESULTS } from '../../domain/ledger/payout-runs.ts';
import { tableOf } from '../http/csv-table.ts';
import { currency, decimal, externalId, reason } from '../http/fields.ts';
import { page } from '../http/lists.ts';
import { issuesFrom } from '../http/read.ts';
import { inOurWords } from '../http/wording.ts';
import type { Issue } from '../http/errors.ts';

export const newPayoutRun = z.strictObject({
  currency,
  minimum: decimal.optional().meta({
    description: 'pays nobody less; the operator’s own minimum holds as well, the greater of both',
  }),
  payment_details: z
    .enum(['required', 'optional'])
    .default('optional')
    .meta({ description: 'required: leaves affiliates without payment details out' }),
  dry_run: z.boolean().default(false),
});

export const runPage = z.strictObject({
  ...page,
  result: z.enum(RUN_RESULTS).optional(),
  without_iban: z
    .enum(['refuse', 'omit'])
    .default('refuse')
    .meta({ description: 'of pain.001: omit leaves payouts out whose affiliate has no IBAN' }),
});

/** Lines with and without a status, as a run's own file has them. */
const LINES_AT_MOST = 50_000;

/** What a bank can say of a payout. */
export const BANK_STATUSES = ['paid', 'failed'] as const;
/** Columns of what a bank says. A run's own file has them too, so that it can be sent back. */
const BANK_COLUMNS = ['status', 'external_reference', 'reason'] as const;
export type BankColumns = Record<(typeof BANK_COLUMNS)[number], unknown>;

const line = z.strictObject({
  reference: externalId,
  status: z.string().toLowerCase().pipe(z.enum(BANK_STATUSES)),
  external_reference: externalId.optional(),
  reason: reason.optional(),
});

/** `number`: from 1, without the header. */
export type ConfirmLine = { number: number } & (
  | { kind: 'read'; line: z.output<typeof line> }
  | { kind: 'invalid'; reference: string | null; issues: Issue[] }
);

/**
 * The lines with a status, and how many have none. The payout is in a column `payout_id`, or
 * `reference`.
 */
export function confirmationOf(text: string): { lines: ConfirmLine[]; withoutStatus: number } {
  const columns = ['payout_id', 'reference', ...BANK_COLUMNS];
  const { rows, isCut } = tableOf(text, { columns, required: ['status'], atMost: LINES_AT_MOST });
  const lines = rows.flatMap((row, index) =>
    row['status'] === undefined ? [] : [{ number: index + 1, ...lineOf(row) }],
  );
  const withoutStatus = rows.length - lines.length;
  if (!isCut) return { lines, withoutStatus };
  const message = 'a quote is not closed, so what follows the last row above cannot be told apart';
  const issues = [{ path: '', code: 'unclosed_quote', message }];
  const cut: ConfirmLine = { number: rows.length + 1, kind: 'invalid', reference: null, issues };
  return { lines: [...lines, cut], withoutStatus };
}

function lineOf({ payout_id: payoutId, ...rest }: Record<string, string>) {
  const given = { ...rest, ...(payoutId !== undefined && { reference: payoutId }) };
  const parsed = line.safeParse(given, { error: inOurWords });
  if (parsed.success) return { kind: 'read', line: parsed.data } as const;
  const reference: unknown = given.reference;
  return {
    kind: 'invalid',
    reference: typeof reference === 'string' ? reference : null,
    issues: issuesFrom(parsed.error, given),
  } as const;
}
