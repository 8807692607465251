// Secret box: encryption at rest, binding to a context, and key rotation.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createSecretBox } from '../../../store/db/secret-box.ts';

const older = { id: '2025', key: randomBytes(32) };
const newer = { id: '2026', key: randomBytes(32) };
const CONTEXT = 'opr_1/endpoint';

test('the secret box opens sealed secrets, and seals equal texts differently', () => {
  const box = createSecretBox([newer]);
  const sealed = box.seal('whsec_žluť', CONTEXT);
  assert.equal(box.open(sealed, CONTEXT), 'whsec_žluť');
  assert.ok(!sealed.includes('whsec'));
  assert.notDeepEqual(box.seal('whsec_žluť', CONTEXT), sealed);
  assert.equal(box.open(box.seal('', CONTEXT), CONTEXT), '');
});

test('after a key rotation old secrets still open and new secrets use the first key', () => {
  const sealed = createSecretBox([older]).seal('secret', CONTEXT);
  const rotated = createSecretBox([newer, older]);
  assert.equal(rotated.open(sealed, CONTEXT), 'secret');
  assert.equal(createSecretBox([newer]).open(rotated.seal('secret', CONTEXT), CONTEXT), 'secret');
});

test('opening a secret with an unknown key fails and names the key', () => {
  const sealed = createSecretBox([older]).seal('secret', CONTEXT);
  assert.throws(
    () => createSecretBox([newer]).open(sealed, CONTEXT),
    /sealed with key "2025", which this process was not given/,
  );
});

test('the context of another operator does not open a secret', () => {
  const box = createSecretBox([newer]);
  assert.throws(() => box.open(box.seal('secret', CONTEXT), 'opr_2/endpoint'), /belongs to another context/);
});

test('opening a secret fails after a change of any byte', () => {
  const box = createSecretBox([newer]);
  const sealed = box.seal('secret', CONTEXT);
  for (const at of sealed.keys()) {
    const changed = Buffer.from(sealed);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    assert.throws(() => box.open(changed, CONTEXT), Error, `byte ${at}`);
  }
  for (let length = 0; length < sealed.length; length += 1)
    assert.throws(() => box.open(sealed.subarray(0, length), CONTEXT));
});

test('the secret box refuses invalid keys at creation', () => {
  assert.throws(() => createSecretBox([]), /at least one key/);
  assert.throws(() => createSecretBox([{ id: 'a', key: randomBytes(16) }]), /16 bytes, not 32/);
  assert.throws(() => createSecretBox([newer, { ...older, id: newer.id }]), /the same id/);
  assert.throws(() => createSecretBox([{ ...newer, id: '' }]), /1 to 255 bytes/);
});
