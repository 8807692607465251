// Whether this process lives, and whether it can take events.
import type { Router } from 'express';
import type { Store } from '../../store/index.ts';
import { addResource } from '../http/resource.ts';
import type { Temporal } from '../temporal.ts';

type Deps = { store: Pick<Store, 'isReachable'>; temporal: Pick<Temporal, 'isReachable'> };

export function addHealthRoutes(router: Router, { store, temporal }: Deps): void {
  addResource(router, '/healthz', {
    get: [(_req, res) => void res.json({ status: 'ok' })],
  });

  addResource(router, '/readyz', {
    get: [
      async (_req, res) => {
        const [hasPostgres, hasTemporal] = await Promise.all([store.isReachable(), temporal.isReachable()]);
        // Without Temporal events are kept, and started by the sweep when it is back.
        const status = !hasPostgres ? 'unavailable' : hasTemporal ? 'ready' : 'degraded';
        res
          .status(hasPostgres ? 200 : 503)
          .json({ status, postgres: wordFor(hasPostgres), temporal: wordFor(hasTemporal) });
      },
    ],
  });
}

function wordFor(isReachable: boolean): 'up' | 'down' {
  return isReachable ? 'up' : 'down';
}
