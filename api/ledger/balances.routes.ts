// Routes of affiliates' money: the balances of all with their totals, those of one, and its
// transfers.
import type { Router } from 'express';
import type { Page } from '../../store/db/page.ts';
import type { Store } from '../../store/index.ts';
import { findAffiliate } from '../http/affiliate-lookup.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { answerList, answerWhole, listOf } from '../http/lists.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import { affiliateBalanceView, balanceView, totalView, transferView } from './balances.answers.ts';
import * as answers from './balances.answers.ts';
import { amountOf } from './amounts.ts';
import { balanceFilter, ledgerFilter } from './balances.schema.ts';

type Deps = { store: Pick<Store, 'affiliates' | 'balances'>; auth: Auth };

export function addBalanceRoutes(router: Router, { store, auth }: Deps): void {
  addPath(router, '/v1/balances', {
    get: [
      auth.scope('read'),
      listOf(
        balanceFilter,
        (operatorId, page, query) => {
          const { affiliate_id: affiliateId = null, currency = null, state = null, minimum_payable } = query;
          const minimumPayableMinor =
            minimum_payable === undefined
              ? null
              : amountOf(minimum_payable, currency!, 'minimum_payable', 'zero_or_more');
          return store.balances.list(operatorId, { affiliateId, currency, state, minimumPayableMinor }, page);
        },
        affiliateBalanceView,
        answers.affiliateBalance,
      ),
    ],
  });

  addPath(router, '/v1/balances/totals', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const totals = await store.balances.totals(callerOf(res).operator.id);
        answerWhole(req, res, { schema: answers.balanceTotal, rows: totals.map(totalView) });
      },
    ],
  });

  addPath(router, '/v1/affiliates/:id/balance', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const { id } = await findAffiliate(store, operatorId, idFromPath(req, 'affiliate'));
        res.json({ balances: (await store.balances.find(operatorId, id)).map(balanceView) });
      },
    ],
  });

  addPath(router, '/v1/affiliates/:id/ledger', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const query = read(ledgerFilter, req.query, callerOf(res));
        const { currency = null, from = null, to = null } = query;
        const operatorId = callerOf(res).operator.id;
        const { id } = await findAffiliate(store, operatorId, idFromPath(req, 'affiliate'));
        const rows = (page: Page) =>
          store.balances.listTransfers(operatorId, id, { currency, from, to }, page);
        await answerList(req, res, query, { rows, view: transferView, schema: answers.transfer });
      },
    ],
  });
}
