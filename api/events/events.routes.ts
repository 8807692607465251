// Events in, one or many, and events as they are now.
import type { Request, Router } from 'express';
import type { Store } from '../../store/index.ts';
import type { ContentRepeat } from '../../store/intake/content-keys.ts';
import {
  answerBatch,
  answerOne,
  rehearseBatch,
  rehearseOne,
  rulesOf,
  traceOf,
  type AcceptanceDeps,
} from './acceptance.ts';
import { callerOf, type Auth } from '../http/auth.ts';
import { batchBody, eventBody } from '../http/body.ts';
import { notFound } from '../http/errors.ts';
import { answerPage } from '../http/lists.ts';
import { addResource, idOf } from '../http/resource.ts';
import { batchOf } from './event-batch.ts';
import { readEvent } from './events.schema.ts';
import { plainPage } from '../http/fields.ts';
import { eventFilter, sendingOptions } from './lists.schema.ts';
import { read } from '../http/read.ts';
import { eventView } from './event-views.ts';

type Deps = AcceptanceDeps & { store: Pick<Store, 'events' | 'traces' | 'contentRepeats'>; auth: Auth };

export function addEventRoutes(router: Router, deps: Deps): void {
  const { store, auth } = deps;

  addResource(router, '/v1/events', {
    post: [
      auth.scope('events:write'),
      ...eventBody,
      auth.signed,
      (req, res) => {
        const reading = readEvent(req.body, rulesOf(callerOf(res), 'json'), Date.now());
        return isDryRun(req) ? rehearseOne(res, reading, deps) : answerOne(req, res, reading, deps);
      },
    ],
    get: [
      auth.scope('read'),
      async (req, res) => {
        const query = read(eventFilter, req.query);
        const {
          customer_id: customerId = null,
          status = null,
          event: type = null,
          from = null,
          to = null,
        } = query;
        const filter = { customerId, status, type, from, to };
        res.json(
          await answerPage(
            query,
            (page) => store.events.list(callerOf(res).operator.id, filter, page),
            eventView,
          ),
        );
      },
    ],
  });

  addResource(router, '/v1/events/batch', {
    post: [
      auth.scope('events:write'),
      ...batchBody,
      auth.signed,
      (req, res) => {
        const lines = batchOf(req.body);
        return isDryRun(req) ? rehearseBatch(res, lines, deps) : answerBatch(req, res, lines, deps);
      },
    ],
  });

  addResource(router, '/v1/events/:id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const trace = await traceOf(callerOf(res).operator.id, idOf(req, 'event'), deps);
        if (trace === null) throw notFound('event');
        res.json(trace);
      },
    ],
  });

  addResource(router, '/v1/repeats', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const query = read(plainPage, req.query);
        res.json(
          await answerPage(
            query,
            (page) => store.contentRepeats.list(callerOf(res).operator.id, page),
            repeatView,
          ),
        );
      },
    ],
  });
}

/** Most requests have no query, and pay nothing for it. */
function isDryRun(req: Request): boolean {
  return req.url.includes('?') && read(sendingOptions, req.query).dry_run;
}

/** An event that was sent again without a transaction id, and taken for itself because nothing in it differed. */
function repeatView({ id, times, firstAt, lastAt }: ContentRepeat) {
  return { event_id: id, times, first_at: firstAt, last_at: lastAt };
}
