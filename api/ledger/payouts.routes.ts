// Routes of payouts: reserve a payable balance, then confirm, fail or return the payout.
import type { Router } from 'express';
import type { PayoutStep } from '../../domain/ledger/lifecycle.ts';
import { formatMoney } from '../../domain/ledger/money.ts';
import type { Store } from '../../store/index.ts';
import type { Payout, Reserved, Stepped } from '../../store/ledger/payouts.ts';
import { requireAffiliate } from '../http/affiliate-lookup.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { idempotencyKeyOf, keyOfAnotherRequest } from '../http/idempotency.ts';
import { listOf } from '../http/lists.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import type { Temporal } from '../temporal.ts';
import { amountOf, leastPayoutOf } from './amounts.ts';
import { transitionView, payoutView } from './payouts.answers.ts';
import * as answers from './payouts.answers.ts';
import { newPayout, payoutFilter, payoutStep } from './payouts.schema.ts';

type Deps = {
  store: Pick<Store, 'affiliates' | 'payouts'>;
  auth: Auth;
  temporal: Pick<Temporal, 'wakeEndpoints'>;
};

export function addPayoutRoutes(router: Router, { store, auth, temporal }: Deps): void {
  addPath(router, '/v1/payouts', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const { operator, key } = callerOf(res);
        const { affiliate_id: affiliateId, currency, minimum } = read(newPayout, req.body, callerOf(res));
        const idempotencyKey = idempotencyKeyOf(req);
        const minimumMinor =
          minimum === undefined ? null : amountOf(minimum, currency, 'minimum', 'zero_or_more');
        await requireAffiliate(store, operator.id, affiliateId, 'affiliate_id');
        const leastMinor = leastPayoutOf(operator, currency);
        const wanted = { affiliateId, currency, minimumMinor, leastMinor, idempotencyKey, actor: key.id };
        const payout = reservedOr422(await store.payouts.reserve(operator.id, wanted), currency);
        // A repeated request gets the payout of the first one.
        res.status(201).json(payoutView(payout));
      },
    ],
    get: [
      auth.scope('read'),
      listOf(
        payoutFilter,
        (operatorId, page, { affiliate_id: affiliateId = null, state = null, currency = null }) =>
          store.payouts.list(operatorId, { affiliateId, state, currency }, page),
        payoutView,
        answers.payout,
      ),
    ],
  });

  addPath(router, '/v1/payouts/:id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const payout = await store.payouts.find(callerOf(res).operator.id, idFromPath(req, 'payout'));
        if (payout === null) throw notFound('payout');
        res.json({ ...payoutView(payout), history: payout.transitions.map(transitionView) });
      },
    ],
  });

  for (const step of ['confirm', 'fail', 'return'] as const) {
    addPath(router, `/v1/payouts/:id/${step}`, {
      post: [
        auth.scope('manage'),
        ...jsonBody,
        async (req, res) => {
          const { operator, key } = callerOf(res);
          const given: { external_reference?: string | undefined; reason?: string | undefined } = read(
            payoutStep[step],
            req.body,
          );
          const { external_reference: externalReference = null, reason = null } = given;
          const id = idFromPath(req, 'payout');
          const stepped = steppedOr422(
            await store.payouts.step(operator.id, id, step, { actor: key.id, reason, externalReference }),
            step,
          );
          await temporal.wakeEndpoints(operator.id, stepped.endpointsToWake);
          res.json(payoutView(stepped.payout));
        },
      ],
    });
  }
}

function reservedOr422(reserved: Reserved, currency: string): Payout {
  switch (reserved.kind) {
    case 'reserved':
      return reserved.payout;
    case 'other_request':
      throw keyOfAnotherRequest();
    case 'suspended':
      throw new ApiError('not_possible', 'the affiliate is suspended: it earns, and is not paid');
    case 'nothing':
      throw new ApiError('not_possible', 'nothing is payable after what the affiliate owes');
    case 'below_minimum':
      throw new ApiError(
        'not_possible',
        `${formatMoney(reserved.amountMinor, currency)} is payable after what the affiliate owes, less than the minimum`,
      );
  }
}

function steppedOr422(stepped: Stepped, step: PayoutStep): { payout: Payout; endpointsToWake: string[] } {
  switch (stepped.kind) {
    case 'done':
      return stepped;
    case 'not_found':
      throw notFound('payout');
    case 'not_possible':
      throw new ApiError('not_possible', `${step} is not possible: this payout is ${stepped.state}`);
    case 'reference_taken':
      throw new ApiError('conflict', 'another payout has this external_reference');
  }
}
