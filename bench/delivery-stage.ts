// Planned, unsent postbacks: an operator with settled events and an endpoint per affiliate.
import { createSettle } from '../activities/settlement/settle.ts';
import { NEWEST_API_VERSION } from '../domain/delivery/versions.ts';
import { makeSecret } from '../delivery/sign.ts';
import { newId } from '../store/db/ids.ts';
import { createEndpoints, type EndpointSettings } from '../store/delivery/endpoints.ts';
import type { Pool } from '../store/db/pool.ts';
import { MAX_IN_FLIGHT, SECRET_BOX, type PlannedBatch } from './contender.ts';
import { inBatches, setUpLedgerStage } from './ledger-stage.ts';

export type DeliveryStage = { operatorId: string; batches: PlannedBatch[] };

const BATCH = 500;

const SETTINGS: Omit<EndpointSettings, 'url'> = {
  name: null,
  method: 'POST',
  body: 'json',
  form: null,
  events: ['*'],
  headers: {},
  schedule: [0, 5],
  maxInFlight: MAX_IN_FLIGHT,
  ratePerSecond: null,
  signing: 'v1',
  shareCustomerId: false,
  apiVersion: NEWEST_API_VERSION,
};

/** Plans a postback for each of so many events, spread over one affiliate per URL. */
export async function setUpDeliveryStage(
  pool: Pool,
  urls: readonly string[],
  events: number,
): Promise<DeliveryStage> {
  const { operatorId, affiliateIds, eventIds } = await setUpLedgerStage(pool, events, urls.length);
  const endpoints = createEndpoints(pool, SECRET_BOX);
  for (const [index, url] of urls.entries()) {
    const endpoint = { id: newId('ep'), affiliateId: affiliateIds[index]!, ...makeSecret('v1') };
    await endpoints.insert(operatorId, endpoint, { ...SETTINGS, url });
  }
  const { settle } = createSettle({ pool });
  const batches: PlannedBatch[] = [];
  for (const group of inBatches(eventIds, BATCH)) {
    const batchId = newId('bat');
    await settle({ batchId, operators: [{ operatorId, eventIds: group }], owner: 'batch' });
    batches.push({ batchId, postbacks: await plannedIn(pool, operatorId, batchId) });
  }
  const planned = batches.reduce((sum, { postbacks }) => sum + postbacks.length, 0);
  if (planned !== events) throw new Error(`for ${events} events ${planned} postbacks were planned`);
  await pool.query('vacuum analyze');
  return { operatorId, batches };
}

async function plannedIn(
  pool: Pool,
  operatorId: string,
  batchId: string,
): Promise<PlannedBatch['postbacks']> {
  const { rows } = await pool.query<PlannedBatch['postbacks'][number]>(
    `select d.id, d.event_id as "eventId", d.type, e.url, d.body
     from deliveries d join endpoints e on e.operator_id = $1 and e.id = d.endpoint_id
     where d.operator_id = $1 and d.batch_id = $2 and d.owner = 'batch' order by d.id`,
    [operatorId, batchId],
  );
  return rows;
}
