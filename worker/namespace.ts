// Prepares the Temporal namespace at every worker's start: search attributes and schedules. Several
// workers may run this at once.
import { hash } from 'node:crypto';
import { ScheduleAlreadyRunning, type Client, type ScheduleSpec } from '@temporalio/client';
import { rematchWorkflowId } from '../domain/keys.ts';
import type { Logger } from '../log.ts';
import { SEARCH_ATTRIBUTES, TASK_QUEUES, WORKFLOWS } from '../workflows/contract.ts';

/** Temporal's numbers for the types of search attributes. */
export const INDEXED_VALUE_TYPE = { keyword: 2, keywordList: 7, int: 3, datetime: 6 } as const;

type Schedule = { id: string; workflowType: string; args: unknown[]; spec: ScheduleSpec };

/** Schedules of the housekeeping workflows. A schedule's id is the id of its workflow. */
const SCHEDULES: readonly Schedule[] = [
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
  {
    id: 'send-notices',
    workflowType: WORKFLOWS.sendNotices,
    args: [],
    spec: { intervals: [{ every: '30s' }] },
  },
  {
    id: 'count-reports',
    workflowType: WORKFLOWS.countReports,
    args: [],
    spec: { intervals: [{ every: '1m' }] },
  },
  { id: 'purge', workflowType: WORKFLOWS.purge, args: [], spec: { calendars: [{ hour: 3, minute: 17 }] } },
];

/**
 * Temporal Cloud and locked-down clusters refuse to add search attributes over the API. The log
 * then lists the attributes to add by hand.
 */
export async function prepareNamespace(client: Client, log: Logger): Promise<void> {
  await addSearchAttributes(client).catch((error: unknown) => {
    log.warn(
      { err: error, wanted: SEARCH_ATTRIBUTES },
      'search attributes could not be added; add them by hand if they are missing',
    );
  });
  for (const schedule of SCHEDULES) await saveSchedule(client, schedule);
}

/**
 * Creates a schedule, or updates it when its definition in the code has changed. A schedule paused
 * by an operator stays paused, with its note. Workers that start together write the same
 * definition.
 */
async function saveSchedule(client: Client, { id, workflowType, args, spec }: Schedule): Promise<void> {
  const policies = { overlap: 'SKIP', catchupWindow: '1m' } as const;
  const started = {
    type: 'startWorkflow',
    workflowType,
    workflowId: id,
    taskQueue: TASK_QUEUES.upkeep,
    args,
  } as const;
  // The server rewrites a spec when it stores it, so a hash in the memo identifies the definition.
  const definition = hash('sha256', JSON.stringify({ spec, started, policies })).slice(0, 16);
  const action = { ...started, memo: { definition } };
  try {
    await client.schedule.create({ scheduleId: id, spec, action, policies });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const handle = client.schedule.getHandle(id);
    const existing = await handle.describe();
    if (existing.action.memo?.['definition'] === definition) return;
    await handle.update(({ state }) => ({ spec, action, policies, state }));
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
