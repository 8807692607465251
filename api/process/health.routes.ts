// Routes of health checks: liveness, and readiness with the state of PostgreSQL and Temporal. A
// process that stops says so while it still takes requests.
import type { Router } from 'express';
import type { Store } from '../../store/index.ts';
import { addPath } from '../http/path.ts';
import type { Temporal } from '../temporal.ts';

type Deps = {
  store: Pick<Store, 'isReachable'>;
  temporal: Pick<Temporal, 'isReachable'>;
  /** Aborted when the process begins to stop. */
  stopping: AbortSignal;
};

export function addHealthRoutes(router: Router, { store, temporal, stopping }: Deps): void {
  addPath(router, '/healthz', {
    get: [(_req, res) => void res.json({ status: 'ok' })],
  });

  addPath(router, '/readyz', {
    get: [
      async (_req, res) => {
        const [hasPostgres, hasTemporal] = await Promise.all([store.isReachable(), temporal.isReachable()]);
        // Without Temporal events are stored, and the sweep starts them later.
        const able = !hasPostgres ? 'unavailable' : hasTemporal ? 'ready' : 'degraded';
        const status = stopping.aborted ? 'stopping' : able;
        res
          .status(status === 'ready' || status === 'degraded' ? 200 : 503)
          .json({ status, postgres: wordFor(hasPostgres), temporal: wordFor(hasTemporal) });
      },
    ],
  });
}

function wordFor(isReachable: boolean): 'up' | 'down' {
  return isReachable ? 'up' : 'down';
}
