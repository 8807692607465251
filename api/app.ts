// The API as an Express application: the steps that every request passes, and the routes of every
// resource. Listens to no port and makes nothing that needs closing.
import express, { type Express, type RequestHandler } from 'express';
import type { ApiConfig } from '../config.ts';
import type { Logger } from '../log.ts';
import { newId } from '../store/db/ids.ts';
import { createAdmission } from './http/admission.ts';
import type { Audit } from './http/audit.ts';
import { createAuth } from './http/auth.ts';
import { createSessionCookie } from './http/credentials.ts';
import { createErrorHandler, unknownRoute } from './http/errors.ts';
import { createOwnRules } from './http/own.ts';
import { createParametersCheck } from './http/parameters.ts';
import { createRateLimits } from './http/rate-limits.ts';
import { createRequestLog } from './http/request-log.ts';
import { createSecurityHeaders } from './http/security-headers.ts';
import { createSignatureCheck, type Signing } from './http/signatures.ts';
import { type ResourceDeps, RESOURCES } from './resources.ts';

export type AppDeps = Omit<ResourceDeps, 'auth' | 'cookie' | 'resources'> & {
  config: Pick<ApiConfig, 'adminToken' | 'requireHttps'>;
  audit: Pick<Audit, 'watch'>;
  /** Verifies the signatures of signed requests. */
  signing: Signing;
  log: Logger;
};

export function createApp(deps: AppDeps): Express {
  const { config, store, refusals } = deps;
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.set('trust proxy', config.trustProxy);
  app.use(nameRequest);
  app.use(createRequestLog(deps.log));
  app.use(createSecurityHeaders(config));
  app.use(deps.metrics.timed);
  const cookie = createSessionCookie(config);
  const auth = createAuth({
    callers: store.callers,
    apiKeys: store.apiKeys,
    sessions: store.sessions,
    cookie,
    own: createOwnRules(RESOURCES, store.owners),
    audit: deps.audit,
    parameters: createParametersCheck(RESOURCES),
    adminToken: config.adminToken,
    admission: createAdmission(config, createRateLimits()),
    signed: createSignatureCheck(store.inboundSecrets, deps.signing),
    onUnknownKey: () => refusals.noteUnknownKey(),
  });
  for (const { addRoutes } of RESOURCES) addRoutes(app, { ...deps, auth, cookie, resources: RESOURCES });
  app.use(unknownRoute);
  app.use(createErrorHandler(deps.log, (req, res, error) => refusals.note(req, res, error)));
  return app;
}

const REQUEST_ID = /^[\w.:/+=-]{1,128}$/;

/** Sets `x-request-id` on every answer: the caller's own where it is well formed, or a new one. */
const nameRequest: RequestHandler = (req, res, next) => {
  const given = req.headers['x-request-id'];
  res.setHeader('x-request-id', typeof given === 'string' && REQUEST_ID.test(given) ? given : newId('req'));
  next();
};
