// Prepares the Temporal namespace, idempotently: search attributes and the schedules of our housekeeping. Several workers may do it at once.
import { ScheduleAlreadyRunning, type Client, type ScheduleSpec } from '@temporalio/client';
import { rematchWorkflowId } from '../domain/keys.ts';
import type { Logger } from '../log.ts';
import { SEARCH_ATTRIBUTES, TASK_QUEUES, WORKFLOWS } from '../workflows/contract.ts';

/** Temporal's numbers for the types of search attributes. */
const INDEXED_VALUE_TYPE = { keyword: 2, int: 3, datetime: 6 } as const;

/** What runs by itself, and when; the id of a schedule is that of its workflow. */
const SCHEDULES: { id: string; workflowType: string; args: unknown[]; spec: ScheduleSpec }[] = [
  { id: 'sweep', workflowType: WORKFLOWS.sweep, args: [], spec: { intervals: [{ every: '10s' }] } },
  {
    id: 'release-holds',
    workflowType: WORKFLOWS.releaseHolds,
    args: [],
    spec: { intervals: [{ every: '1m' }] },
  },
  {
    id: rematchWorkflowId(null),
    workflowType: WORKFLOWS.rematchOrphans,
    args: [{ operatorId: null }],
    spec: { intervals: [{ every: '5m' }] },
  },
  {
    id: 'close-due-periods',
    workflowType: WORKFLOWS.closeDuePeriods,
    args: [],
    spec: { intervals: [{ every: '1h' }] },
  },
  { id: 'purge', workflowType: WORKFLOWS.purge, args: [], spec: { calendars: [{ hour: 3, minute: 17 }] } },
];

/** Temporal Cloud and locked-down clusters refuse to add attributes over the API; then an operator adds them, and the log says so. */
export async function prepareNamespace(client: Client, log: Logger): Promise<void> {
  await addSearchAttributes(client).catch((error: unknown) => {
    log.warn(
      { err: error, wanted: SEARCH_ATTRIBUTES },
      'search attributes could not be added; add them by hand if they are missing',
    );
  });
  for (const { id, workflowType, args, spec } of SCHEDULES) {
    try {
      await client.schedule.create({
        scheduleId: id,
        spec,
        action: { type: 'startWorkflow', workflowType, workflowId: id, taskQueue: TASK_QUEUES.upkeep, args },
        policies: { overlap: 'SKIP', catchupWindow: '1m' },
      });
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    }
  }
}

async function addSearchAttributes(client: Client): Promise<void> {
  const { operatorService } = client.connection as unknown as { operatorService: Operator };
  const { namespace } = client.options;
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  const missing: Record<string, number> = {};
  for (const [type, names] of Object.entries(SEARCH_ATTRIBUTES)) {
    for (const name of names) {
      if (!(name in customAttributes))
        missing[name] = INDEXED_VALUE_TYPE[type as keyof typeof INDEXED_VALUE_TYPE];
    }
  }
  if (Object.keys(missing).length > 0)
    await operatorService.addSearchAttributes({ namespace, searchAttributes: missing });
}

type Operator = {
  listSearchAttributes(request: {
    namespace: string;
  }): Promise<{ customAttributes: Record<string, unknown> }>;
  addSearchAttributes(request: {
    namespace: string;
    searchAttributes: Record<string, number>;
  }): Promise<unknown>;
};
