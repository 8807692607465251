// Answers about operators: schemas and view.
import { z } from 'zod';
import {
  CLICK_CHOICES,
  EXISTING_CUSTOMERS,
  type Operator,
  type OperatorSummary,
  WITHOUT_TRANSACTION_ID,
} from '../../store/setup/operators.ts';
import * as field from '../http/answer-fields.ts';

export const newOperator = z.object({
  id: field.idOf('opr'),
  name: field.text,
  currency: field.currency,
  timezone: field.text,
  api_key: field.text.meta({ description: 'shown this once' }),
});

/** An operator as the administrator sees it. */
export const operatorSummary = z.object({
  id: field.idOf('opr'),
  name: field.text,
  currency: field.currency,
  timezone: field.text,
  created_at: field.time,
});

export const operator = z.object({
  id: field.idOf('opr'),
  name: field.text,
  currency: field.currency,
  timezone: field.text,
  click_window_days: z.int(),
  click_choice: z.enum(CLICK_CHOICES),
  existing_customers: z.enum(EXISTING_CUSTOMERS),
  without_transaction_id: z.enum(WITHOUT_TRANSACTION_ID).nullable(),
  repeat_window_hours: z.int(),
  allowed_ips: z.array(field.text),
  require_signature: z.boolean(),
  rate_per_second: z.int().nullable(),
  postback_aliases: z.record(z.string(), field.text.nullable()),
  minimum_payouts: z.record(z.string(), field.money),
  share_customer_ids: z.boolean(),
  portal_origins: z.array(field.text),
  has_payout_account: z
    .boolean()
    .meta({ description: 'whether it is known which account payouts are paid from, as pain.001 files need' }),
  created_at: field.time,
});

export function operatorView(row: Operator, hasPayoutAccount: boolean) {
  return {
    id: row.id,
    name: row.name,
    currency: row.currency,
    timezone: row.timezone,
    click_window_days: row.clickWindowDays,
    click_choice: row.clickChoice,
    existing_customers: row.existingCustomers,
    without_transaction_id: row.withoutTransactionId,
    repeat_window_hours: row.repeatWindowHours,
    allowed_ips: row.allowedIps,
    require_signature: row.requireSignature,
    rate_per_second: row.ratePerSecond,
    postback_aliases: row.postbackAliases,
    minimum_payouts: row.minimumPayouts,
    share_customer_ids: row.shareCustomerIds,
    portal_origins: row.portalOrigins,
    has_payout_account: hasPayoutAccount,
    created_at: row.createdAt,
  };
}

export function summaryView({ id, name, currency, timezone, createdAt }: OperatorSummary) {
  return { id, name, currency, timezone, created_at: createdAt };
}
