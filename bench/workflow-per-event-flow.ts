// Compared design: a workflow per event, with the same steps for a batch of one.
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { BatchInput } from '../workflows/contract.ts';

const { settle } = proxyLocalActivities<Activities>({
  startToCloseTimeout: '5s',
  retry: { maximumAttempts: 2 },
});
const { deliverFirst } = proxyActivities<Activities>({ startToCloseTimeout: '20s' });

export async function settleAndDeliver(batch: BatchInput): Promise<void> {
  await settle({ ...batch, owner: 'batch' });
  await deliverFirst(batch);
}
