// The standing of an endpoint: counts of what waits and what was given up, and what was not told,
// summed by currency with its decimals.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { sumText } from '../../../domain/delivery/labels.ts';
import { newId } from '../../../store/db/ids.ts';
import { createSummaries, readEndpointStanding } from '../../../store/delivery/standing.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';

let database: TestDatabase;
let operator: TestOperator;
let endpointId: string;

before(async () => {
  database = await withDatabase();
  operator = await withOperator(database.pool);
  ({ id: endpointId } = await operator.addEndpoint('https://crm.example:8443/secret?token=secret', {
    name: 'Tracker',
  }));
  await database.pool.query(`insert into currencies (code, exponent) values ('USDT', 6)`);
});
after(() => database.drop());

async function insert(
  state: string,
  [minor, currency]: [minor: number | null, currency: string | null],
  changes: { acknowledged?: boolean; agoHours?: number } = {},
): Promise<string> {
  const id = newId('dlv');
  const owner = state === 'held' ? 'endpoint' : state === 'retrying' ? 'self' : null;
  await database.pool.query(
    `insert into deliveries (operator_id, id, endpoint_id, affiliate_id, original_event_id, type, body,
       payout_delta_minor, payout_currency, state, owner, batch_id, next_attempt_at, acknowledged_at, created_at)
     values ($1, $2, $3, $4, $2, 'conversion.created', '{}', $5, $6, $7, $8, $2, now(),
       case when $9 then now() end, now() - make_interval(hours => $10))`,
    [
      operator.operatorId,
      id,
      endpointId,
      operator.affiliateId,
      minor,
      currency,
      state,
      owner,
      changes.acknowledged ?? false,
      changes.agoHours ?? 0,
    ],
  );
  return id;
}

test('the standing of an endpoint adds up by currency what waits and what nobody acknowledged', async () => {
  await insert('held', [1000, 'USD']);
  await insert('held', [2_500_000, 'USDT'], { agoHours: 2 });
  await insert('held', [null, null]);
  await insert('gave_up', [500, 'USD'], { agoHours: 5 });
  await insert('gave_up', [700, 'JPY']);
  await insert('held', [-700, 'JPY']);
  await insert('gave_up', [9900, 'USD'], { acknowledged: true, agoHours: 9 });
  await insert('retrying', [8800, 'USD'], { agoHours: 9 });
  const standing = (await readEndpointStanding(database.pool, operator.operatorId, endpointId))!;
  assert.deepEqual(standing.notTold.map(sumText), ['15.00 USD', '2.500000 USDT']);
  assert.deepEqual([standing.held, standing.gaveUp], [4, 2]);
  const ageHours = (Date.now() - standing.since!.getTime()) / 3_600_000;
  assert.ok(ageHours > 4.9 && ageHours < 5.1, `since ${ageHours} hours`);
});

test('a summary names what is sent and to whom, without path and query, and nothing unknown', async () => {
  const summaries = createSummaries(database.pool);
  const id = await insert('retrying', [2_500_000, 'USDT']);
  assert.equal(
    await summaries.delivery(operator.operatorId, id),
    'conversion.created 2.500000 USDT to Tracker at crm.example:8443, Test Media',
  );
  assert.equal(
    await summaries.endpoint(operator.operatorId, endpointId),
    'Tracker at crm.example:8443, Test Media',
  );
  assert.equal(await summaries.endpoint(newId('opr'), endpointId), null);
  assert.equal(await summaries.delivery(newId('opr'), id), null);
});
