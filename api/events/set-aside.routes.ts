// The buttons of an event that was set aside: settle it again, or reject it for good.
import type { Request, Response, Router } from 'express';
import type { Store } from '../../store/index.ts';
import type { Pressed } from '../../store/settlement/set-aside.ts';
import { callerOf, type Auth } from '../http/auth.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { addResource } from '../http/resource.ts';
import { isId } from '../http/fields.ts';
import type { Temporal } from '../temporal.ts';

type Deps = {
  store: Pick<Store, 'setAside'>;
  auth: Auth;
  temporal: Pick<Temporal, 'retrySetAside' | 'wakeSetAside'>;
};

export function addSetAsideRoutes(router: Router, { store, auth, temporal }: Deps): void {
  addResource(router, '/v1/set-aside/:event_id/retry', {
    post: [
      auth.scope('manage'),
      async (req, res) => {
        const { operatorId, eventId } = eventOf(req, res);
        const reason = reasonOf(await store.setAside.wantRetry(operatorId, eventId));
        void temporal.retrySetAside(operatorId, [reason]);
        res.status(202).json({ id: eventId, status: 'retrying', reason });
      },
    ],
  });

  addResource(router, '/v1/set-aside/:event_id/dismiss', {
    post: [
      auth.scope('manage'),
      async (req, res) => {
        const { operatorId, eventId } = eventOf(req, res);
        const reason = reasonOf(await store.setAside.dismiss(operatorId, eventId));
        void temporal.wakeSetAside(operatorId, reason);
        res.json({ id: eventId, status: 'rejected', reason });
      },
    ],
  });
}

/** The caller and the event in the path. Throws `not_found` for what cannot be one. */
function eventOf(req: Request, res: Response): { operatorId: string; eventId: string } {
  const eventId = req.params['event_id'];
  if (typeof eventId !== 'string' || !isId(eventId)) throw notFound('event');
  return { operatorId: callerOf(res).operator.id, eventId };
}

function reasonOf(pressed: Pressed): string {
  if (pressed === 'not_found') throw notFound('event');
  if (pressed === 'not_set_aside') throw new ApiError('not_possible', 'the event is not set aside');
  return pressed.reason;
}
