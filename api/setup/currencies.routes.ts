// Routes of currencies: codes that an operator uses besides those of ISO 4217.
import type { Router } from 'express';
import { newId } from '../../store/db/ids.ts';
import type { Store } from '../../store/index.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { ApiError } from '../http/errors.ts';
import { listOf, plainPage } from '../http/lists.ts';
import { addPath } from '../http/path.ts';
import { invalid, read } from '../http/read.ts';
import { currencyView } from './currencies.answers.ts';
import * as answers from './currencies.answers.ts';
import { newCurrency } from './currencies.schema.ts';

/** Codes are loaded with every caller, so their number is bounded. */
const CODES_AT_MOST = 200;

export function addCurrencyRoutes(
  router: Router,
  { store, auth }: { store: Pick<Store, 'currencies'>; auth: Auth },
): void {
  addPath(router, '/v1/currencies', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const given = read(newCurrency, req.body);
        if ((await store.currencies.count(operatorId)) >= CODES_AT_MOST)
          throw invalid([
            { path: 'code', code: 'too_many', message: `there may be at most ${CODES_AT_MOST} codes` },
          ]);
        const kept = await store.currencies.insert(operatorId, { id: newId('cur'), ...given });
        if (kept.kind === 'other_exponent')
          throw new ApiError('conflict', `${given.code} has ${kept.exponent} decimals in this installation`);
        auth.forget();
        res.status(kept.kind === 'added' ? 201 : 200).json(currencyView(kept.currency));
      },
    ],
    get: [auth.scope('read'), listOf(plainPage, store.currencies.list, currencyView, answers.currency)],
  });
}
