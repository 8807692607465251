// Route of progress: customers of an affiliate who are on their way to a CPA.
import type { Router } from 'express';
import type { Page } from '../../store/db/page.ts';
import type { Store } from '../../store/index.ts';
import { findAffiliate } from '../http/affiliate-lookup.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { answerList, plainPage } from '../http/lists.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import { progress, progressView } from './progress.answers.ts';

type Deps = { store: Pick<Store, 'affiliates' | 'customerProgress'>; auth: Auth };

export function addProgressRoutes(router: Router, { store, auth }: Deps): void {
  addPath(router, '/v1/affiliates/:id/progress', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const query = read(plainPage, req.query);
        const operatorId = callerOf(res).operator.id;
        const { id } = await findAffiliate(store, operatorId, idFromPath(req, 'affiliate'));
        const rows = (page: Page) => store.customerProgress.list(operatorId, id, page);
        await answerList(req, res, query, { rows, view: progressView, schema: progress });
      },
    ],
  });
}
