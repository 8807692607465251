// Operator made directly in the database: one affiliate that earns 10 % of every sale, its
// endpoints, and events inserted as intake would.
import { makeSecret } from '../../delivery/sign.ts';
import { NEWEST_API_VERSION } from '../../domain/delivery/versions.ts';
import type { ConversionEvent } from '../../domain/types.ts';
import { newId } from '../../store/db/ids.ts';
import { createAffiliates } from '../../store/attribution/affiliates.ts';
import { createClicks } from '../../store/attribution/clicks.ts';
import { createDeals } from '../../store/agreements/deals.ts';
import { createEndpoints, type EndpointSettings } from '../../store/delivery/endpoints.ts';
import { insertEvents } from '../../store/intake/event-inbox.ts';
import { createOperators } from '../../store/setup/operators.ts';
import type { Pool } from '../../store/db/pool.ts';
import { createSecretBox } from '../../store/db/secret-box.ts';

/** Events of tests may lie some weeks back, and none counts before its click. */
export const CLICK_AGE_MS = 25 * 86_400_000;

export interface TestOperator {
  readonly operatorId: string;
  readonly affiliateId: string;
  addEndpoint(
    url: string,
    settings?: Partial<EndpointSettings>,
  ): Promise<{ id: string; secret: string; publicKey: string | null }>;
  /**
   * Inserts events, by default sales of 100.00 USD by the affiliate's click; returns their ids in
   * order.
   */
  ingest(events: readonly Partial<ConversionEvent>[]): Promise<string[]>;
  /** Inserts sales, each of a new customer. */
  ingestSales(count: number): Promise<string[]>;
}

export const SECRET_BOX = createSecretBox([{ id: 'test', key: Buffer.alloc(32, 1) }]);

export const ENDPOINT: Omit<EndpointSettings, 'url'> = {
  name: null,
  method: 'POST',
  body: 'json',
  form: null,
  events: ['*'],
  headers: {},
  schedule: [0, 0, 0, 0, 0],
  maxInFlight: 8,
  ratePerSecond: null,
  signing: 'v1',
  shareCustomerId: false,
  apiVersion: NEWEST_API_VERSION,
};

const FULL_CLAWBACK = {
  days: 90,
  chargeback: 'full',
  refund: 'proportional',
  bonus_abuse: 'full',
  fraud: 'full',
  account_closure: 'full',
} as const;

export async function withOperator(pool: Pool, timezone = 'UTC'): Promise<TestOperator> {
  const [operatorId, affiliateId, clickId] = [newId('opr'), newId('aff'), newId('clk')];
  const key = {
    id: newId('key'),
    name: 'test',
    hash: Buffer.from(operatorId),
    hint: '',
    scopes: [],
    expiresAt: null,
  };
  await createOperators(pool).insert({ id: operatorId, name: 'Test Broker', currency: 'USD', timezone }, key);
  await createAffiliates(pool).insert(operatorId, {
    id: affiliateId,
    name: 'Test Media',
    externalId: null,
    parentId: null,
  });
  await createDeals(pool).insert(operatorId, { id: newId('deal'), name: 'Test', affiliateId }, new Date(0), {
    currency: 'USD',
    components: [{ kind: 'percent', on: ['sale'], percent: '10' }],
    hold_days: 30,
    rounding: 'half_even',
    clawback: FULL_CLAWBACK,
  });
  const subs = [null, null, null, null, null] as const;
  await createClicks(pool).insert(operatorId, {
    id: clickId,
    affiliateId,
    linkId: null,
    subs,
    clickedAt: Date.now() - CLICK_AGE_MS,
  });

  let count = 0;
  const sale = (changes: Partial<ConversionEvent>): ConversionEvent => {
    const transactionId = changes.transactionId ?? `t-${++count}`;
    const now = Date.now();
    return {
      operatorId,
      id: newId('evt'),
      type: 'sale',
      key: { kind: 'transaction', value: transactionId },
      transactionId,
      clickId,
      customerId: `customer of ${changes.reference ?? transactionId}`,
      amountMinor: 100_00n,
      currency: 'USD',
      volumeE4: null,
      symbol: null,
      symbolGroup: null,
      reference: null,
      referenceType: null,
      operatorPayoutMinor: null,
      operatorPayoutCurrency: null,
      subs,
      coupon: null,
      occurredAt: now,
      receivedAt: now,
      ...changes,
    };
  };

  async function ingest(changes: readonly Partial<ConversionEvent>[]): Promise<string[]> {
    const events = changes.map(sale);
    await insertEvents(
      pool,
      events.map((event) => ({ event, metadata: null, contentHash: Buffer.from(event.id) })),
    );
    return events.map(({ id }) => id);
  }

  return {
    operatorId,
    affiliateId,
    async addEndpoint(url, settings = {}) {
      const endpoint = { id: newId('ep'), affiliateId, ...makeSecret(settings.signing ?? 'v1') };
      await createEndpoints(pool, SECRET_BOX).insert(operatorId, endpoint, { ...ENDPOINT, url, ...settings });
      return endpoint;
    },
    ingest,
    ingestSales: (number) => ingest(Array.from({ length: number }, () => ({}))),
  };
}
