// Route of the upcoming money of an affiliate.
import type { Router } from 'express';
import type { Store } from '../../store/index.ts';
import { findAffiliate } from '../http/affiliate-lookup.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { upcomingView } from './upcoming.answers.ts';

type Deps = { store: Pick<Store, 'affiliates' | 'upcoming'>; auth: Auth };

export function addUpcomingRoutes(router: Router, { store, auth }: Deps): void {
  addPath(router, '/v1/affiliates/:id/upcoming', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const { operator } = callerOf(res);
        const { id } = await findAffiliate(store, operator.id, idFromPath(req, 'affiliate'));
        res.json(upcomingView(await store.upcoming.find(operator.id, id), operator));
      },
    ],
  });
}
