// Links from workflows to the console: the details of an open workflow lead to the page of what it
// is about.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import * as keys from '../../domain/keys.ts';
import { newId } from '../../store/db/ids.ts';
import { createWorkflowClient } from '../../workflows/client.ts';
import { withTemporal, type TestTemporal } from '../support/temporal.ts';

const CONSOLE = 'https://postrider.example/console';

let temporal: TestTemporal;
before(async () => {
  temporal = await withTemporal();
});
after(() => temporal.close());

const [operatorId, deliveryId, endpointId, runId, importId, dealId, actionId] = [
  newId('opr'),
  newId('dlv'),
  newId('ep'),
  newId('run'),
  newId('imp'),
  newId('deal'),
  newId('act'),
];

const detailsOf = async (workflowId: string): Promise<string | undefined> =>
  (await temporal.client.workflow.getHandle(workflowId).describe()).staticDetails();

test('the details of a workflow lead to the page of what it is about, however it was started', async () => {
  const workflows = createWorkflowClient(temporal.client, { consoleUrl: CONSOLE });
  await Promise.all([
    workflows.startDelivery(operatorId, deliveryId),
    workflows.wakeEndpoint(operatorId, endpointId),
    workflows.startJob(operatorId, { kind: 'payoutRun', id: runId }),
    workflows.startJob(operatorId, { kind: 'import', id: importId }),
    workflows.startRerating(operatorId, dealId, 2),
    workflows.startJob(operatorId, { kind: 'stuckAction', id: actionId, action: 'retry' }),
    workflows.startSetAside(operatorId, 'no_exchange_rate'),
    workflows.rematchOrphans(operatorId),
    workflows.closePeriod(operatorId, '2026-10'),
    workflows.applyAmendments(operatorId),
  ]);
  const pages = {
    [keys.deliveryWorkflowId(deliveryId)]: `/deliveries/${deliveryId}`,
    [keys.endpointWorkflowId(endpointId)]: `/endpoints/${endpointId}`,
    [keys.payoutRunWorkflowId(runId)]: `/payout-runs/${runId}`,
    [keys.importWorkflowId(importId)]: `/imports/${importId}`,
    [keys.rerateWorkflowId(dealId, 2)]: `/deals/${dealId}`,
    [keys.stuckActionWorkflowId(actionId)]: '/stuck',
    [keys.setAsideWorkflowId(operatorId, 'no_exchange_rate')]: '/set-aside',
    [keys.rematchWorkflowId(operatorId)]: '/orphans',
    [keys.periodWorkflowId(operatorId, '2026-10')]: '/months/2026-10',
  };
  for (const [workflowId, page] of Object.entries(pages))
    assert.equal(await detailsOf(workflowId), `[In the console](${CONSOLE}${page})`, workflowId);
  assert.equal(await detailsOf(keys.amendmentsWorkflowId(operatorId)), undefined);
});

test('a client that knows no console starts workflows without a link', async () => {
  const other = newId('dlv');
  await createWorkflowClient(temporal.client).startDelivery(operatorId, other);
  assert.equal(await detailsOf(keys.deliveryWorkflowId(other)), undefined);
});
