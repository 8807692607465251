// Routes of events that were set aside: what they lack, retry settlement, or reject for good.
import type { Request, Response, Router } from 'express';
import { describeSetAside } from '../../domain/settlement/set-aside.ts';
import type { Store } from '../../store/index.ts';
import type { SetAsideActionResult } from '../../store/settlement/set-aside.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { isId } from '../http/fields.ts';
import { answerWhole } from '../http/lists.ts';
import { addPath } from '../http/path.ts';
import type { Temporal } from '../temporal.ts';
import { groupView, setAsideGroup } from './set-aside.answers.ts';

type Deps = {
  store: Pick<Store, 'setAside'>;
  auth: Auth;
  temporal: Pick<Temporal, 'retrySetAside'>;
};

export function addSetAsideRoutes(router: Router, { store, auth, temporal }: Deps): void {
  addPath(router, '/v1/set-aside', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const groups = await store.setAside.groups(callerOf(res).operator.id);
        answerWhole(req, res, { schema: setAsideGroup, rows: groups.map(groupView) });
      },
    ],
  });

  addPath(router, '/v1/set-aside/:event_id/retry', {
    post: [
      auth.scope('manage'),
      async (req, res) => {
        const { operatorId, eventId } = eventOf(req, res);
        const { reason, group } = doneOf(await store.setAside.wantRetry(operatorId, eventId));
        void temporal.retrySetAside(operatorId, [reason]);
        const lacking = describeSetAside(reason, group);
        res.status(202).json({ id: eventId, status: 'retrying', reason, lacking });
      },
    ],
  });

  addPath(router, '/v1/set-aside/:event_id/dismiss', {
    post: [
      auth.scope('manage'),
      async (req, res) => {
        const { operatorId, eventId } = eventOf(req, res);
        const { reason } = doneOf(await store.setAside.dismiss(operatorId, eventId));
        res.json({ id: eventId, status: 'rejected', reason });
      },
    ],
  });
}

/** The caller's operator, and the event id of the path. Throws `not_found` for a malformed id. */
function eventOf(req: Request, res: Response): { operatorId: string; eventId: string } {
  const eventId = req.params['event_id'];
  if (typeof eventId !== 'string' || !isId(eventId)) throw notFound('event');
  return { operatorId: callerOf(res).operator.id, eventId };
}

function doneOf<Done>(result: SetAsideActionResult<Done>): Done {
  if (result === 'not_found') throw notFound('event');
  if (result === 'not_set_aside') throw new ApiError('not_possible', 'the event is not set aside');
  return result;
}
