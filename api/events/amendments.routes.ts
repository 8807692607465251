// Route of amendments: stores corrected values of an event, which the operator's workflow then
// books.
import type { Router } from 'express';
import type { Store } from '../../store/index.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { eventBody } from '../http/body.ts';
import { notFound } from '../http/errors.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import type { Temporal } from '../temporal.ts';
import { comesTrueWithin, traceOf, waitOf } from './acceptance.ts';
import { amended, amendment } from './amendments.schema.ts';

type Deps = {
  store: Pick<Store, 'amendments' | 'traces'>;
  auth: Auth;
  temporal: Pick<Temporal, 'applyAmendments' | 'workflowUrl'>;
};

export function addAmendmentRoutes(router: Router, deps: Deps): void {
  const { store, auth, temporal } = deps;

  addPath(router, '/v1/events/:id/amend', {
    post: [
      auth.scope('events:write'),
      ...eventBody,
      auth.signed,
      async (req, res) => {
        const { operator, key } = callerOf(res);
        const id = idFromPath(req, 'event');
        const form = read(amendment, req.body);
        const by = { actor: key.id, reason: form.reason ?? null };
        const kept = await store.amendments.insert(operator.id, id, by, (event) => amended(event, form));
        if (kept === null) throw notFound('event');
        const { kind: status, number } = kept;
        if (status === 'accepted') void temporal.applyAmendments(operator.id);
        const isApplied = () => store.amendments.isApplied(operator.id, id, number);
        const seconds = status === 'accepted' ? waitOf(req) : 0;
        if (await comesTrueWithin(seconds, res, isApplied)) {
          res.setHeader('preference-applied', `wait=${seconds}`).json(await traceOf(operator.id, id, deps));
          return;
        }
        res.status(status === 'accepted' ? 202 : 200).json({ id, status, version: number });
      },
    ],
  });
}
