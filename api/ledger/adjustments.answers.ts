// Answers about adjustments and write-offs: schema and view.
import { z } from 'zod';
import { formatMoney } from '../../domain/ledger/money.ts';
import type { ManualPosting } from '../../store/ledger/adjustments.ts';
import * as field from '../http/answer-fields.ts';

export const manualPosting = z.object({
  id: field.text,
  commission_id: field.text.optional(),
  affiliate_id: field.affiliateId,
  amount: field.money,
  currency: field.currency,
  reason: field.text,
  actor: field.text,
  posted_at: field.time,
});

export function manualPostingView({
  id,
  commissionId,
  affiliateId,
  currency,
  amountMinor,
  reason,
  actor,
  postedAt,
}: ManualPosting) {
  return {
    id,
    ...(commissionId !== null && { commission_id: commissionId }),
    affiliate_id: affiliateId,
    amount: formatMoney(amountMinor, currency),
    currency,
    reason,
    actor,
    posted_at: postedAt,
  };
}
