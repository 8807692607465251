// Route of one transfer of the ledger.
import type { Router } from 'express';
import type { Store } from '../../store/index.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { notFound } from '../http/errors.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { wholeTransferView } from './transfers.answers.ts';

type Deps = { store: Pick<Store, 'transfers'>; auth: Auth };

export function addTransferRoutes(router: Router, { store, auth }: Deps): void {
  addPath(router, '/v1/transfers/:id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const found = await store.transfers.find(callerOf(res).operator.id, idFromPath(req, 'transfer'));
        if (found === null) throw notFound('transfer');
        res.json(wholeTransferView(found));
      },
    ],
  });
}
