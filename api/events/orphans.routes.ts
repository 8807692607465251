// Routes of orphans: events without an affiliate, the reasons, and assignment by hand.
import type { Router } from 'express';
import type { Page } from '../../store/db/page.ts';
import type { Store } from '../../store/index.ts';
import { requireOpenAffiliate } from '../http/affiliate-lookup.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { isId } from '../http/fields.ts';
import { answerList } from '../http/lists.ts';
import { addPath } from '../http/path.ts';
import { invalid, read } from '../http/read.ts';
import type { Temporal } from '../temporal.ts';
import { event } from './events.answers.ts';
import { eventView } from './events.views.ts';
import { assignment, orphanFilter } from './orphans.schema.ts';

type Deps = {
  store: Pick<Store, 'events' | 'orphans' | 'affiliates'>;
  auth: Auth;
  temporal: Pick<Temporal, 'rematchSoon'>;
};

export function addOrphanRoutes(router: Router, { store, auth, temporal }: Deps): void {
  addPath(router, '/v1/orphans', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const query = read(orphanFilter, req.query);
        const operatorId = callerOf(res).operator.id;
        const rows = (page: Page) => store.events.listOrphans(operatorId, query.reason ?? null, page);
        const counts = async () => ({ counts: await store.orphans.count(operatorId) });
        await answerList(req, res, query, { rows, view: eventView, schema: event }, counts);
      },
    ],
  });

  addPath(router, '/v1/orphans/:event_id/assign', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const { operator, key } = callerOf(res);
        const eventId = req.params['event_id'];
        if (typeof eventId !== 'string' || !isId(eventId)) throw notFound('event');
        const { affiliate_id: affiliateId, from = null } = read(assignment, req.body);
        await requireOpenAffiliate(store, operator.id, affiliateId, 'affiliate_id');
        const given = { eventId, affiliateId, from, actor: key.id };
        const assigned = await store.orphans.assign(operator.id, given);
        if (assigned === 'not_found') throw notFound('event');
        if (assigned === 'conflict')
          throw new ApiError('conflict', 'the event was given to another affiliate, or since another time');
        if (assigned === 'too_late')
          throw invalid([
            { path: 'from', code: 'invalid_time', message: 'must not be later than the event occurred' },
          ]);
        if (assigned === 'not_orphaned')
          throw new ApiError('not_possible', 'only an orphan that lacks an affiliate can be given to one');
        // The assignment binds the customer, so the customer's other orphans can be matched.
        temporal.rematchSoon(operator.id);
        res.status(202).json({ id: eventId, status: 'assigned', affiliate_id: affiliateId });
      },
    ],
  });
}
