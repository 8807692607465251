// Workflow harness of a test file: a database, a namespace, the workers, and the dispatcher that
// starts batches.
import type { DataConverter } from '@temporalio/common';
import { createDispatcher } from '../../api/intake/dispatcher.ts';
import type { Limits } from '../../activities/index.ts';
import { createLogger } from '../../log.ts';
import type { Pool } from '../../store/db/pool.ts';
import { createTraces } from '../../store/ledger/traces.ts';
import { withDatabase } from './database.ts';
import type { TestOperator } from './operator.ts';
import { withTemporal, type TestTemporal } from './temporal.ts';
import { runWorkers, withActivities, type TestActivities } from './worker.ts';

export interface WorkflowHarness {
  readonly pool: Pool;
  readonly temporal: TestTemporal;
  readonly testActivities: TestActivities;
  /** Dispatches events as the API does after inserting them. */
  dispatch(operator: TestOperator, eventIds: readonly string[]): void;
  /** Current details of a workflow, as the UI shows them. */
  detailsOf(workflowId: string): Promise<string>;
  /** For `after`. */
  close(): Promise<void>;
}

export async function withHarness(
  limits: Partial<Limits> = {},
  dataConverter: DataConverter = {},
): Promise<WorkflowHarness> {
  const [database, temporal] = await Promise.all([withDatabase(), withTemporal(dataConverter)]);
  const testActivities = withActivities(database.pool, temporal.client, { sweepGraceMs: 0, ...limits });
  const stopWorkers = await runWorkers(temporal, testActivities.activities);
  const dispatcher = createDispatcher({
    client: temporal.client,
    log: createLogger('silent', 'test'),
    isSettled: createTraces(database.pool).isSettled,
  });
  return {
    pool: database.pool,
    temporal,
    testActivities,
    dispatch: ({ operatorId }, eventIds) => dispatcher.dispatch(eventIds.map((id) => ({ operatorId, id }))),
    async detailsOf(workflowId) {
      const handle = temporal.client.workflow.getHandle(workflowId);
      const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
      return metadata.currentDetails ?? '';
    },
    async close() {
      await dispatcher.drain(1000);
      await stopWorkers();
      await testActivities.close();
      await temporal.close();
      await database.drop();
    },
  };
}
