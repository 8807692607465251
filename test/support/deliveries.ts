// Queries for deliveries, and attempt records for the recorder.
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

/** Deliveries of an operator, or of one endpoint, in planning order. */
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

/** Number of items per key. */
export function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1;
  return counts;
}

/** Settles events as a batch of their own. Its postbacks are planned and not sent. */
export async function settleBatch(
  activities: Activities,
  { operatorId }: TestOperator,
  eventIds: string[],
): Promise<BatchInput> {
  const batch = { batchId: newId('bat'), operators: [{ operatorId, eventIds }] };
  await activities.settle({ ...batch, owner: 'batch' });
  return batch;
}

/** Record of a delivered first attempt of a batch, with new ids; a test overrides some fields. */
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
    sends: 1,
    statusCode: 200,
    errorClass: null,
    excerpt: '',
    nextReason: null,
    ...changes,
  };
}
