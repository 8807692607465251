// Answers about payout runs: schemas and views of a run, of its affiliates, and of a bank's list.
import { z } from 'zod';
import { payoutRunWorkflowId } from '../../domain/keys.ts';
import { PAYOUT_STATES } from '../../domain/ledger/lifecycle.ts';
import { formatMoney } from '../../domain/ledger/money.ts';
import type { PaymentDetails } from '../../domain/ledger/payment-details.ts';
import { RUN_RESULTS, RUN_STATES } from '../../domain/ledger/payout-runs.ts';
import type { PayoutRun, RunItem } from '../../store/ledger/payout-runs.ts';
import * as field from '../http/answer-fields.ts';
import { issue } from '../http/errors.answers.ts';
import type { Temporal } from '../temporal.ts';
import { BANK_STATUSES, type BankColumns } from './payout-runs.schema.ts';

export const payoutRun = z.object({
  id: field.idOf('run'),
  state: z.enum(RUN_STATES),
  currency: field.currency,
  minimum: field.money.meta({ description: 'the greater of the given one and the operator’s own' }),
  payment_details: z.enum(['required', 'optional']),
  dry_run: z.boolean(),
  total: field.count.meta({ description: 'affiliates with something payable when it began' }),
  done: field.count.meta({ description: 'affiliates looked at so far' }),
  created: field.count.meta({ description: 'payouts made; in a dry run, that would be made' }),
  amount: field.money.meta({ description: 'what these payouts come to' }),
  created_by: field.text.meta({ description: 'id of the API key' }),
  created_at: field.time,
  finished_at: field.time.nullable(),
  workflow_url: field.text.nullable(),
});

export const runResult = z.object({
  affiliate_id: field.affiliateId,
  affiliate_name: field.text,
  external_id: field.text.nullable(),
  result: z.enum(RUN_RESULTS),
  amount: field.money.meta({ description: 'what was payable after what the affiliate owed' }),
  currency: field.currency,
  payout_id: field.idOf('pay').nullable(),
  payout_state: z.enum(PAYOUT_STATES).nullable(),
});

/**
 * A row of the file for people who pay: accounts whole, and columns for what the bank says, with
 * which it can be sent back.
 */
export const runPayment = z.object({
  ...runResult.shape,
  holder: field.text.nullable(),
  iban: field.text.nullable(),
  bic: field.text.nullable(),
  kind: field.text.nullable(),
  account: field.text.nullable(),
  status: z.enum(BANK_STATUSES).nullable(),
  external_reference: field.text.nullable(),
  reason: field.text.nullable(),
});

export const runCounts = z.array(
  z.object({ result: z.enum(RUN_RESULTS), affiliates: field.count, amount: field.money }),
);

export const confirmation = z.object({
  results: z.array(
    z.object({
      line: z.int().meta({ description: 'from 1, without the header' }),
      reference: field.text.nullable(),
      payout_id: field.idOf('pay').nullable(),
      state: z.enum(PAYOUT_STATES).nullable().meta({ description: 'of the payout after this line' }),
      issue: issue.nullable().meta({ description: 'why the line changed nothing' }),
    }),
  ),
  without_status: field.count.meta({ description: 'rows without a status, which change nothing' }),
  not_yet: field.count.meta({ description: 'rows that wait for the list to be sent again' }),
});

export function payoutRunView(row: PayoutRun, workflowUrl: Temporal['workflowUrl']) {
  const { currency } = row;
  return {
    id: row.id,
    state: row.state,
    currency,
    minimum: formatMoney(row.minimumMinor, currency),
    payment_details: row.needsDetails ? 'required' : 'optional',
    dry_run: row.isDryRun,
    total: row.total,
    done: row.done,
    created: row.created,
    amount: formatMoney(row.amountMinor, currency),
    created_by: row.actor,
    created_at: row.createdAt,
    finished_at: row.finishedAt,
    workflow_url: workflowUrl(payoutRunWorkflowId(row.id)),
  };
}

export function runResultView(row: RunItem, currency: string) {
  return {
    affiliate_id: row.id,
    affiliate_name: row.name,
    external_id: row.externalId,
    result: row.result,
    amount: formatMoney(row.amountMinor, currency),
    currency,
    payout_id: row.payoutId,
    payout_state: row.payoutState,
  };
}

export function runPaymentView(row: RunItem & { details: PaymentDetails | null }, currency: string) {
  const { details, payoutState } = row;
  const bank: BankColumns = {
    status: BANK_STATUSES.find((status) => status === payoutState) ?? null,
    external_reference: row.externalReference,
    reason: null,
  };
  return {
    ...runResultView(row, currency),
    holder: details?.holder ?? null,
    iban: details?.method === 'bank' ? details.iban : null,
    bic: details?.method === 'bank' ? details.bic : null,
    kind: details?.method === 'other' ? details.kind : null,
    account: details?.method === 'other' ? details.account : null,
    ...bank,
  };
}
