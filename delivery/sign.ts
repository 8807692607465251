// Signatures after Standard Webhooks (https://www.standardwebhooks.com): made for every postback,
// checked by receivers and on signed intake. What is signed is `id.timestamp.content`; the content
// is the body as sent, or `GET <whole URL>` where there is no body. A secret is either shared
// (`v1`: HMAC-SHA256) or the private half of a pair (`v1a`: ed25519), of which the receiver knows
// the public half.
import type { SigningKind } from '../domain/delivery/endpoints.ts';
import {
  createHmac,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  timingSafeEqual,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';

const SECRET_PREFIX = 'whsec_';
const PRIVATE_PREFIX = 'whsk_';
const PUBLIC_PREFIX = 'whpk_';
const SECRET_BYTES = 32;
/**
 * How far the two clocks may be apart; the reference libraries' value. Longer gives a recorded
 * request more time to be replayed.
 */
const TOLERANCE_MS = 5 * 60 * 1000;
/**
 * More entries than a rotation ever leaves; each one costs an HMAC comparison, so a longer list is
 * cut.
 */
const MAX_SIGNATURES = 20;

/** A new secret in the form people copy: `whsec_` and the base64 of 32 random bytes. */
export function newSecret(): string {
  return SECRET_PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/**
 * A new pair: the secret is `whsk_` and the base64 of seed and public key, which is how libsodium
 * keeps one; the other half is `whpk_`.
 */
export function newKeyPair(): { secret: string; publicKey: string } {
  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const [seed, point] = [Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')];
  return {
    secret: PRIVATE_PREFIX + Buffer.concat([seed, point]).toString('base64'),
    publicKey: PUBLIC_PREFIX + point.toString('base64'),
  };
}

/**
 * A new secret for a way to sign, with the public half where there is one. One that does not sign
 * gets a shared one, to be ready.
 */
export function makeSecret(signing: SigningKind): { secret: string; publicKey: string | null } {
  return signing === 'v1a' ? newKeyPair() : { secret: newSecret(), publicKey: null };
}

/** A signing key: the bytes of a shared secret, or an ed25519 private key. */
export type SigningKey = Buffer | KeyObject;

/**
 * The key inside a secret of either kind. Throws when the text is neither, without repeating it.
 */
export function signingKey(secret: string): SigningKey {
  return secret.startsWith(PRIVATE_PREFIX)
    ? privateKey(secret.slice(PRIVATE_PREFIX.length))
    : secretKey(secret);
}

function privateKey(encoded: string): KeyObject {
  const pair = Buffer.from(encoded, 'base64');
  if (pair.length !== 64 || pair.toString('base64') !== encoded) {
    throw new Error('a private signing key is whsk_ and the base64 of 64 bytes');
  }
  const [d, x] = [pair.toString('base64url', 0, 32), pair.toString('base64url', 32)];
  return createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x }, format: 'jwk' });
}

/**
 * The key inside a shared secret. Throws when the text is not `whsec_` and the base64 of 24 to 64
 * bytes, without repeating it.
 */
export function secretKey(secret: string): Buffer {
  const encoded = secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : '';
  const key = Buffer.from(encoded, 'base64');
  if (key.length < 24 || key.length > 64 || key.toString('base64') !== encoded) {
    throw new Error('a signing secret is whsec_ and the base64 of 24 to 64 bytes');
  }
  return key;
}

/** The content of a request without a body: its method and whole URL, exactly as requested. */
export function contentOfGet(url: string): string {
  return `GET ${url}`;
}

/** One signature as it stands in the header. */
function signatureBy(key: SigningKey, text: string): string {
  return Buffer.isBuffer(key)
    ? v1(key, text)
    : `v1a,${sign(null, Buffer.from(text), key).toString('base64')}`;
}

function v1(key: Buffer, text: string): string {
  return `v1,${createHmac('sha256', key).update(text).digest('base64')}`;
}

/**
 * The `webhook-signature` header: one entry per live secret, newest first, so that a receiver may
 * hold either during a rotation.
 */
export function signatureHeader(message: {
  id: string;
  timestampSeconds: number;
  content: string;
  secrets: readonly SigningKey[];
}): string {
  const text = `${message.id}.${message.timestampSeconds}.${message.content}`;
  return message.secrets.map((key) => signatureBy(key, text)).join(' ');
}

/** A signed request as received; a header that is missing is an empty string. */
type SignedRequest = {
  id: string;
  timestamp: string;
  signature: string;
  content: string;
  secrets: readonly Buffer[];
  nowMs: number;
};

type Verdict = 'valid' | 'bad_signature' | 'stale_signature';

/**
 * Judges a signature by a shared secret. Stale means genuine, but more than 5 minutes from our
 * clock: only the holder of the secret learns that.
 */
export function verify(request: SignedRequest): Verdict {
  if (request.id === '' || !/^\d{1,12}$/.test(request.timestamp)) return 'bad_signature';
  const text = `${request.id}.${request.timestamp}.${request.content}`;
  const given = request.signature.split(' ', MAX_SIGNATURES);
  const expected = request.secrets.map((key) => v1(key, text));
  if (!expected.some((one) => given.some((other) => isEqual(one, other)))) return 'bad_signature';
  return Math.abs(request.nowMs - Number(request.timestamp) * 1000) > TOLERANCE_MS
    ? 'stale_signature'
    : 'valid';
}

/** Compares in a time that does not tell how many characters were right. */
function isEqual(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
