// Routes of event types: an operator's own names for standard events.
import type { Router } from 'express';
import { newId } from '../../store/db/ids.ts';
import type { Store } from '../../store/index.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { text } from '../http/fields.ts';
import { listOf, plainPage } from '../http/lists.ts';
import { addPath } from '../http/path.ts';
import { invalid, read } from '../http/read.ts';
import { eventTypeView } from './event-types.answers.ts';
import * as answers from './event-types.answers.ts';
import { newEventType } from './event-types.schema.ts';

/** Names are loaded with every caller, so their number is bounded. */
const NAMES_AT_MOST = 200;
const nameOrId = text(64);

export function addEventTypeRoutes(
  router: Router,
  { store, auth }: { store: Pick<Store, 'eventTypes'>; auth: Auth },
): void {
  addPath(router, '/v1/event-types', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const { name, standard } = read(newEventType, req.body);
        if ((await store.eventTypes.count(operatorId)) >= NAMES_AT_MOST)
          throw invalid([
            { path: 'name', code: 'too_many', message: `there may be at most ${NAMES_AT_MOST} names` },
          ]);
        const id = newId('typ');
        const kept = await store.eventTypes.insert(operatorId, { id, name, standard });
        if (kept.standard !== standard)
          throw new ApiError('conflict', `this name stands for ${kept.standard} already`);
        auth.forget();
        res.status(kept.id === id ? 201 : 200).json(eventTypeView(kept));
      },
    ],
    get: [auth.scope('read'), listOf(plainPage, store.eventTypes.list, eventTypeView, answers.eventType)],
  });

  addPath(router, '/v1/event-types/:name', {
    delete: [
      auth.scope('manage'),
      async (req, res) => {
        const given = nameOrId.safeParse(req.params['name']);
        if (!given.success || !(await store.eventTypes.remove(callerOf(res).operator.id, given.data)))
          throw notFound('event type');
        auth.forget();
        res.status(204).end();
      },
    ],
  });
}
