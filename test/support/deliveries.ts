// What a test asks the database about postbacks, and attempts to be recorded of them.
import { newId } from '../../store/db/ids.ts';
import type { Activities } from '../../activities/index.ts';
import type { AttemptRecord } from '../../store/delivery/attempts.ts';
import type { Pool } from '../../store/db/pool.ts';
import type { BatchInput } from '../../workflows/contract.ts';
import type { TestOperator } from './operator.ts';

export type DeliveryRow = {
  id: string;
  endpointId: string;
  state: string;
  owner: string | null;
  tries: number;
  lastError: string | null;
};

/** The postbacks of an operator, or of one endpoint, in the order they were planned. */
export async function deliveriesOf(
  pool: Pool,
  { operatorId }: { operatorId: string },
  endpointId?: string,
): Promise<DeliveryRow[]> {
  const { rows } = await pool.query<DeliveryRow>(
    `select id, endpoint_id as "endpointId", state, owner, tries, last_error as "lastError" from deliveries
     where operator_id = $1 and ($2::text is null or endpoint_id = $2) order by id`,
    [operatorId, endpointId],
  );
  return rows;
}

/** How many items there are for each of their keys, in words. */
export function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1;
  return counts;
}

/** Events settled as a batch of their own, with its postbacks planned and none of them sent. */
export async function settledBatch(
  activities: Activities,
  { operatorId }: TestOperator,
  eventIds: string[],
): Promise<BatchInput> {
  const batch = { batchId: newId('bat'), operators: [{ operatorId, eventIds }] };
  await activities.settle({ ...batch, owner: 'batch' });
  return batch;
}

/** The record of a first attempt that a batch made and that was taken, of ids of its own, but for what a test says about it. */
export function anAttempt(changes: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    operatorId: newId('opr'),
    attemptId: newId('att'),
    deliveryId: newId('dlv'),
    endpointId: newId('ep'),
    expected: { owner: 'batch', tries: 0 },
    next: { state: 'delivered', owner: null, tries: 1, nextAttemptAt: null, lastError: null },
    number: 1,
    cause: 'first',
    startedAt: new Date(),
    durationMs: 1,
    phases: {},
    dialled: undefined,
    statusCode: 200,
    errorClass: null,
    excerpt: '',
    nextReason: null,
    ...changes,
  };
}
