// Route of metrics for Prometheus: open to loopback and private addresses, or with the
// administrator token.
import type { Request, Router } from 'express';
import type { ApiConfig } from '../../config.ts';
import { isWithin } from '../http/addresses.ts';
import type { Auth } from '../http/auth.ts';
import { addPath } from '../http/path.ts';
import type { ApiMetrics } from './metrics.ts';

type Deps = {
  auth: Auth;
  metrics: Pick<ApiMetrics, 'contentType' | 'read'>;
  config: Pick<ApiConfig, 'trustProxy'>;
};

/** Loopback and private networks. */
const NEAR = [
  '127.0.0.0/8',
  '::1/128',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  'fc00::/7',
  'fe80::/10',
];

export function addMetricsRoute(router: Router, { auth, metrics, config }: Deps): void {
  addPath(router, '/metrics', {
    get: [
      (req, res, next) => (isNear(req, config.trustProxy) ? next() : auth.admin(req, res, next)),
      async (_req, res) => void res.type(metrics.contentType).send(await metrics.read()),
    ],
  });
}

/** An untrusted proxy hides the caller: the proxy's own address must not open the metrics. */
function isNear(req: Request, trustProxy: unknown): boolean {
  const isForwarded = req.headers['x-forwarded-for'] !== undefined || req.headers.forwarded !== undefined;
  return (trustProxy !== false || !isForwarded) && isWithin(NEAR, req.ip ?? '');
}
