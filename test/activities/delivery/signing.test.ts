// Signatures of postbacks on arrival: one for every live secret of either kind during a rotation,
// and none for an expired secret.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeSecret } from '../../../delivery/sign.ts';
import { createEndpointSecrets } from '../../../store/delivery/endpoint-secrets.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { settleBatch } from '../../support/deliveries.ts';
import { SECRET_BOX, withOperator } from '../../support/operator.ts';
import {
  isSigned,
  startReceiver,
  type ReceivedRequest,
  type FaultyReceiver,
} from '../../support/faulty-receiver.ts';
import { withTemporal, type TestTemporal } from '../../support/temporal.ts';
import { withActivities, type TestActivities } from '../../support/worker.ts';

let database: TestDatabase;
let temporal: TestTemporal;
let receiver: FaultyReceiver;
let working: TestActivities;
before(async () => {
  [database, temporal, receiver] = await Promise.all([withDatabase(), withTemporal(), startReceiver()]);
  working = withActivities(database.pool, temporal.client, { firstAttemptsMs: 10_000 });
});
after(async () => {
  await working.close();
  await Promise.all([receiver.close(), temporal.close(), database.drop()]);
});

test('a postback is signed with every secret that is live when it is sent', async () => {
  const operator = await withOperator(database.pool);
  const path = `/ok/${operator.operatorId}`;
  const { id, secret } = await operator.addEndpoint(receiver.url + path);
  const secrets = createEndpointSecrets(database.pool, SECRET_BOX);
  const postback = async (): Promise<ReceivedRequest> => {
    await working.activities.deliverFirst(
      await settleBatch(working.activities, operator, await operator.ingestSales(1)),
    );
    return receiver.requests.findLast((request) => request.path === path)!;
  };
  const versions = ({ headers }: ReceivedRequest): string[] =>
    headers['webhook-signature']!.split(' ').map((entry) => entry.split(',')[0]!);

  const first = await postback();
  assert.deepEqual([versions(first), isSigned(first, secret)], [['v1'], true]);

  const pair = makeSecret('v1a');
  await secrets.rotate(operator.operatorId, id, { ...pair, overlapHours: 24, signing: 'v1a' });
  const during = await postback();
  assert.deepEqual(versions(during), ['v1a', 'v1']);
  assert.ok(isSigned(during, pair.publicKey!) && isSigned(during, secret));

  await database.pool.query(`update retiring_secrets set ends_at = now() where endpoint_id = $1`, [id]);
  const afterwards = await postback();
  assert.deepEqual(versions(afterwards), ['v1a']);
  assert.ok(isSigned(afterwards, pair.publicKey!) && !isSigned(afterwards, secret));
});

test('a GET is also signed over its URL by a key pair', async () => {
  const operator = await withOperator(database.pool);
  const path = `/ok/${operator.operatorId}`;
  const url = `${receiver.url}${path}?c={click_id}&p={payout}`;
  const { publicKey } = await operator.addEndpoint(url, { method: 'GET', signing: 'v1a' });
  await working.activities.deliverFirst(
    await settleBatch(working.activities, operator, await operator.ingestSales(1)),
  );
  const request = receiver.requests.find((one) => one.path.startsWith(path))!;
  assert.ok(isSigned(request, publicKey!));
  assert.ok(!isSigned({ ...request, path: request.path.replace('10.00', '99.00') }, publicKey!));
});
