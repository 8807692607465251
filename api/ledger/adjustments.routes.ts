// Money moved by hand: adjustments of what an affiliate is owed, and debt that is written off.
import type { RequestHandler, Router } from 'express';
import { formatMoney } from '../../domain/ledger/money.ts';
import type { ManualPosting, ManualPostingResult } from '../../store/ledger/adjustments.ts';
import type { Store } from '../../store/index.ts';
import { callerOf, type Auth } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { ApiError } from '../http/errors.ts';
import { addResource, idOf } from '../http/resource.ts';
import { amountOf, newAdjustment, newWriteOff } from './ledger.schema.ts';
import { read } from '../http/read.ts';
import { findAffiliate } from '../http/affiliate-lookup.ts';

export function addAdjustmentRoutes(
  router: Router,
  { store, auth }: { store: Pick<Store, 'affiliates' | 'adjustments'>; auth: Auth },
): void {
  const adjustment: RequestHandler = async (req, res) => {
    const { operator, key } = callerOf(res);
    const { id: affiliateId } = await findAffiliate(store, operator.id, idOf(req, 'affiliate'));
    const { currency, amount, reason, idempotency_key: idempotencyKey } = read(newAdjustment, req.body);
    const amountMinor = amountOf(amount, currency, 'amount', 'signed');
    const wanted = { affiliateId, currency, amountMinor, reason, actor: key.id, idempotencyKey };
    res.status(201).json(resultView(await store.adjustments.adjust(operator.id, wanted), currency));
  };

  const debtWriteOff: RequestHandler = async (req, res) => {
    const { operator, key } = callerOf(res);
    const { id: affiliateId } = await findAffiliate(store, operator.id, idOf(req, 'affiliate'));
    const { currency, amount, reason, idempotency_key: idempotencyKey = null } = read(newWriteOff, req.body);
    const amountMinor = amount === undefined ? null : amountOf(amount, currency, 'amount');
    const wanted = { affiliateId, currency, amountMinor, reason, actor: key.id, idempotencyKey };
    res.status(201).json(resultView(await store.adjustments.writeOff(operator.id, wanted), currency));
  };

  addResource(router, '/v1/affiliates/:id/adjustments', {
    post: [auth.scope('manage'), ...jsonBody, adjustment],
  });
  addResource(router, '/v1/affiliates/:id/write-offs', {
    post: [auth.scope('manage'), ...jsonBody, debtWriteOff],
  });
}

/** What was posted; a repeat is answered as the first request was. */
function resultView(result: ManualPostingResult, currency: string) {
  switch (result.kind) {
    case 'posted':
      return view(result.posting);
    case 'other_request':
      throw new ApiError('conflict', 'this idempotency_key was used for another request');
    case 'not_owed':
      throw new ApiError('not_possible', `the affiliate owes ${formatMoney(result.debtMinor, currency)}`);
  }
}

function view({
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
