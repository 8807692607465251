// Every resource of the API. A new resource takes one line in the list below and these files:
//
// - <resource>.routes.ts: the handlers of its paths.
// - <resource>.schema.ts: what its requests take; under 30 lines it stands in the routes.
// - <resource>.answers.ts: the schemas of its answers and the views that make them. Views move to
//   <resource>.views.ts where both together exceed 250 lines. Schemas that no view makes stand in
//   the operations.
// - <resource>.operations.ts: its operations for the OpenAPI document, and the export listed here.
import type { Request } from 'express';
import type { ApiConfig } from '../config.ts';
import type { Messenger } from '../delivery/messenger.ts';
import type { Preflight } from '../delivery/preflight.ts';
import type { Store } from '../store/index.ts';
import type { ClickWriter } from './clicks/click-writer.ts';
import type { LinkCache } from './clicks/link-cache.ts';
import type { PageFiles } from './access/page-files.ts';
import { pagesResource } from './access/pages.operations.ts';
import { auditLogResource } from './access/audit-log.operations.ts';
import { portalResource } from './access/portal.operations.ts';
import { sessionResource } from './access/session.operations.ts';
import { clicksResource } from './clicks/clicks.operations.ts';
import { couponsResource } from './clicks/coupons.operations.ts';
import { linksResource } from './clicks/links.operations.ts';
import { redirectResource } from './clicks/redirect.operations.ts';
import { dealsResource } from './deals/deals.operations.ts';
import { fxRatesResource } from './deals/fx-rates.operations.ts';
import { previewsResource } from './deals/previews.operations.ts';
import { amendmentsResource } from './events/amendments.operations.ts';
import { customersResource } from './events/customers.operations.ts';
import { eventsResource } from './events/events.operations.ts';
import { importsResource } from './events/imports.operations.ts';
import { orphansResource } from './events/orphans.operations.ts';
import { postbackResource } from './events/postback.operations.ts';
import { repeatsResource } from './events/repeats.operations.ts';
import { setAsideResource } from './events/set-aside.operations.ts';
import type { Auth } from './http/auth.ts';
import type { SessionCookie } from './http/credentials.ts';
import type { Documented, Resource } from './http/resource.ts';
import type { DryRun } from './intake/dry-run.ts';
import type { Intake } from './intake/intake.ts';
import type { RefusalLog } from './intake/refusals.ts';
import { adjustmentsResource } from './ledger/adjustments.operations.ts';
import { balancesResource } from './ledger/balances.operations.ts';
import { commissionsResource } from './ledger/commissions.operations.ts';
import { paymentDetailsResource } from './ledger/payment-details.operations.ts';
import { payoutRunsResource } from './ledger/payout-runs.operations.ts';
import { payoutsResource } from './ledger/payouts.operations.ts';
import { periodsResource } from './ledger/periods.operations.ts';
import { progressResource } from './ledger/progress.operations.ts';
import { transfersResource } from './ledger/transfers.operations.ts';
import { upcomingResource } from './ledger/upcoming.operations.ts';
import { reconciliationsResource } from './ledger/reconciliations.operations.ts';
import { reportsResource } from './ledger/reports.operations.ts';
import { statementsResource } from './ledger/statements.operations.ts';
import { apiDocsResource } from './openapi/api-docs.operations.ts';
import { deliveriesResource } from './postbacks/deliveries.operations.ts';
import { endpointImportResource } from './postbacks/endpoint-import.operations.ts';
import { endpointStatisticsResource } from './postbacks/endpoint-statistics.operations.ts';
import { endpointTestResource } from './postbacks/endpoint-test.operations.ts';
import { endpointsResource } from './postbacks/endpoints.operations.ts';
import type { MakeSecret, ReadSecret } from './postbacks/endpoints.routes.ts';
import type { EndpointRules } from './postbacks/endpoint-check.ts';
import { replaysResource } from './postbacks/replays.operations.ts';
import { stuckActionsResource } from './postbacks/stuck-actions.operations.ts';
import { stuckResource } from './postbacks/stuck.operations.ts';
import { codecResource } from './process/codec.operations.ts';
import type { CodecServer } from './process/codec.routes.ts';
import { healthResource } from './process/health.operations.ts';
import { metricsResource } from './process/metrics.operations.ts';
import type { ApiMetrics } from './process/metrics.ts';
import { affiliatesResource } from './setup/affiliates.operations.ts';
import { apiKeysResource } from './setup/api-keys.operations.ts';
import { currenciesResource } from './setup/currencies.operations.ts';
import { eventTypesResource } from './setup/event-types.operations.ts';
import { onboardingResource } from './setup/onboarding.operations.ts';
import { noticeChannelsResource } from './setup/notice-channels.operations.ts';
import { operatorsResource } from './setup/operators.operations.ts';
import { overviewResource } from './setup/overview.operations.ts';
import { securityResource } from './setup/security.operations.ts';
import type { Temporal } from './temporal.ts';

/** Everything that routes can be given; each resource names the part that it needs. */
export type ResourceDeps = {
  config: Pick<ApiConfig, 'publicUrl' | 'trustProxy' | 'egressAddresses' | 'adminToken'> & {
    temporal: Pick<ApiConfig['temporal'], 'uiUrl'>;
  };
  store: Store;
  auth: Auth;
  cookie: SessionCookie;
  pageFiles: PageFiles;
  intake: Intake;
  clickWriter: ClickWriter;
  linkCache: LinkCache;
  dryRun: DryRun;
  /** The trace of a request; undefined where no spans are made. */
  traceparentOf?: ((req: Request) => string | undefined) | undefined;
  temporal: Temporal;
  codec: CodecServer | null;
  /** The rules of `delivery/` for an endpoint's URL and headers. */
  endpointRules: EndpointRules;
  makeSecret: MakeSecret;
  readSecret: ReadSecret;
  preflight: Pick<Preflight, 'run'>;
  messenger: Messenger;
  refusals: RefusalLog;
  metrics: ApiMetrics;
  /** Aborted when the process begins to stop. */
  stopping: AbortSignal;
  /** The resources that the API's own documentation shows. */
  resources: readonly Documented[];
};

/**
 * Express looks through routes in this order, so the busiest come first; `endpoint-import` comes
 * before `endpoints`, whose `:id` would match it. The OpenAPI document keeps this order within each
 * tag.
 */
export const RESOURCES: readonly Resource<ResourceDeps>[] = [
  eventsResource,
  amendmentsResource,
  postbackResource,
  redirectResource,
  clicksResource,
  linksResource,
  couponsResource,
  importsResource,
  repeatsResource,
  orphansResource,
  customersResource,
  setAsideResource,
  onboardingResource,
  overviewResource,
  operatorsResource,
  securityResource,
  eventTypesResource,
  currenciesResource,
  noticeChannelsResource,
  apiKeysResource,
  affiliatesResource,
  balancesResource,
  periodsResource,
  statementsResource,
  reconciliationsResource,
  reportsResource,
  commissionsResource,
  progressResource,
  transfersResource,
  upcomingResource,
  payoutsResource,
  payoutRunsResource,
  paymentDetailsResource,
  adjustmentsResource,
  dealsResource,
  previewsResource,
  fxRatesResource,
  endpointImportResource,
  endpointsResource,
  endpointStatisticsResource,
  endpointTestResource,
  deliveriesResource,
  stuckResource,
  stuckActionsResource,
  replaysResource,
  healthResource,
  metricsResource,
  codecResource,
  sessionResource,
  portalResource,
  auditLogResource,
  pagesResource,
  apiDocsResource,
];
