// Signatures, checked against the reference library of Standard Webhooks in both directions.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { contentOfGet, newSecret, secretKey, signatureHeader, verify } from '../../delivery/sign.ts';

const BODY = '{"type":"conversion.created","data":{"sub1":"žluťoučký 🐎"}}';
const NOW_MS = Date.now();
const SECONDS = Math.floor(NOW_MS / 1000);

function request(secret: string, changes: Partial<Parameters<typeof verify>[0]> = {}): Parameters<typeof verify>[0] {
  const signature = signatureHeader({ id: 'dlv_1', timestampSeconds: SECONDS, content: BODY, secrets: [secretKey(secret)] });
  return {
    id: 'dlv_1',
    timestamp: String(SECONDS),
    signature,
    content: BODY,
    secrets: [secretKey(secret)],
    nowMs: NOW_MS,
    ...changes,
  };
}

test('the reference library accepts what we sign', () => {
  const secret = newSecret();
  const headers = { 'webhook-id': 'dlv_1', 'webhook-timestamp': String(SECONDS), 'webhook-signature': request(secret).signature };
  assert.deepEqual(new Webhook(secret).verify(BODY, headers), JSON.parse(BODY));
});

test('we accept what the reference library signs', () => {
  const secret = newSecret();
  const signature = new Webhook(secret).sign('dlv_1', new Date(SECONDS * 1000), BODY);
  assert.equal(verify(request(secret, { signature })), 'valid');
});

test('the published vector comes out', () => {
  const secrets = [secretKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')];
  const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestampSeconds: 1614265330, content: '{"test": 2432232314}', secrets };
  assert.equal(signatureHeader(message), 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test('during a rotation both secrets sign, and either verifies', () => {
  const [older, newer] = [newSecret(), newSecret()];
  const secrets = [secretKey(newer), secretKey(older)];
  const signature = signatureHeader({ id: 'dlv_1', timestampSeconds: SECONDS, content: BODY, secrets });
  assert.equal(signature.split(' ').length, 2);
  for (const secret of [older, newer]) assert.equal(verify(request(secret, { signature })), 'valid');
  assert.equal(verify(request(newSecret(), { signature })), 'bad_signature');
  assert.equal(verify(request(older, { secrets })), 'valid');
});

test('anything changed is a bad signature', () => {
  const secret = newSecret();
  const { signature } = request(secret);
  const changed = [
    { id: 'dlv_2' },
    { id: '' },
    { timestamp: String(SECONDS + 1) },
    { timestamp: 'soon' },
    { timestamp: '' },
    { content: `${BODY} ` },
  ];
  const broken = ['', 'v1', 'v1,', `v2,${signature.slice(3)}`, signature.slice(0, -1), `${signature}x`, signature.toLowerCase()];
  for (const change of changed) assert.equal(verify(request(secret, change)), 'bad_signature', JSON.stringify(change));
  for (const one of broken) assert.equal(verify(request(secret, { signature: one })), 'bad_signature', one);
  assert.equal(verify(request(secret, { secrets: [] })), 'bad_signature');
});

test('a genuine signature more than five minutes away is stale, either way', () => {
  const secret = newSecret();
  const minutes = (count: number): number => SECONDS * 1000 + count * 60_000;
  for (const away of [-5, 0, 5]) assert.equal(verify(request(secret, { nowMs: minutes(away) })), 'valid', `${away} min`);
  for (const away of [-6, 6, 60])
    assert.equal(verify(request(secret, { nowMs: minutes(away) })), 'stale_signature', `${away} min`);
  assert.equal(verify(request(secret, { nowMs: minutes(60), content: 'other' })), 'bad_signature');
});

test('a secret is whsec_ and the base64 of 32 bytes, and nothing else is taken for one', () => {
  assert.match(newSecret(), /^whsec_[A-Za-z0-9+/]{43}=$/);
  assert.equal(secretKey(newSecret()).length, 32);
  const bad = ['', 'whsec_', 'whsec_short', Buffer.alloc(32).toString('base64'), `whsec_${'!'.repeat(44)}`, `${newSecret()}=`];
  for (const text of bad)
    assert.throws(() => secretKey(text), /^Error: a signing secret is whsec_ and the base64 of 24 to 64 bytes$/);
});

test('a GET is signed over its method and whole URL', () => {
  assert.equal(contentOfGet('https://a.example/p?c=1'), 'GET https://a.example/p?c=1');
});
