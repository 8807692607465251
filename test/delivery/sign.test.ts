// Signatures, checked against the reference library of Standard Webhooks in both directions.
import assert from 'node:assert/strict';
import { createPublicKey, sign as signWith, verify as verifyWith } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import {
  contentOfGet,
  makeSecret,
  newKeyPair,
  newSecret,
  readSecret,
  secretKey,
  signatureHeader,
  signingKey,
  verify,
} from '../../delivery/sign.ts';

const BODY = '{"type":"conversion.created","data":{"sub1":"žluťoučký 🐎"}}';
const NOW_MS = Date.now();
const SECONDS = Math.floor(NOW_MS / 1000);

function request(
  secret: string,
  changes: Partial<Parameters<typeof verify>[0]> = {},
): Parameters<typeof verify>[0] {
  const signature = signatureHeader({
    id: 'dlv_1',
    timestampSeconds: SECONDS,
    content: BODY,
    secrets: [secretKey(secret)],
  });
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

test('the reference library accepts our signatures', () => {
  const secret = newSecret();
  const headers = {
    'webhook-id': 'dlv_1',
    'webhook-timestamp': String(SECONDS),
    'webhook-signature': request(secret).signature,
  };
  assert.deepEqual(new Webhook(secret).verify(BODY, headers), JSON.parse(BODY));
});

test('our verification accepts signatures of the reference library', () => {
  const secret = newSecret();
  const signature = new Webhook(secret).sign('dlv_1', new Date(SECONDS * 1000), BODY);
  assert.equal(verify(request(secret, { signature })), 'valid');
});

test('the published vector of Standard Webhooks is reproduced', () => {
  const secrets = [secretKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')];
  const message = {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestampSeconds: 1614265330,
    content: '{"test": 2432232314}',
    secrets,
  };
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

test('a signature does not verify after any change', () => {
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
  const broken = [
    '',
    'v1',
    'v1,',
    `v2,${signature.slice(3)}`,
    signature.slice(0, -1),
    `${signature}x`,
    signature.toLowerCase(),
  ];
  for (const change of changed)
    assert.equal(verify(request(secret, change)), 'bad_signature', JSON.stringify(change));
  for (const one of broken) assert.equal(verify(request(secret, { signature: one })), 'bad_signature', one);
  assert.equal(verify(request(secret, { secrets: [] })), 'bad_signature');
});

test('a genuine signature more than five minutes away is stale, in the past or future', () => {
  const secret = newSecret();
  const minutes = (count: number): number => SECONDS * 1000 + count * 60_000;
  for (const away of [-5, 0, 5])
    assert.equal(verify(request(secret, { nowMs: minutes(away) })), 'valid', `${away} min`);
  for (const away of [-6, 6, 60])
    assert.equal(verify(request(secret, { nowMs: minutes(away) })), 'stale_signature', `${away} min`);
  assert.equal(verify(request(secret, { nowMs: minutes(60), content: 'other' })), 'bad_signature');
});

test('a shared secret is whsec_ and the base64 of 32 bytes, and no other text is accepted', () => {
  assert.match(newSecret(), /^whsec_[A-Za-z0-9+/]{43}=$/);
  assert.equal(secretKey(newSecret()).length, 32);
  const bad = [
    '',
    'whsec_',
    'whsec_short',
    Buffer.alloc(32).toString('base64'),
    `whsec_${'!'.repeat(44)}`,
    `${newSecret()}=`,
  ];
  for (const text of bad)
    assert.throws(
      () => secretKey(text),
      /^Error: a signing secret is whsec_ and the base64 of 24 to 64 bytes$/,
    );
});

test('a GET is signed over its method and whole URL', () => {
  assert.equal(contentOfGet('https://a.example/p?c=1'), 'GET https://a.example/p?c=1');
});

/**
 * The public half as Node knows it, by the fixed bytes that come before an ed25519 key in DER: not
 * by the way the code under test takes.
 */
function publicKeyOf(text: string) {
  const der = Buffer.concat([
    Buffer.from('302a300506032b6570032100', 'hex'),
    Buffer.from(text.replace('whpk_', ''), 'base64'),
  ]);
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
}

test('a v1a signature is ed25519 over the same text, and the public half verifies it', () => {
  const { secret, publicKey } = newKeyPair();
  assert.match(secret, /^whsk_[A-Za-z0-9+/]{86}==$/);
  assert.match(publicKey, /^whpk_[A-Za-z0-9+/]{43}=$/);
  assert.ok(secretText(secret).subarray(32).equals(secretText(publicKey)));
  const secrets = [signingKey(secret)];
  const header = signatureHeader({ id: 'dlv_1', timestampSeconds: SECONDS, content: BODY, secrets });
  const [version, signature = ''] = header.split(',');
  const text = (body: string): Buffer => Buffer.from(`dlv_1.${SECONDS}.${body}`);
  assert.equal(version, 'v1a');
  assert.ok(verifyWith(null, text(BODY), publicKeyOf(publicKey), Buffer.from(signature, 'base64')));
  assert.ok(!verifyWith(null, text(`${BODY} `), publicKeyOf(publicKey), Buffer.from(signature, 'base64')));
  assert.ok(
    !verifyWith(null, text(BODY), publicKeyOf(newKeyPair().publicKey), Buffer.from(signature, 'base64')),
  );
});

test('the vector of RFC 8032 is reproduced', () => {
  const seed = '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb';
  const point = '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c';
  const key = signingKey(`whsk_${Buffer.from(seed + point, 'hex').toString('base64')}`);
  assert.ok(!Buffer.isBuffer(key));
  assert.equal(
    signWith(null, Buffer.from('72', 'hex'), key).toString('hex'),
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  );
});

test('signatures of both kinds stand together, and the reference library finds its own', () => {
  const [shared, pair] = [newSecret(), newKeyPair()];
  const secrets = [signingKey(pair.secret), signingKey(shared)];
  const signature = signatureHeader({ id: 'dlv_1', timestampSeconds: SECONDS, content: BODY, secrets });
  assert.match(signature, /^v1a,\S+ v1,\S+$/);
  const headers = {
    'webhook-id': 'dlv_1',
    'webhook-timestamp': String(SECONDS),
    'webhook-signature': signature,
  };
  assert.deepEqual(new Webhook(shared).verify(BODY, headers), JSON.parse(BODY));
});

test('the reference library accepts a GET, given its method and URL', () => {
  const secret = newSecret();
  const content = contentOfGet('https://a.example/p?c=%C5%BE&amount=1.00');
  const signature = signatureHeader({
    id: 'dlv_1',
    timestampSeconds: SECONDS,
    content,
    secrets: [signingKey(secret)],
  });
  const headers = {
    'webhook-id': 'dlv_1',
    'webhook-timestamp': String(SECONDS),
    'webhook-signature': signature,
  };
  const isGood = (text: string): void => void new Webhook(secret).verify(text, headers, { jsonParse: false });
  isGood(content);
  assert.throws(() => isGood(content.replace('1.00', '9.00')));
});

test('an endpoint without signing has a shared secret ready', () => {
  assert.match(makeSecret('none').secret, /^whsec_/);
  assert.equal(makeSecret('v1').publicKey, null);
  assert.match(makeSecret('v1a').publicKey ?? '', /^whpk_/);
});

test('a private key is whsk_ and the base64 of 64 bytes, and no other text is accepted', () => {
  for (const text of [
    'whsk_',
    `whsk_${Buffer.alloc(32).toString('base64')}`,
    `${newKeyPair().secret}=`,
    'whsk_!',
  ]) {
    assert.throws(
      () => signingKey(text),
      /^Error: a private signing key is whsk_ and the base64 of 64 bytes$/,
    );
  }
  assert.throws(() => signingKey(newKeyPair().publicKey), /^Error: a signing secret is whsec_/);
});

function secretText(text: string): Buffer {
  return Buffer.from(text.slice('whsk_'.length), 'base64');
}

const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string());
const key = fc.uint8Array({ minLength: 24, maxLength: 64 }).map((bytes) => Buffer.from(bytes));

test('what was signed verifies by any of the secrets, and not after any change of it', () => {
  const ids = anyText.filter((one) => one !== '');
  const at = fc.integer({ min: 0, max: 99_999_999_999 });
  fc.assert(
    fc.property(
      ids,
      at,
      anyText,
      fc.array(key, { minLength: 1, maxLength: 4 }),
      fc.nat(),
      (id, seconds, content, secrets, by) => {
        const signature = signatureHeader({ id, timestampSeconds: seconds, content, secrets });
        const sent = { id, timestamp: String(seconds), signature, content, nowMs: seconds * 1000 };
        const one = [secrets[by % secrets.length]!];
        assert.equal(verify({ ...sent, secrets: one }), 'valid');
        assert.equal(verify({ ...sent, secrets: one, nowMs: seconds * 1000 + 300_001 }), 'stale_signature');
        const changes = [
          { id: `${id}x` },
          { timestamp: String(seconds + 1) },
          { content: `${content} ` },
          { signature: signature.replaceAll('v1,', 'v1a,') },
          { secrets: [Buffer.alloc(24, 1)] },
          { secrets: [] },
        ];
        for (const change of changes)
          assert.equal(verify({ ...sent, secrets: one, ...change }), 'bad_signature', Object.keys(change)[0]);
      },
    ),
    { numRuns: 500 },
  );
});

test('any headers and any text as a secret are judged, without an exception that repeats them', () => {
  const signature = fc.array(fc.oneof(anyText, fc.constantFrom('v1,', 'v1', ',', 'v1a,AA==')), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(anyText, anyText, signature, anyText, (id, timestamp, given, content) => {
      const sent = {
        id,
        timestamp,
        signature: given.join(' '),
        content,
        secrets: [Buffer.alloc(32)],
        nowMs: 0,
      };
      assert.equal(verify(sent), 'bad_signature');
      for (const signing of ['v1', 'v1a', 'none'] as const) {
        const secret = `${signing === 'v1a' ? 'whsk_' : 'whsec_'}${content}`;
        const read = readSecret(signing, secret);
        if (read.kind === 'problem' && content.length > 8) assert.ok(!read.message.includes(content));
      }
    }),
    { numRuns: 1000 },
  );
});

test('any 64 bytes as a key pair are taken or refused, and a taken one signs what its public key verifies', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), fc.boolean(), (bytes, isWhole) => {
      const secret = isWhole ? newKeyPair().secret : `whsk_${Buffer.from(bytes).toString('base64')}`;
      const read = readSecret('v1a', secret);
      assert.equal(read.kind, isWhole ? 'secret' : 'problem');
    }),
    { numRuns: 200 },
  );
});
