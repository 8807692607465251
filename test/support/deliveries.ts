// Queries for deliveries, postbacks planned without settling, and attempt records for the recorder.
import { conversionMessage } from '../../domain/delivery/bodies.ts';
import type { ConversionEvent } from '../../domain/types.ts';
import { newId } from '../../store/db/ids.ts';
import type { Activities } from '../../activities/index.ts';
import type { AttemptRecord } from '../../store/delivery/attempts.ts';
import { planPostbacks, readListeners } from '../../store/delivery/outbox.ts';
import type { Pool, Queryable } from '../../store/db/pool.ts';
import type { BatchInput } from '../../workflows/contract.ts';
import { anEvent } from './builders.ts';
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

/** Plans postbacks in a batch that say that a conversion was reversed. */
export async function planReversal(
  db: Queryable,
  { operatorId, affiliateId }: Pick<TestOperator, 'operatorId' | 'affiliateId'>,
  conversion: ConversionEvent,
  batchId = newId('bat'),
): Promise<void> {
  const message = conversionMessage({
    type: 'conversion.reversed',
    affiliateId,
    reason: null,
    event: anEvent({ operatorId, id: newId('evt'), type: 'fraud' }),
    conversion,
    clickId: null,
    subs: conversion.subs,
    via: null,
    reportedMinor: 0n,
    deltaMinor: 0n,
    currency: 'USD',
  });
  const at = { operatorId, batchId, now: new Date(), owner: 'batch' } as const;
  await planPostbacks(db, at, await readListeners(db, operatorId, [affiliateId]), [message]);
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
