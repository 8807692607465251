// Routes of events: sending one or a batch, the list, the trace of one event.
import type { Request, Router } from 'express';
import type { Store } from '../../store/index.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { batchBody, eventBody } from '../http/body.ts';
import { notFound } from '../http/errors.ts';
import { listOf } from '../http/lists.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import {
  type AcceptanceDeps,
  answerBatch,
  answerOne,
  dryRunBatch,
  dryRunOne,
  rulesOf,
  traceOf,
} from './acceptance.ts';
import { batchOf } from './event-batch.ts';
import { eventFilter, sendingOptions } from './events.schema.ts';
import { readEvent } from './read-event.ts';
import * as answers from './events.answers.ts';
import { eventView } from './events.views.ts';
type Deps = AcceptanceDeps & { store: Pick<Store, 'events' | 'traces' | 'contentRepeats'>; auth: Auth };

export function addEventRoutes(router: Router, deps: Deps): void {
  const { store, auth } = deps;

  addPath(router, '/v1/events', {
    post: [
      auth.scope('events:write', { sends: true }),
      ...eventBody,
      auth.signed,
      (req, res) => {
        const reading = readEvent(req.body, rulesOf(callerOf(res), 'json'), Date.now());
        return isDryRun(req) ? dryRunOne(res, reading, deps) : answerOne(req, res, reading, deps);
      },
    ],
    get: [
      auth.scope('read'),
      listOf(
        eventFilter,
        (operatorId, page, query) => {
          const {
            transaction_id: transactionId = null,
            customer_id: customerId = null,
            click_id: clickId = null,
            affiliate_id: affiliateId = null,
            status = null,
            event: type = null,
            from = null,
            to = null,
          } = query;
          const filter = { transactionId, customerId, clickId, affiliateId, status, type, from, to };
          return store.events.list(operatorId, filter, page);
        },
        eventView,
        answers.event,
      ),
    ],
  });

  addPath(router, '/v1/events/batch', {
    post: [
      auth.scope('events:write', { sends: true }),
      ...batchBody,
      auth.signed,
      (req, res) => {
        const lines = batchOf(req.body);
        return isDryRun(req) ? dryRunBatch(res, lines, deps) : answerBatch(req, res, lines, deps);
      },
    ],
  });

  addPath(router, '/v1/events/:id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const trace = await traceOf(callerOf(res).operator.id, idFromPath(req, 'event'), deps);
        if (trace === null) throw notFound('event');
        res.json(trace);
      },
    ],
  });
}

/** Most requests have no query, and pay nothing for it. */
function isDryRun(req: Request): boolean {
  return req.url.includes('?') && read(sendingOptions, req.query).dry_run;
}
