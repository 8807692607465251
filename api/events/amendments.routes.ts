// Routes of amendments: store corrected values of an event, or a person's decision about it, which
// the operator's workflow then books.
import type { RequestHandler, Router } from 'express';
import type { AmendableEvent, AmendableValues } from '../../store/agreements/amendments.ts';
import type { Store } from '../../store/index.ts';
import type { Caller } from '../../store/access/callers.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { decisionBody, eventBody } from '../http/body.ts';
import { notFound } from '../http/errors.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { comesTrueWithin, waitOf } from '../http/prefer.ts';
import { read } from '../http/read.ts';
import type { Temporal } from '../temporal.ts';
import { traceOf } from './acceptance.ts';
import { amended, amendment, decided, DECISIONS, decision, withdrawal } from './amendments.schema.ts';

type Deps = {
  store: Pick<Store, 'amendments' | 'traces'>;
  auth: Auth;
  temporal: Pick<Temporal, 'applyAmendments' | 'workflowUrl'>;
};

export function addAmendmentRoutes(router: Router, deps: Deps): void {
  const { auth } = deps;
  const amendBy = amending(deps);

  addPath(router, '/v1/events/:id/amend', {
    post: [
      auth.scope('events:write'),
      ...eventBody,
      auth.signed,
      amendBy((body, { currencies }) => {
        const form = read(amendment, body);
        return { reason: form.reason ?? null, amend: (event) => amended(event, form, currencies) };
      }),
    ],
  });
  for (const name of DECISIONS)
    addPath(router, `/v1/events/:id/${name}`, {
      post: [
        auth.scope('events:write'),
        ...decisionBody,
        auth.signed,
        amendBy((body) => {
          const form = read(name.startsWith('un') ? withdrawal : decision, body ?? {});
          return { reason: form.reason ?? null, amend: (event) => decided(event, name) };
        }),
      ],
    });
}

/** A request to amend: why, and the event's values after it. */
type Amending = { reason: string | null; amend: (event: AmendableEvent) => AmendableValues };

/** Makes handlers that store an amendment, wake the workflow and answer. */
function amending(deps: Deps) {
  const { store, temporal } = deps;
  return (readForm: (body: unknown, caller: Caller) => Amending): RequestHandler =>
    async (req, res) => {
      const caller = callerOf(res);
      const { operator, key } = caller;
      const id = idFromPath(req, 'event');
      const { reason, amend } = readForm(req.body, caller);
      const kept = await store.amendments.insert(operator.id, id, { actor: key.id, reason }, amend);
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
    };
}
