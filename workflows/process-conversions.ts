// Processes one batch of events: settles them, sends the first attempts, and hands over the rest.
// Healthy traffic ends here, in milliseconds.
import type { BatchInput } from './contract.ts';
import { deliverFirst, handOver, settle } from './steps.ts';

/** Result of a batch: counts only. */
type BatchResult = { events: number; delivered: number; handedOver: number };

export async function processConversions(batch: BatchInput): Promise<BatchResult> {
  const settled = await settle({ ...batch, owner: 'batch' });
  let { setAside, endpointsToWake } = settled;
  if (settled.matched.length > 0) {
    // Orphans of customers that this batch bound. Their postbacks go through the endpoints' queues,
    // behind older ones.
    const matched = await settle({ ...batch, operators: settled.matched, owner: 'endpoint' });
    setAside = [...setAside, ...matched.setAside];
    endpointsToWake = [...endpointsToWake, ...matched.endpointsToWake];
  }
  const events = batch.operators.reduce((sum, { eventIds }) => sum + eventIds.length, 0);
  const first =
    settled.forBatch === 0 ? { delivered: 0, left: 0, endpointsToWake: [] } : await deliverFirst(batch);
  endpointsToWake = [...endpointsToWake, ...first.endpointsToWake];
  let handedOver = 0;
  if (first.left > 0 || endpointsToWake.length > 0 || setAside.length > 0) {
    const operators = batch.operators.map(({ operatorId }) => ({ operatorId }));
    ({ workflows: handedOver } = await handOver({
      batchId: batch.batchId,
      operators,
      endpointsToWake,
      setAside,
    }));
  }
  return { events, delivered: first.delivered, handedOver };
}
