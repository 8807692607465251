// Replays: postbacks that are finished, or wait for their next try, sent again by a filter.
import type { Router } from 'express';
import { newId } from '../../store/db/ids.ts';
import type { Store } from '../../store/index.ts';
import type { Replay, ReplayProgress } from '../../store/delivery/replays.ts';
import { callerOf, type Auth } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { answerPage } from '../http/lists.ts';
import { addResource, idOf } from '../http/resource.ts';
import { plainPage } from '../http/fields.ts';
import { invalid, read } from '../http/read.ts';
import { newReplay } from './replays.schema.ts';
import type { Temporal } from '../temporal.ts';
import { requireAffiliate } from '../http/affiliate-lookup.ts';

type Deps = {
  store: Pick<Store, 'replays' | 'endpoints' | 'affiliates'>;
  auth: Auth;
  temporal: Pick<Temporal, 'startReplay' | 'cancelReplay'>;
};

export function addReplayRoutes(router: Router, { store, auth, temporal }: Deps): void {
  const find = async (operatorId: string, id: string): Promise<ReplayProgress> => {
    const replay = await store.replays.find(operatorId, id);
    if (replay === null) throw notFound('replay');
    return replay;
  };

  addResource(router, '/v1/replays', {
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
        if (replay.state === 'running') await temporal.startReplay(operatorId, replay.id);
        res.status(202).json(replayView(replay));
      },
    ],
    get: [
      auth.scope('read'),
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        res.json(
          await answerPage(
            read(plainPage, req.query),
            (page) => store.replays.list(operatorId, page),
            replayView,
          ),
        );
      },
    ],
  });

  addResource(router, '/v1/replays/:id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        res.json(progressView(await find(callerOf(res).operator.id, idOf(req, 'replay'))));
      },
    ],
    delete: [
      auth.scope('manage'),
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const id = idOf(req, 'replay');
        await temporal.cancelReplay(operatorId, id);
        const replay = await find(operatorId, id);
        if (replay.state === 'done') throw new ApiError('not_possible', 'this replay is done already');
        res.json(progressView(replay));
      },
    ],
  });
}

function replayView(replay: Replay) {
  return {
    id: replay.id,
    state: replay.state,
    total: replay.total,
    released: replay.released,
    endpoint_id: replay.endpointId,
    affiliate_id: replay.affiliateId,
    from: replay.from,
    to: replay.to,
    states: replay.states,
    rate_per_second: replay.ratePerSecond,
    dry_run: replay.isDryRun,
    created_at: replay.createdAt,
    finished_at: replay.finishedAt,
  };
}

/** What became of those it released, as far as no later replay took them over. */
function progressView(replay: ReplayProgress) {
  return {
    ...replayView(replay),
    delivered: replay.delivered,
    waiting: replay.waiting,
    gave_up: replay.gaveUp,
  };
}
