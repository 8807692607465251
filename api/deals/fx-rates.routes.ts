// Routes of the operator's own exchange rates. Events set aside for a missing rate are settled
// again.
import type { Router } from 'express';
import { newId } from '../../store/db/ids.ts';
import type { Store } from '../../store/index.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { listOf } from '../http/lists.ts';
import { addPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import type { Temporal } from '../temporal.ts';
import { rateView } from './fx-rates.answers.ts';
import * as answers from './fx-rates.answers.ts';
import { fxRateFilter, newFxRate } from './fx-rates.schema.ts';

type Deps = {
  store: Pick<Store, 'fxRates'>;
  auth: Auth;
  temporal: Pick<Temporal, 'retrySetAside' | 'startRerating' | 'applyAmendments'>;
};

export function addFxRateRoutes(router: Router, { store, auth, temporal }: Deps): void {
  addPath(router, '/v1/fx-rates', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const { operator, key } = callerOf(res);
        const { as_of: asOf = new Date(), ...given } = read(newFxRate, req.body, callerOf(res));
        const added = await store.fxRates.insert(operator.id, {
          ...given,
          id: newId('fx'),
          asOf,
          actor: key.id,
        });
        void temporal.retrySetAside(operator.id, added.retried);
        for (const { dealId, version } of added.reopened)
          void temporal.startRerating(operator.id, dealId, version);
        if (added.appliesChanges) void temporal.applyAmendments(operator.id);
        res.status(added.isNew ? 201 : 200).json(rateView(added.rate));
      },
    ],
    get: [
      auth.scope('read'),
      listOf(
        fxRateFilter,
        (operatorId, page, { base = null, quote = null }) =>
          store.fxRates.list(operatorId, base, quote, page),
        rateView,
        answers.fxRate,
      ),
    ],
  });
}
