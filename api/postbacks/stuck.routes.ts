// Routes of stuck postbacks: what is stuck, in one call.
import type { Router } from 'express';
import type { Store } from '../../store/index.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { answerWhole } from '../http/lists.ts';
import { addPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import type { Temporal } from '../temporal.ts';
import { stuckGroup, stuckView } from './stuck.answers.ts';
import { filterOf, stuckQuery } from './stuck.schema.ts';

type Deps = {
  store: Pick<Store, 'stuck'>;
  auth: Auth;
  temporal: Pick<Temporal, 'workflowUrl' | 'workflowsUrl'>;
};

export function addStuckRoutes(router: Router, { store, auth, temporal }: Deps): void {
  addPath(router, '/v1/stuck', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const { group: by, order, limit, ...wire } = read(stuckQuery, req.query);
        const found = await store.stuck.find(operatorId, filterOf(wire), { by, order, limit });
        const { data: rows, total } = stuckView(found, { operatorId, by, temporal });
        answerWhole(req, res, { schema: stuckGroup, rows, beside: { total } });
      },
    ],
  });
}
