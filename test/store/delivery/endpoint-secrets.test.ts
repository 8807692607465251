// Rotation of endpoints' secrets in the database, and sealing all of them with a new key.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { newKeyPair, newSecret } from '../../../delivery/sign.ts';
import { newId } from '../../../store/db/ids.ts';
import { readSendingEndpoints } from '../../../store/delivery/deliveries.ts';
import { createEndpointSecrets, type EndpointSecrets } from '../../../store/delivery/endpoint-secrets.ts';
import { createEndpoints } from '../../../store/delivery/endpoints.ts';
import { createInboundSecrets } from '../../../store/setup/inbound-secrets.ts';
import { resealSecrets, SEALED_COLUMNS } from '../../../store/reseal.ts';
import { createSecretBox, type SecretBox } from '../../../store/db/secret-box.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { SECRET_BOX, withOperator, type TestOperator } from '../../support/operator.ts';

let database: TestDatabase;
let operator: TestOperator;
let secrets: EndpointSecrets;
before(async () => {
  database = await withDatabase();
  operator = await withOperator(database.pool);
  secrets = createEndpointSecrets(database.pool, SECRET_BOX);
});
after(() => database.drop());

async function rotate(id: string, overlapHours: number): Promise<string> {
  const secret = newSecret();
  const rotation = { secret, publicKey: null, overlapHours, signing: 'v1' } as const;
  assert.notEqual(await secrets.rotate(operator.operatorId, id, rotation), null);
  return secret;
}

const live = (id: string): Promise<string[]> => secrets.live(operator.operatorId, id);

/** Moves the times of retiring secrets back by this many hours. */
async function hoursPass(id: string, hours: number): Promise<void> {
  await database.pool.query(
    `update retiring_secrets set ends_at = ends_at - $2 * interval '1 hour' where endpoint_id = $1`,
    [id, hours],
  );
}

describe('an endpoint whose secret is rotated', () => {
  test('an endpoint signs with both secrets until the overlap ends, newest first, also in sending', async () => {
    const { id, secret } = await operator.addEndpoint('https://a.example/');
    assert.deepEqual(await live(id), [secret]);
    const newer = await rotate(id, 24);
    assert.deepEqual(await live(id), [newer, secret]);
    const retiring = async (): Promise<number> =>
      (await readSendingEndpoints(database.pool, operator.operatorId, [id]))[0]!.retiringSecrets.length;
    assert.equal(await retiring(), 1);
    await hoursPass(id, 23.9);
    assert.deepEqual(await live(id), [newer, secret]);
    await hoursPass(id, 0.2);
    assert.deepEqual(await live(id), [newer]);
    assert.equal(await retiring(), 0);
  });

  test('an endpoint signs with the new secret alone after the shortest overlap asked for', async () => {
    const { id, secret } = await operator.addEndpoint('https://a.example/');
    const second = await rotate(id, 168);
    const third = await rotate(id, 1);
    assert.deepEqual(await live(id), [third, second, secret]);
    await hoursPass(id, 1.1);
    assert.deepEqual(await live(id), [third]);
    const fourth = await rotate(id, 0);
    assert.deepEqual(await live(id), [fourth]);
    const { rowCount } = await database.pool.query(`select from retiring_secrets where endpoint_id = $1`, [
      id,
    ]);
    assert.equal(rowCount, 0, 'what is over is not kept');
  });

  test('an endpoint never signs with more than ten secrets', async () => {
    const { id } = await operator.addEndpoint('https://a.example/');
    const made: string[] = [];
    for (let count = 0; count < 12; count += 1) made.unshift(await rotate(id, 24));
    assert.deepEqual(await live(id), made.slice(0, 10));
  });

  test('an endpoint loses no secret of concurrent rotations', async () => {
    const { id } = await operator.addEndpoint('https://a.example/');
    const made = await Promise.all(Array.from({ length: 5 }, () => rotate(id, 24)));
    const signing = await live(id);
    assert.equal(signing.length, 6);
    assert.deepEqual(
      made.filter((secret) => !signing.includes(secret)),
      [],
    );
  });

  test('a deleted endpoint keeps no secret, and other operators cannot rotate it', async () => {
    const { id } = await operator.addEndpoint('https://a.example/');
    const other = await withOperator(database.pool);
    const rotation = { secret: newSecret(), publicKey: null, overlapHours: 24, signing: 'v1' } as const;
    assert.equal(await secrets.rotate(other.operatorId, id, rotation), null);
    assert.deepEqual(await secrets.live(other.operatorId, id), []);
    await rotate(id, 24);
    await createEndpoints(database.pool, SECRET_BOX).remove(operator.operatorId, id);
    assert.equal(await secrets.rotate(operator.operatorId, id, rotation), null);
    const { rowCount } = await database.pool.query(`select from retiring_secrets where endpoint_id = $1`, [
      id,
    ]);
    assert.equal(rowCount, 0);
  });
});

test('resealing knows every column of bytes that are no hash', async () => {
  const { rows } = await database.pool.query<{ place: string }>(
    `select c.relname || '.' || a.attname as place from pg_attribute a join pg_class c on c.oid = a.attrelid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and a.atttypid = 'bytea'::regtype and a.attnum > 0 and not a.attisdropped
       and a.attname !~ '(hash|seal)$'
     order by 1`,
  );
  assert.deepEqual(
    rows.map(({ place }) => place),
    SEALED_COLUMNS.map(({ table }) => `${table}.secret`).toSorted(),
  );
});

test('resealing opens every secret without the older key, and reports one that no key opens', async () => {
  const own = await withDatabase();
  const older = { id: 'test', key: Buffer.alloc(32, 1) };
  const newer = { id: '2027', key: Buffer.alloc(32, 2) };
  const owner = await withOperator(own.pool);
  const sealing = createEndpointSecrets(own.pool, SECRET_BOX);
  const known = new Map<string, string[]>();
  for (let count = 0; count < 3; count += 1) {
    const { id } = await owner.addEndpoint('https://a.example/');
    await sealing.rotate(owner.operatorId, id, { ...newKeyPair(), overlapHours: 24, signing: 'v1a' });
    known.set(id, await sealing.live(owner.operatorId, id));
  }
  const inbound = (box: SecretBox) => createInboundSecrets(own.pool, box);
  await inbound(SECRET_BOX).replace(owner.operatorId, { id: newId('sec'), secret: newSecret() }, 0);
  const signedWith = await inbound(SECRET_BOX).listValid(owner.operatorId);
  const broken = await owner.addEndpoint('https://a.example/');
  await own.pool.query(`update endpoints set secret = '\\x00' where id = $1`, [broken.id]);

  const reportedLines: string[] = [];
  const reseal = () =>
    resealSecrets(own.pool, createSecretBox([newer, older]), (line) => reportedLines.push(line));
  assert.deepEqual(await reseal(), { current: 0, resealed: 7, unopened: 1 });
  assert.deepEqual(await reseal(), { current: 7, resealed: 0, unopened: 1 });
  assert.equal(reportedLines.length, 2);
  assert.ok(reportedLines[0]!.includes(broken.id));

  const keys = [newer, older].map(({ id, key }) => `${id}:${key.toString('base64')}`).join(',');
  const env = { ...process.env, DATABASE_URL: own.url, SECRETS_KEY: keys };
  const command = promisify(execFile)(
    process.execPath,
    ['--import', './typescript.mjs', 'store/main.ts', 'reseal'],
    {
      env,
    },
  );
  const ended = await command.then(
    () => assert.fail('one secret cannot be opened'),
    (error: { code: number; stdout: string }) => error,
  );
  assert.equal(ended.code, 1);
  assert.match(ended.stdout, /^0 secrets sealed anew with key "2027", 7 were already, 1 cannot be opened$/m);

  assert.deepEqual(await inbound(createSecretBox([newer])).listValid(owner.operatorId), signedWith);
  const afterwards = createEndpointSecrets(own.pool, createSecretBox([newer]));
  for (const [id, made] of known) assert.deepEqual(await afterwards.live(owner.operatorId, id), made);
  await own.drop();
});
