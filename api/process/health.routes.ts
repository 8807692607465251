// Whether this process lives, and whether it can take events.
import type { Router } from 'express';
import type { Store } from '../../store/index.ts';
import { addResource } from '../http/resource.ts';
import type { Starter } from '../temporal.ts';

type Deps = { store: Pick<Store, 'isReachable'>; starter: Pick<Starter, 'isReachable'> };

export function addHealthRoutes(router: Router, { store, starter }: Deps): void {
  addResource(router, '/healthz', {
    get: [(_req, res) => void res.json({ status: 'ok' })],
  });

  addResource(router, '/readyz', {
    get: [
      async (_req, res) => {
        const [postgres, temporal] = await Promise.all([store.isReachable(), starter.isReachable()]);
        // Without Temporal events are kept, and started by the sweep when it is back.
        const status = !postgres ? 'unavailable' : temporal ? 'ready' : 'degraded';
        res
          .status(postgres ? 200 : 503)
          .json({ status, postgres: wordFor(postgres), temporal: wordFor(temporal) });
      },
    ],
  });
}

function wordFor(isReachable: boolean): 'up' | 'down' {
  return isReachable ? 'up' : 'down';
}
