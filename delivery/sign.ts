// Signatures of Standard Webhooks (https://www.standardwebhooks.com). Postrider signs every
// postback and verifies signed intake; receivers verify postbacks. The signed text is
// `id.timestamp.content`. The content is the body as sent, or `GET <whole URL>` for a request
// without a body. A secret is either shared (`v1`: HMAC-SHA256) or the private half of a key pair
// (`v1a`: Ed25519), of which the receiver knows the public half.
import type { SigningKind } from '../domain/delivery/endpoints.ts';
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
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
 * Maximum difference between the clocks of sender and receiver: 5 minutes, as in the reference
 * libraries. A longer tolerance leaves more time to replay a recorded request.
 */
const TOLERANCE_MS = 5 * 60 * 1000;
/**
 * Maximum number of signatures checked per request; further ones are ignored. A rotation never
 * leaves so many, and each one costs an HMAC comparison.
 */
const MAX_SIGNATURES = 20;

/** Creates a shared secret in the form people copy: `whsec_` and the base64 of 32 random bytes. */
export function newSecret(): string {
  return SECRET_PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/**
 * Creates a key pair. The secret is `whsk_` and the base64 of seed and public key, the format of
 * libsodium. The public key is `whpk_` and its base64.
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
 * Creates a secret for a kind of signing, with the public key for `v1a`. An endpoint without
 * signing gets a shared secret, ready for when signing is switched on.
 */
export function makeSecret(signing: SigningKind): { secret: string; publicKey: string | null } {
  return signing === 'v1a' ? newKeyPair() : { secret: newSecret(), publicKey: null };
}

/**
 * Reads a secret that its owner brought along, for a kind of signing. Of a key pair the public key
 * is worked out from the seed, so that receivers never verify by a half that does not belong. The
 * message of a problem does not repeat the text.
 */
export function readSecret(
  signing: SigningKind,
  secret: string,
): { kind: 'secret'; secret: string; publicKey: string | null } | { kind: 'problem'; message: string } {
  try {
    const key = signing === 'v1a' ? privateKey(secret) : secretKey(secret);
    if (Buffer.isBuffer(key)) return { kind: 'secret', secret, publicKey: null };
    const publicKey = publicKeyOf(key);
    return Buffer.from(secret.slice(PRIVATE_PREFIX.length), 'base64').subarray(32).equals(publicKey)
      ? { kind: 'secret', secret, publicKey: PUBLIC_PREFIX + publicKey.toString('base64') }
      : { kind: 'problem', message: 'the public half of this key pair does not belong to its seed' };
  } catch (error) {
    return { kind: 'problem', message: (error as Error).message };
  }
}

function publicKeyOf(key: KeyObject): Buffer {
  return Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x!, 'base64url');
}

/** A signing key: the bytes of a shared secret, or an ed25519 private key. */
export type SigningKey = Buffer | KeyObject;

/**
 * Parses a secret of either kind into its key. Throws when the text is neither; the error does not
 * repeat the text.
 */
export function signingKey(secret: string): SigningKey {
  return secret.startsWith(PRIVATE_PREFIX) ? privateKey(secret) : secretKey(secret);
}

function privateKey(secret: string): KeyObject {
  const encoded = secret.startsWith(PRIVATE_PREFIX) ? secret.slice(PRIVATE_PREFIX.length) : '';
  const pair = Buffer.from(encoded, 'base64');
  if (pair.length !== 64 || pair.toString('base64') !== encoded) {
    throw new Error('a private signing key is whsk_ and the base64 of 64 bytes');
  }
  const [d, x] = [pair.toString('base64url', 0, 32), pair.toString('base64url', 32)];
  return createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x }, format: 'jwk' });
}

/**
 * Parses a shared secret into its key. Throws when the text is not `whsec_` and the base64 of 24 to
 * 64 bytes; the error does not repeat the text.
 */
export function secretKey(secret: string): Buffer {
  const encoded = secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : '';
  const key = Buffer.from(encoded, 'base64');
  if (key.length < 24 || key.length > 64 || key.toString('base64') !== encoded) {
    throw new Error('a signing secret is whsec_ and the base64 of 24 to 64 bytes');
  }
  return key;
}

/**
 * The signed content of a request without a body: `GET` and the whole URL, exactly as requested.
 */
export function contentOfGet(url: string): string {
  return `GET ${url}`;
}

/** A single signature in the form of the header: version, comma, base64. */
function signatureBy(key: SigningKey, text: string): string {
  return Buffer.isBuffer(key)
    ? v1(key, text)
    : `v1a,${sign(null, Buffer.from(text), key).toString('base64')}`;
}

function v1(key: Buffer, text: string): string {
  return `v1,${createHmac('sha256', key).update(text).digest('base64')}`;
}

/**
 * Value of the `webhook-signature` header: one signature per valid secret, newest first. During a
 * rotation the receiver may hold any of these secrets.
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

/** A signed request as received. A missing header is an empty string. */
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
 * Verifies a signature with shared secrets. `stale_signature` means that the signature is genuine,
 * but its timestamp is more than 5 minutes away from our clock. A signature made without the secret
 * is always `bad_signature`.
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

/** Compares in constant time, so that timing does not reveal how many characters match. */
function isEqual(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
