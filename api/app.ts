// The API as an Express application: what every request passes, and the routes. Does not listen and makes nothing that needs closing.
import express, { type Express, type RequestHandler } from 'express';
import type { ApiConfig } from '../config.ts';
import type { Preflight } from '../delivery/preflight.ts';
import { newId } from '../store/db/ids.ts';
import type { Logger } from '../log.ts';
import type { Store } from '../store/index.ts';
import { createAdmission } from './http/admission.ts';
import { createAuth } from './http/auth.ts';
import { createErrorHandler, unknownRoute } from './http/errors.ts';
import { readCaptureScript } from './clicks/capture-script.ts';
import type { ClickRecorder } from './clicks/click-writer.ts';
import type { DryRun } from './intake/dry-run.ts';
import type { Intake } from './intake/intake.ts';
import { createKnownLinks } from './clicks/link-cache.ts';
import { createRateLimits } from './http/rate-limits.ts';
import type { ApiMetrics } from './process/metrics.ts';
import type { RefusalLog } from './intake/refusals.ts';
import { addAffiliateRoutes, addMoneyRoutes } from './setup/affiliates.routes.ts';
import { addAdjustmentRoutes } from './ledger/adjustments.routes.ts';
import { addCommissionRoutes } from './ledger/commissions.routes.ts';
import { addDealRoutes } from './deals/deals.routes.ts';
import { addDeliveryRoutes } from './postbacks/deliveries.routes.ts';
import { addEndpointImportRoute } from './postbacks/endpoint-import.routes.ts';
import { addEndpointTestRoute } from './postbacks/endpoint-test.routes.ts';
import { addDoorRoutes } from './setup/security.routes.ts';
import { addEndpointRoutes, type MakeSecret } from './postbacks/endpoints.routes.ts';
import { addAmendmentRoutes } from './events/amendments.routes.ts';
import { addEventRoutes } from './events/events.routes.ts';
import { addEventTypeRoutes } from './setup/event-types.routes.ts';
import { addFxRateRoutes } from './deals/fx-rates.routes.ts';
import { addHealthRoutes } from './process/health.routes.ts';
import { addClickRoutes } from './clicks/clicks.routes.ts';
import { addCouponRoutes } from './clicks/coupons.routes.ts';
import { addLinkRoutes } from './clicks/links.routes.ts';
import { addMetricsRoute } from './process/metrics.routes.ts';
import { addOnboardingRoute } from './setup/onboarding.routes.ts';
import { addOrphanRoutes } from './events/orphans.routes.ts';
import { addPreviewRoute } from './deals/previews.routes.ts';
import { addVisitRoutes } from './clicks/redirect.routes.ts';
import { addPeriodRoutes } from './ledger/periods.routes.ts';
import { addReconciliationRoutes } from './ledger/reconciliations.routes.ts';
import { addStatementRoutes } from './ledger/statements.routes.ts';
import { addApiKeyRoutes, addOperatorRoutes } from './setup/operators.routes.ts';
import { addPostbackRoute } from './events/postback.routes.ts';
import { addPayoutRoutes } from './ledger/payouts.routes.ts';
import { addReferenceRoutes } from './process/api-docs.routes.ts';
import { addReplayRoutes } from './postbacks/replays.routes.ts';
import { addSetAsideRoutes } from './events/set-aside.routes.ts';
import type { EndpointRules } from './postbacks/endpoints.schema.ts';
import { createSecurityHeaders } from './http/security-headers.ts';
import { createSignatureCheck, type Signing } from './http/signatures.ts';
import type { Temporal } from './temporal.ts';

export type AppDeps = {
  config: Pick<ApiConfig, 'adminToken' | 'publicUrl' | 'trustProxy' | 'requireHttps' | 'egressAddresses'>;
  store: Store;
  intake: Intake;
  recorder: ClickRecorder;
  dryRun: DryRun;
  temporal: Temporal;
  /** The three rules of the way out that saving an endpoint asks for. */
  guard: EndpointRules['guard'];
  headerProblems: EndpointRules['headerProblems'];
  makeSecret: MakeSecret;
  preflight: Pick<Preflight, 'run'>;
  /** How signatures are judged. */
  signing: Signing;
  refusals: RefusalLog;
  metrics: ApiMetrics;
  log: Logger;
};

export function createApp(deps: AppDeps): Express {
  const {
    config,
    store,
    intake,
    recorder,
    dryRun,
    temporal,
    guard,
    headerProblems,
    makeSecret,
    preflight,
    signing,
    refusals,
    metrics,
    log,
  } = deps;
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.set('trust proxy', config.trustProxy);
  app.use(nameRequest);
  app.use(createSecurityHeaders(config));
  app.use(metrics.timed);
  const auth = createAuth({
    operators: store.operators,
    apiKeys: store.apiKeys,
    adminToken: config.adminToken,
    admission: createAdmission(config, createRateLimits()),
    signed: createSignatureCheck(store.inboundSecrets, signing),
    onUnknownKey: () => refusals.noteUnknownKey(),
  });
  // The busiest routes first: Express looks through them in this order.
  addEventRoutes(app, { store, auth, intake, temporal, refusals, dryRun });
  addAmendmentRoutes(app, { store, auth, temporal });
  addPostbackRoute(app, { store, auth, intake, temporal, refusals, dryRun });
  addVisitRoutes(app, { links: createKnownLinks(store), recorder, captureScript: readCaptureScript() });
  addClickRoutes(app, { store, auth, recorder, temporal });
  addLinkRoutes(app, { store, auth, publicUrl: config.publicUrl });
  addCouponRoutes(app, { store, auth, temporal });
  addOrphanRoutes(app, { store, auth, temporal });
  addSetAsideRoutes(app, { store, auth, temporal });
  addOnboardingRoute(app, { store, auth, refusals, publicUrl: config.publicUrl });
  addOperatorRoutes(app, { store, auth });
  addDoorRoutes(app, { store, auth, refusals, makeSecret, egressAddresses: config.egressAddresses });
  addEventTypeRoutes(app, { store, auth });
  addApiKeyRoutes(app, { store, auth });
  addAffiliateRoutes(app, { store, auth });
  addMoneyRoutes(app, { store, auth });
  addPeriodRoutes(app, { store, auth, temporal });
  addStatementRoutes(app, { store, auth });
  addReconciliationRoutes(app, { store, auth });
  addCommissionRoutes(app, { store, auth, temporal });
  addPayoutRoutes(app, { store, auth, temporal });
  addAdjustmentRoutes(app, { store, auth });
  addDealRoutes(app, { store, auth, temporal });
  addPreviewRoute(app, { store, auth });
  addFxRateRoutes(app, { store, auth, temporal });
  addEndpointImportRoute(app, { auth, rules: { guard, headerProblems } });
  addEndpointRoutes(app, { store, auth, temporal, rules: { guard, headerProblems }, makeSecret });
  addEndpointTestRoute(app, { store, auth, preflight });
  addDeliveryRoutes(app, { store, auth, temporal });
  addReplayRoutes(app, { store, auth, temporal });
  addHealthRoutes(app, { store, temporal });
  addMetricsRoute(app, { auth, metrics, trustProxy: config.trustProxy });
  addReferenceRoutes(app, { publicUrl: config.publicUrl });
  app.use(unknownRoute);
  app.use(createErrorHandler(log, (req, res, error) => refusals.note(req, res, error)));
  return app;
}

const REQUEST_ID = /^[\w.:/+=-]{1,128}$/;

/** Every answer carries an id: the caller's own, where it gave a sane one. */
const nameRequest: RequestHandler = (req, res, next) => {
  const given = req.headers['x-request-id'];
  res.setHeader('x-request-id', typeof given === 'string' && REQUEST_ID.test(given) ? given : newId('req'));
  next();
};
