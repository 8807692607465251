// Route of endpoint tests: sends a test postback and reports each phase. Changes nothing, so paused
// and disabled endpoints can be tested too.
import type { Router } from 'express';
import type { Preflight } from '../../delivery/preflight.ts';
import { testBodyOf } from '../../domain/delivery/bodies.ts';
import { newId } from '../../store/db/ids.ts';
import type { Store } from '../../store/index.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { trialView } from './endpoint-test.answers.ts';

type Deps = {
  store: Pick<Store, 'endpoints' | 'endpointSecrets'>;
  auth: Auth;
  preflight: Pick<Preflight, 'run'>;
};

/** Concurrent tests of one operator, or one affiliate, in each API process: each may take 15 s. */
const AT_ONCE = 2;

export function addEndpointTestRoute(router: Router, { store, auth, preflight }: Deps): void {
  const running = new Map<string, number>();

  /** Runs `work` within the caller's limit. Throws `rate_limited` beyond it. */
  async function inPlace<T>(callerId: string, work: () => Promise<T>): Promise<T> {
    const count = running.get(callerId) ?? 0;
    if (count >= AT_ONCE)
      throw new ApiError(
        'rate_limited',
        `${AT_ONCE} endpoint tests are under way; wait for one of them to end`,
      );
    running.set(callerId, count + 1);
    try {
      return await work();
    } finally {
      const left = running.get(callerId)! - 1;
      if (left === 0) running.delete(callerId);
      else running.set(callerId, left);
    }
  }

  addPath(router, '/v1/endpoints/:id/test', {
    post: [
      auth.scope('manage'),
      async (req, res) => {
        const { operator, affiliate } = callerOf(res);
        const { id: operatorId, currency } = operator;
        const id = idFromPath(req, 'endpoint');
        const trial = await inPlace(affiliate?.id ?? operatorId, async () => {
          const endpoint = await store.endpoints.find(operatorId, id);
          if (endpoint === null) throw notFound('endpoint');
          const secrets = await store.endpointSecrets.live(operatorId, id);
          const body = testBodyOf(endpoint, { currency, timestamp: new Date() });
          return await preflight.run(
            { id: newId('test'), type: 'endpoint.test', body, try: 1 },
            { ...endpoint, secrets },
          );
        });
        res.json(trialView(trial));
      },
    ],
  });
}
