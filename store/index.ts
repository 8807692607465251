// The store as the API receives it: one object of queries per noun.
import { createAffiliates } from './affiliates.ts';
import { createAmendments } from './amendments.ts';
import { createAdjustments } from './adjustments.ts';
import { createApiKeys } from './api-keys.ts';
import { createBalances } from './balances.ts';
import { createCoupons } from './coupons.ts';
import { createClicks } from './clicks.ts';
import { createContentRepeats } from './content-keys.ts';
import { createCommissions } from './commissions.ts';
import { createDeals } from './deals.ts';
import { createDecisions } from './decisions.ts';
import { createDeliveryReports } from './delivery-reports.ts';
import { createEndpointSecrets } from './endpoint-secrets.ts';
import { createEndpoints } from './endpoints.ts';
import { createFxRates } from './fx-rates.ts';
import { createEventLists } from './event-lists.ts';
import { createEventTypes } from './event-types.ts';
import { createInboundSecrets } from './inbound-secrets.ts';
import { createHolds } from './holds.ts';
import { createLinks } from './links.ts';
import { createOnboarding } from './onboarding.ts';
import { createOrphans } from './orphans.ts';
import { createOperators } from './operators.ts';
import { createPeriods } from './periods.ts';
import { createPayouts } from './payouts.ts';
import { createPreviewing } from './previewing.ts';
import type { Pool } from './pool.ts';
import { createRefusals } from './refusals.ts';
import { createReplays } from './replays.ts';
import type { SecretBox } from './secret-box.ts';
import { createReconciling } from './reconciling.ts';
import { createSetAside } from './set-aside.ts';
import { createStatements } from './statements.ts';
import { createTraces } from './traces.ts';

export type Store = ReturnType<typeof createStore>;

/** Nothing is asked of the database before the first query. */
export function createStore(pool: Pool, secretBox: SecretBox) {
  return {
    operators: createOperators(pool),
    apiKeys: createApiKeys(pool),
    inboundSecrets: createInboundSecrets(pool, secretBox),
    eventTypes: createEventTypes(pool),
    refusals: createRefusals(pool),
    affiliates: createAffiliates(pool),
    deals: createDeals(pool),
    fxRates: createFxRates(pool),
    previewing: createPreviewing(pool),
    links: createLinks(pool),
    clicks: createClicks(pool),
    coupons: createCoupons(pool),
    orphans: createOrphans(pool),
    setAside: createSetAside(pool),
    onboarding: createOnboarding(pool),
    endpoints: createEndpoints(pool, secretBox),
    endpointSecrets: createEndpointSecrets(pool, secretBox),
    events: createEventLists(pool),
    amendments: createAmendments(pool),
    contentRepeats: createContentRepeats(pool),
    traces: createTraces(pool),
    deliveries: createDeliveryReports(pool),
    replays: createReplays(pool),
    balances: createBalances(pool),
    periods: createPeriods(pool),
    statements: createStatements(pool),
    reconciling: createReconciling(pool),
    commissions: createCommissions(pool),
    decisions: createDecisions(pool),
    holds: createHolds(pool),
    payouts: createPayouts(pool),
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
