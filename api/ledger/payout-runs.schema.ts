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

/** Each line is a payout of its own; a list can be sent in parts, and sent again. */
export const CONFIRMED_AT_ONCE = 1000;

const line = z.strictObject({
  reference: externalId,
  status: z
    .string()
    .toLowerCase()
    .pipe(z.enum(['paid', 'failed'])),
  external_reference: externalId.optional(),
  reason: reason.optional(),
});

export type ConfirmLine =
  | { kind: 'read'; line: z.output<typeof line> }
  | { kind: 'invalid'; reference: string | null; issues: Issue[] };

/** The payout is in a column `payout_id`, or `reference`. */
export function confirmationOf(text: string): ConfirmLine[] {
  const columns = ['payout_id', 'reference', 'status', 'external_reference', 'reason'];
  const { rows, isCut } = tableOf(text, { columns, required: ['status'], atMost: CONFIRMED_AT_ONCE });
  const lines = rows.map(({ payout_id: payoutId, ...rest }): ConfirmLine => {
    const given = { ...rest, ...(payoutId !== undefined && { reference: payoutId }) };
    const parsed = line.safeParse(given, { error: inOurWords });
    if (parsed.success) return { kind: 'read', line: parsed.data };
    const reference: unknown = given.reference;
    return {
      kind: 'invalid',
      reference: typeof reference === 'string' ? reference : null,
      issues: issuesFrom(parsed.error, given),
    };
  });
  const message = 'a quote is not closed, so what follows the last row above cannot be told apart';
  return isCut
    ? [
        ...lines,
        { kind: 'invalid', reference: null, issues: [{ path: '', code: 'unclosed_quote', message }] },
      ]
    : lines;
}
