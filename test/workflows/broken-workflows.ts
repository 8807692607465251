// Incompatible version of a workflow: it hands over before it sends. Proves that the replay test
// can fail.
import type { BatchInput } from '../../workflows/contract.ts';
import { deliverFirst, handOver, settle } from '../../workflows/steps.ts';

export async function processConversions(batch: BatchInput): Promise<void> {
  const { setAside, endpointsToWake } = await settle({ ...batch, owner: 'batch' });
  await handOver({ batchId: batch.batchId, operators: batch.operators, endpointsToWake, setAside });
  await deliverFirst(batch);
}
