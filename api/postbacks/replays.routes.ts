// Routes of replays: sends finished or waiting postbacks again, chosen by a filter.
import type { Router } from 'express';
import { newId } from '../../store/db/ids.ts';
import type { ReplayProgress } from '../../store/delivery/replays.ts';
import type { Store } from '../../store/index.ts';
import { requireAffiliate } from '../http/affiliate-lookup.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { listOf } from '../http/lists.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { invalid, read } from '../http/read.ts';
import type { Temporal } from '../temporal.ts';
import { progressView, replayView } from './replays.answers.ts';
import * as answers from './replays.answers.ts';
import { newReplay, replayFilter } from './replays.schema.ts';

type Deps = {
  store: Pick<Store, 'replays' | 'endpoints' | 'affiliates'>;
  auth: Auth;
  temporal: Pick<Temporal, 'startJob' | 'cancelJob'>;
};

export function addReplayRoutes(router: Router, { store, auth, temporal }: Deps): void {
  const find = async (operatorId: string, id: string): Promise<ReplayProgress> => {
    const replay = await store.replays.find(operatorId, id);
    if (replay === null) throw notFound('replay');
    return replay;
  };

  addPath(router, '/v1/replays', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const wire = read(newReplay, req.body);
        const {
          endpoint_id: endpointId = null,
          affiliate_id: affiliateId = null,
          from = null,
          to = null,
          states,
        } = wire;
        await requireAffiliate(store, operatorId, affiliateId, 'affiliate_id');
        if (endpointId !== null && (await store.endpoints.find(operatorId, endpointId)) === null)
          throw invalid([
            { path: 'endpoint_id', code: 'unknown_endpoint', message: 'there is no such endpoint' },
          ]);
        const filter = { endpointId, affiliateId, from, to, states };
        const options = { ratePerSecond: wire.rate_per_second ?? null, isDryRun: wire.dry_run };
        const replay = await store.replays.insert(operatorId, newId('rpl'), filter, options);
        if (replay.state === 'running')
          await temporal.startJob(operatorId, { kind: 'replay', id: replay.id });
        res.status(202).json(replayView(replay));
      },
    ],
    get: [
      auth.scope('read'),
      listOf(
        replayFilter,
        (operatorId, page, { endpoint_id: endpointId = null, dry_run: isDryRun = null }) =>
          store.replays.list(operatorId, { endpointId, isDryRun }, page),
        replayView,
        answers.replay,
      ),
    ],
  });

  addPath(router, '/v1/replays/:id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        res.json(progressView(await find(callerOf(res).operator.id, idFromPath(req, 'replay'))));
      },
    ],
    delete: [
      auth.scope('manage'),
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const id = idFromPath(req, 'replay');
        await temporal.cancelJob(operatorId, { kind: 'replay', id });
        const replay = await find(operatorId, id);
        if (replay.state === 'done') throw new ApiError('not_possible', 'this replay is done already');
        res.json(progressView(replay));
      },
    ],
  });
}
