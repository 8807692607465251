// Routes of actions on everything that is stuck: retry, give up, acknowledge, pause; their list,
// their progress, and their end.
import type { Request, Response, Router } from 'express';
import type { StuckAction } from '../../domain/delivery/stuck.ts';
import { newId } from '../../store/db/ids.ts';
import type { StuckFilter } from '../../store/delivery/stuck-condition.ts';
import type { Store } from '../../store/index.ts';
import { requireAffiliate } from '../http/affiliate-lookup.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { listOf, plainPage } from '../http/lists.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { comesTrueWithin, waitOf } from '../http/prefer.ts';
import { invalid, read } from '../http/read.ts';
import type { Temporal } from '../temporal.ts';
import { stuckActionView } from './stuck-actions.answers.ts';
import * as answers from './stuck-actions.answers.ts';
import { filterOf, newStuckAction, stuckFilter } from './stuck.schema.ts';

type Deps = {
  store: Pick<Store, 'stuck' | 'affiliates' | 'endpoints'>;
  auth: Auth;
  temporal: Pick<Temporal, 'workflowUrl' | 'startJob' | 'cancelJob'>;
};

/** Actions by the last part of their paths. */
export const ACTION_PATHS = {
  retry: 'retry',
  'give-up': 'give_up',
  acknowledge: 'acknowledge',
  pause: 'pause',
} as const satisfies Record<string, StuckAction>;

export function addStuckActionRoutes(router: Router, { store, auth, temporal }: Deps): void {
  const find = async (operatorId: string, id: string) => {
    const action = await store.stuck.findAction(operatorId, id);
    if (action === null) throw notFound('action');
    return action;
  };
  const view = (row: Awaited<ReturnType<typeof find>>) => stuckActionView(row, temporal.workflowUrl);

  async function requireKnown(operatorId: string, { affiliateId, endpointId }: StuckFilter) {
    await requireAffiliate(store, operatorId, affiliateId, 'affiliate_id');
    if (endpointId !== null && (await store.endpoints.find(operatorId, endpointId)) === null)
      throw invalid([
        { path: 'endpoint_id', code: 'unknown_endpoint', message: 'there is no such endpoint' },
      ]);
  }

  async function act(action: StuckAction, req: Request, res: Response): Promise<void> {
    const operatorId = callerOf(res).operator.id;
    const {
      dry_run: isDryRun,
      all: _,
      ...wire
    } = read(newStuckAction, { ...read(stuckFilter, req.query), ...(req.body as object) });
    const filter = filterOf(wire);
    await requireKnown(operatorId, filter);
    const { id } = await store.stuck.insertAction(operatorId, { id: newId('act'), action, filter, isDryRun });
    if (!isDryRun) await temporal.startJob(operatorId, { kind: 'stuckAction', id, action });
    const waitSeconds = isDryRun ? 0 : waitOf(req);
    const isOver = async () => (await find(operatorId, id)).state !== 'running';
    if (await comesTrueWithin(waitSeconds, res, isOver))
      res.setHeader('preference-applied', `wait=${waitSeconds}`);
    res.status(202).json(view(await find(operatorId, id)));
  }

  for (const [path, action] of Object.entries(ACTION_PATHS))
    addPath(router, `/v1/stuck/${path}`, {
      post: [auth.scope('manage'), ...jsonBody, (req, res) => act(action, req, res)],
    });

  addPath(router, '/v1/stuck/actions', {
    get: [auth.scope('read'), listOf(plainPage, store.stuck.listActions, view, answers.stuckAction)],
  });

  addPath(router, '/v1/stuck/actions/:id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        res.json(view(await find(callerOf(res).operator.id, idFromPath(req, 'action'))));
      },
    ],
    delete: [
      auth.scope('manage'),
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const found = await find(operatorId, idFromPath(req, 'action'));
        await temporal.cancelJob(operatorId, { kind: 'stuckAction', ...found });
        const after = await find(operatorId, found.id);
        if (after.state === 'done') throw new ApiError('not_possible', 'this action is done already');
        res.json(view(after));
      },
    ],
  });
}
