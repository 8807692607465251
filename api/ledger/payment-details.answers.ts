// Answers about payment details: accounts are masked, as they are nowhere shown whole but in the
// files of a payout run.
import { z } from 'zod';
import { masked, PAYMENT_METHODS } from '../../domain/ledger/payment-details.ts';
import type { StoredDetails } from '../../store/ledger/payment-details.ts';
import * as field from '../http/answer-fields.ts';

const MASKED = { description: 'masked: its first and last characters', examples: ['DE89…3000'] };
const stamp = { updated_at: field.time, updated_by: field.text.meta({ description: 'id of the API key' }) };

export const paymentDetails = z.object({
  affiliate_id: field.affiliateId,
  method: z.enum(PAYMENT_METHODS),
  holder: field.text,
  iban: field.text.nullable().meta(MASKED),
  bic: field.text.nullable(),
  kind: field.text.nullable(),
  account: field.text.nullable().meta(MASKED),
  ...stamp,
});

export const payoutAccount = z.object({
  holder: field.text,
  iban: field.text.nullable().meta(MASKED),
  bic: field.text.nullable(),
  ...stamp,
});

export function paymentDetailsView(affiliateId: string, { details, updatedAt, updatedBy }: StoredDetails) {
  const bank = details.method === 'bank' ? details : null;
  const other = details.method === 'other' ? details : null;
  return {
    affiliate_id: affiliateId,
    method: details.method,
    holder: details.holder,
    iban: bank && masked(bank.iban),
    bic: bank && bank.bic,
    kind: other && other.kind,
    account: other && masked(other.account),
    updated_at: updatedAt,
    updated_by: updatedBy,
  };
}

export function payoutAccountView(stored: StoredDetails) {
  const { holder, iban, bic, updated_at, updated_by } = paymentDetailsView('', stored);
  return { holder, iban, bic, updated_at, updated_by };
}
