// The API as an Express application: what every request passes, and the routes. Does not listen and makes nothing that needs closing.
import express, { type Express, type RequestHandler } from 'express';
import type { ApiConfig } from '../config.ts';
import type { Preflight } from '../delivery/preflight.ts';
import { newId } from '../ids.ts';
import type { Logger } from '../log.ts';
import type { Store } from '../store/index.ts';
import { createAdmission } from './admission.ts';
import { createAuth } from './auth.ts';
import { createErrorHandler, unknownRoute } from './errors.ts';
import { readCaptureScript } from './capture-script.ts';
import type { ClickRecorder } from './click-recorder.ts';
import type { DryRun } from './dry-run.ts';
import type { Intake } from './intake.ts';
import { createKnownLinks } from './known-links.ts';
import { createRateLimits } from './rate-limits.ts';
import type { ApiMetrics } from './metrics.ts';
import type { RefusalLog } from './refusals.ts';
import { addAffiliateRoutes, addMoneyRoutes } from './routes/affiliates.ts';
import { addByHandRoutes } from './routes/by-hand.ts';
import { addCommissionRoutes } from './routes/commissions.ts';
import { addDealRoutes } from './routes/deals.ts';
import { addDeliveryRoutes } from './routes/deliveries.ts';
import { addEndpointImportRoute } from './routes/endpoint-import.ts';
import { addEndpointTestRoute } from './routes/endpoint-test.ts';
import { addDoorRoutes } from './routes/door.ts';
import { addEndpointRoutes, type MakeSecret } from './routes/endpoints.ts';
import { addAmendmentRoutes } from './routes/amendments.ts';
import { addEventRoutes } from './routes/events.ts';
import { addEventTypeRoutes } from './routes/event-types.ts';
import { addFxRateRoutes } from './routes/fx-rates.ts';
import { addHealthRoutes } from './routes/health.ts';
import { addClickRoutes } from './routes/clicks.ts';
import { addCouponRoutes } from './routes/coupons.ts';
import { addLinkRoutes } from './routes/links.ts';
import { addMetricsRoute } from './routes/metrics.ts';
import { addOnboardingRoute } from './routes/onboarding.ts';
import { addOrphanRoutes } from './routes/orphans.ts';
import { addPreviewRoute } from './routes/previews.ts';
import { addVisitRoutes } from './routes/visits.ts';
import { addPeriodRoutes } from './routes/periods.ts';
import { addReconciliationRoutes } from './routes/reconciliations.ts';
import { addStatementRoutes } from './routes/statements.ts';
import { addApiKeyRoutes, addOperatorRoutes } from './routes/operators.ts';
import { addPostbackRoute } from './routes/postback.ts';
import { addPayoutRoutes } from './routes/payouts.ts';
import { addReferenceRoutes } from './routes/reference.ts';
import { addReplayRoutes } from './routes/replays.ts';
import { addSetAsideRoutes } from './routes/set-aside.ts';
import type { EndpointRules } from './schemas/endpoints.ts';
import { createSignatureCheck, type Signing } from './signatures.ts';
import type { Starter } from './starter.ts';

export type AppDeps = {
  config: Pick<ApiConfig, 'adminToken' | 'publicUrl' | 'trustProxy' | 'requireHttps' | 'egressAddresses'>;
  store: Store;
  intake: Intake;
  recorder: ClickRecorder;
  dryRun: DryRun;
  starter: Starter;
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
    starter,
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
  addEventRoutes(app, { store, auth, intake, starter, refusals, dryRun });
  addAmendmentRoutes(app, { store, auth, starter });
  addPostbackRoute(app, { store, auth, intake, starter, refusals, dryRun });
  addVisitRoutes(app, { links: createKnownLinks(store), recorder, captureScript: readCaptureScript() });
  addClickRoutes(app, { store, auth, recorder, starter });
  addLinkRoutes(app, { store, auth, publicUrl: config.publicUrl });
  addCouponRoutes(app, { store, auth, starter });
  addOrphanRoutes(app, { store, auth, starter });
  addSetAsideRoutes(app, { store, auth, starter });
  addOnboardingRoute(app, { store, auth, refusals, publicUrl: config.publicUrl });
  addOperatorRoutes(app, { store, auth });
  addDoorRoutes(app, { store, auth, refusals, makeSecret, egressAddresses: config.egressAddresses });
  addEventTypeRoutes(app, { store, auth });
  addApiKeyRoutes(app, { store, auth });
  addAffiliateRoutes(app, { store, auth });
  addMoneyRoutes(app, { store, auth });
  addPeriodRoutes(app, { store, auth, starter });
  addStatementRoutes(app, { store, auth });
  addReconciliationRoutes(app, { store, auth });
  addCommissionRoutes(app, { store, auth, starter });
  addPayoutRoutes(app, { store, auth, starter });
  addByHandRoutes(app, { store, auth });
  addDealRoutes(app, { store, auth, starter });
  addPreviewRoute(app, { store, auth });
  addFxRateRoutes(app, { store, auth, starter });
  addEndpointImportRoute(app, { auth, rules: { guard, headerProblems } });
  addEndpointRoutes(app, { store, auth, starter, rules: { guard, headerProblems }, makeSecret });
  addEndpointTestRoute(app, { store, auth, preflight });
  addDeliveryRoutes(app, { store, auth, starter });
  addReplayRoutes(app, { store, auth, starter });
  addHealthRoutes(app, { store, starter });
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
  res.setHeader('x-content-type-options', 'nosniff');
  next();
};
