// The lost wake-up: a successor is planned while its predecessor is being finished.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createRecorder } from '../../../activities/delivery/recorder.ts';
import type { ConversionEvent } from '../../../domain/types.ts';
import { conversionMessage } from '../../../domain/delivery/bodies.ts';
import { newId } from '../../../store/db/ids.ts';
import { withTransaction } from '../../../store/db/pool.ts';
import { anEvent } from '../../support/builders.ts';
import { planPostbacks, readListeners } from '../../../store/delivery/outbox.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { anAttempt, deliveriesOf } from '../../support/deliveries.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';
import type { AttemptRecord } from '../../../store/delivery/attempts.ts';
import type { Message } from '../../../domain/delivery/messages.ts';

const PAIRS = 400;

let database: TestDatabase;
let operator: TestOperator;

before(async () => {
  database = await withDatabase();
  operator = await withOperator(database.pool);
  await operator.addEndpoint('http://127.0.0.1:9/never-called');
});
after(() => database.drop());

test(`${PAIRS} successors planned while their predecessors are finished are all released`, async () => {
  const recorder = createRecorder(database.pool, (error) => assert.fail(String(error)));
  const conversions = Array.from({ length: PAIRS }, (_, index) => eventOf(index, 'sale'));
  for (const conversion of conversions) await plan(messageOf(conversion, conversion));
  const predecessors = await deliveriesOf(database.pool, operator);
  const woken: { endpointId: string }[] = [];

  const race = async (index: number): Promise<void> => {
    const conversion = conversions[index]!;
    const { id, endpointId } = predecessors[index]!;
    const planning = plan(messageOf(eventOf(index, 'chargeback'), conversion));
    const recording = recorder.record(delivered(id, endpointId), null);
    woken.push(...(await recording));
    await planning;
  };
  // A few conversions at once, so that records are written in groups, as under load.
  const rest = conversions.keys();
  await Promise.all(
    [1, 2, 3, 4].map(async () => {
      for (const index of rest) await race(index);
    }),
  );

  const { rows } = await database.pool.query<{ owner: string; count: number }>(
    `select owner, count(*)::int from deliveries where operator_id = $1 and type = 'conversion.reversed' group by 1`,
    [operator.operatorId],
  );
  const owners = Object.fromEntries(rows.map(({ owner, count }) => [owner, count]));
  assert.equal(
    owners['predecessor'] ?? 0,
    0,
    `left waiting for a finished postback: ${JSON.stringify(owners)}`,
  );
  assert.equal((owners['endpoint'] ?? 0) + (owners['batch'] ?? 0), PAIRS);
  assert.ok(
    (owners['endpoint'] ?? 0) > 0,
    'no successor was ever planned in time: the race did not take place',
  );
  assert.equal(woken.length > 0, (owners['endpoint'] ?? 0) > 0);
});

function plan(message: Message): Promise<unknown> {
  const at = {
    operatorId: operator.operatorId,
    batchId: newId('bat'),
    now: new Date(),
    owner: 'batch',
  } as const;
  return withTransaction(database.pool, async (client) =>
    planPostbacks(client, at, await readListeners(client, at.operatorId, [message.affiliateId]), [
      conversionMessage(message),
    ]),
  );
}

function eventOf(index: number, type: 'sale' | 'chargeback'): ConversionEvent {
  const { operatorId } = operator;
  return anEvent({
    operatorId,
    id: newId('evt'),
    type,
    transactionId: `t-${index}`,
    customerId: `c-${index}`,
  });
}

function messageOf(event: ConversionEvent, conversion: ConversionEvent): Message {
  return {
    type: event === conversion ? 'conversion.created' : 'conversion.reversed',
    affiliateId: operator.affiliateId,
    via: null,
    reason: null,
    event,
    conversion,
    clickId: null,
    subs: conversion.subs,
    reportedMinor: 0n,
    deltaMinor: 0n,
    currency: 'USD',
  };
}

function delivered(deliveryId: string, endpointId: string): AttemptRecord {
  return anAttempt({ operatorId: operator.operatorId, deliveryId, endpointId });
}
