// Routes of manual postings: adjustments of an affiliate's balance, and write-offs of debt.
import type { RequestHandler, Router } from 'express';
import { formatMoney } from '../../domain/ledger/money.ts';
import type { Store } from '../../store/index.ts';
import type { ManualPostingResult } from '../../store/ledger/adjustments.ts';
import { findAffiliate } from '../http/affiliate-lookup.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { ApiError } from '../http/errors.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import { manualPostingView } from './adjustments.answers.ts';
import { newAdjustment, newWriteOff } from './adjustments.schema.ts';
import { amountOf } from './amounts.ts';

export function addAdjustmentRoutes(
  router: Router,
  { store, auth }: { store: Pick<Store, 'affiliates' | 'adjustments'>; auth: Auth },
): void {
  const adjustment: RequestHandler = async (req, res) => {
    const { operator, key } = callerOf(res);
    const { id: affiliateId } = await findAffiliate(store, operator.id, idFromPath(req, 'affiliate'));
    const {
      currency,
      amount,
      reason,
      idempotency_key: idempotencyKey,
    } = read(newAdjustment, req.body, callerOf(res));
    const amountMinor = amountOf(amount, currency, 'amount', 'signed');
    const wanted = { affiliateId, currency, amountMinor, reason, actor: key.id, idempotencyKey };
    res.status(201).json(answerOf(await store.adjustments.adjust(operator.id, wanted), currency));
  };

  const debtWriteOff: RequestHandler = async (req, res) => {
    const { operator, key } = callerOf(res);
    const { id: affiliateId } = await findAffiliate(store, operator.id, idFromPath(req, 'affiliate'));
    const {
      currency,
      amount,
      reason,
      idempotency_key: idempotencyKey = null,
    } = read(newWriteOff, req.body, callerOf(res));
    const amountMinor = amount === undefined ? null : amountOf(amount, currency, 'amount');
    const wanted = { affiliateId, currency, amountMinor, reason, actor: key.id, idempotencyKey };
    res.status(201).json(answerOf(await store.adjustments.writeOff(operator.id, wanted), currency));
  };

  addPath(router, '/v1/affiliates/:id/adjustments', {
    post: [auth.scope('manage'), ...jsonBody, adjustment],
  });
  addPath(router, '/v1/affiliates/:id/write-offs', {
    post: [auth.scope('manage'), ...jsonBody, debtWriteOff],
  });
}

/** The answer for a posting; a repeated request gets the first answer. */
function answerOf(result: ManualPostingResult, currency: string) {
  switch (result.kind) {
    case 'posted':
      return manualPostingView(result.posting);
    case 'other_request':
      throw new ApiError('conflict', 'this idempotency_key was used for another request');
    case 'not_owed':
      throw new ApiError('not_possible', `the affiliate owes ${formatMoney(result.debtMinor, currency)}`);
  }
}
