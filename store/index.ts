// The store as the API uses it: one object of queries per resource.
//
// Two forms of queries: `createX(pool)` returns the queries of one resource for the API, which
// takes them from here. Free functions take the pool or the client of a transaction, and are steps
// that other transactions and the worker's activities combine.
import { createAuditLog } from './access/audit-log.ts';
import { createCallers } from './access/callers.ts';
import { createOwners } from './access/owners.ts';
import { createSessions } from './access/sessions.ts';
import { createAffiliates } from './attribution/affiliates.ts';
import { createAmendments } from './agreements/amendments.ts';
import { createAdjustments } from './ledger/adjustments.ts';
import { createApiKeys } from './setup/api-keys.ts';
import { createBalances } from './ledger/balances.ts';
import { createReports } from './ledger/reports.ts';
import { createUpcoming } from './ledger/upcoming.ts';
import { createCoupons } from './attribution/coupons.ts';
import { createClicks } from './attribution/clicks.ts';
import { createContentRepeats } from './intake/content-keys.ts';
import { createCommissions } from './ledger/commissions.ts';
import { createDeals } from './agreements/deals.ts';
import { createDecisions } from './ledger/decisions.ts';
import { createDeliveryReports } from './delivery/delivery-reports.ts';
import { createEndpointSecrets } from './delivery/endpoint-secrets.ts';
import { createEndpointStatistics } from './delivery/endpoint-statistics.ts';
import { createEndpoints } from './delivery/endpoints.ts';
import { createNoticeChannels } from './delivery/notice-channels.ts';
import { createFxRates } from './agreements/fx-rates.ts';
import { createEventLists } from './intake/event-lists.ts';
import { createCurrencies } from './setup/currencies.ts';
import { createEventTypes } from './setup/event-types.ts';
import { createImports } from './intake/imports.ts';
import { createInboundSecrets } from './setup/inbound-secrets.ts';
import { createHolds } from './ledger/holds.ts';
import { createLinks } from './attribution/links.ts';
import { createOnboarding } from './setup/onboarding.ts';
import { createOrphans } from './attribution/orphans.ts';
import { createReassignments } from './attribution/reassignments.ts';
import { createOperators } from './setup/operators.ts';
import { createPeriods } from './ledger/periods.ts';
import { createPaymentDetails } from './ledger/payment-details.ts';
import { createPayoutRuns } from './ledger/payout-runs.ts';
import { createPayouts } from './ledger/payouts.ts';
import { createOverview } from './upkeep/overview.ts';
import { createErasures } from './upkeep/erasures.ts';
import { createPreviewing } from './settlement/previews.ts';
import type { Pool } from './db/pool.ts';
import { createRefusals } from './intake/refusals.ts';
import { createCustomerProgress } from './settlement/progress.ts';
import { createReplays } from './delivery/replays.ts';
import type { SecretBox } from './db/secret-box.ts';
import { createReconciling } from './ledger/reconciliation.ts';
import { createSetAside } from './settlement/set-aside.ts';
import { createStuck } from './delivery/stuck.ts';
import { createStatements } from './ledger/statements.ts';
import { createTraces } from './ledger/traces.ts';
import { createTransfers } from './ledger/explained-transfers.ts';

export type Store = ReturnType<typeof createStore>;

/** Creates the store. The first query opens the first connection. */
export function createStore(pool: Pool, secretBox: SecretBox) {
  return {
    operators: createOperators(pool),
    apiKeys: createApiKeys(pool),
    callers: createCallers(pool),
    sessions: createSessions(pool),
    owners: createOwners(pool),
    auditLog: createAuditLog(pool),
    inboundSecrets: createInboundSecrets(pool, secretBox),
    eventTypes: createEventTypes(pool),
    currencies: createCurrencies(pool),
    refusals: createRefusals(pool),
    affiliates: createAffiliates(pool),
    deals: createDeals(pool),
    fxRates: createFxRates(pool),
    previewing: createPreviewing(pool),
    links: createLinks(pool),
    clicks: createClicks(pool),
    coupons: createCoupons(pool),
    orphans: createOrphans(pool),
    reassignments: createReassignments(pool),
    erasures: createErasures(pool),
    setAside: createSetAside(pool),
    onboarding: createOnboarding(pool),
    overview: createOverview(pool),
    endpoints: createEndpoints(pool, secretBox),
    noticeChannels: createNoticeChannels(pool, secretBox),
    endpointStatistics: createEndpointStatistics(pool),
    endpointSecrets: createEndpointSecrets(pool, secretBox),
    events: createEventLists(pool),
    imports: createImports(pool),
    amendments: createAmendments(pool),
    contentRepeats: createContentRepeats(pool),
    traces: createTraces(pool),
    deliveries: createDeliveryReports(pool),
    stuck: createStuck(pool),
    replays: createReplays(pool),
    balances: createBalances(pool),
    reports: createReports(pool),
    transfers: createTransfers(pool),
    upcoming: createUpcoming(pool),
    periods: createPeriods(pool),
    statements: createStatements(pool),
    reconciling: createReconciling(pool),
    commissions: createCommissions(pool),
    customerProgress: createCustomerProgress(pool),
    decisions: createDecisions(pool),
    holds: createHolds(pool),
    payouts: createPayouts(pool),
    payoutRuns: createPayoutRuns(pool),
    paymentDetails: createPaymentDetails(pool, secretBox),
    adjustments: createAdjustments(pool),
    /** Whether PostgreSQL answers. */
    async isReachable(): Promise<boolean> {
      return await pool.query('select').then(
        () => true,
        () => false,
      );
    },
  };
}
