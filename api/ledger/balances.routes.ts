// Routes of an affiliate's money: its balances, and every transfer.
import type { Router } from 'express';
import type { Page } from '../../store/db/page.ts';
import type { Store } from '../../store/index.ts';
import { findAffiliate } from '../http/affiliate-lookup.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { answerPage } from '../http/lists.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import { balanceView, transferView } from './balances.answers.ts';
import { ledgerFilter } from './balances.schema.ts';

type Deps = { store: Pick<Store, 'affiliates' | 'balances'>; auth: Auth };

export function addBalanceRoutes(router: Router, { store, auth }: Deps): void {
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
        res.json(await answerPage(query, rows, transferView));
      },
    ],
  });
}
