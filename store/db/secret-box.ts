// Encrypts secrets at rest with AES-256-GCM. A sealed secret names its key, so keys can be rotated,
// and is bound to the row that holds it.
// Layout: version (1 byte), length of the key id (1 byte), key id, nonce (12), tag (16),
// ciphertext.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const VERSION = 1;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A key of 32 bytes, and its id, which sealed secrets carry in the clear. */
type SealingKey = { id: string; key: Buffer };

/**
 * Seals and opens secrets. `context` names the owner and the purpose of a secret (operator id and
 * purpose) and must be the same for both.
 */
export type SecretBox = {
  seal(text: string, context: string): Buffer;
  /** Throws when the key is unknown, the secret was changed, or it belongs to another context. */
  open(sealed: Buffer, context: string): string;
  /** Whether the current key sealed the secret; every other secret keeps an older key in use. */
  isCurrent(sealed: Buffer): boolean;
};

/**
 * Creates a secret box: the first key seals, all keys open. Throws for a key that is not 32 bytes,
 * or an id used twice.
 */
export function createSecretBox(keys: readonly SealingKey[]): SecretBox {
  const [current] = keys;
  if (current === undefined) throw new Error('a secret box needs at least one key');
  const byId = new Map(keys.map(({ id, key }) => [id, checkedKey(id, key)]));
  if (byId.size !== keys.length) throw new Error('two keys of the secret box have the same id');

  const head = Buffer.concat([
    Buffer.from([VERSION, Buffer.byteLength(current.id)]),
    Buffer.from(current.id),
  ]);

  return {
    isCurrent: (sealed) => sealed.subarray(0, head.length).equals(head),

    seal(text, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', current.key, nonce).setAAD(boundTo(head, context));
      const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([head, nonce, cipher.getAuthTag(), ciphertext]);
    },

    open(sealed, context) {
      const headLength = 2 + (sealed[1] ?? 0);
      if (sealed[0] !== VERSION || sealed.length < headLength + NONCE_BYTES + TAG_BYTES)
        throw new Error('not a sealed secret');
      const sealedHead = sealed.subarray(0, headLength);
      const keyId = sealedHead.toString('utf8', 2);
      const key = byId.get(keyId);
      if (key === undefined)
        throw new Error(`a secret was sealed with key "${keyId}", which this process was not given`);
      const nonce = sealed.subarray(headLength, headLength + NONCE_BYTES);
      const tag = sealed.subarray(headLength + NONCE_BYTES, headLength + NONCE_BYTES + TAG_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(boundTo(sealedHead, context)).setAuthTag(tag);
      const start = decipher.update(sealed.subarray(headLength + NONCE_BYTES + TAG_BYTES), undefined, 'utf8');
      return start + finish(decipher, keyId);
    },
  };
}

function checkedKey(id: string, key: Buffer): Buffer {
  if (key.length !== KEY_BYTES)
    throw new Error(`key "${id}" of the secret box has ${key.length} bytes, not ${KEY_BYTES}`);
  if (id === '' || Buffer.byteLength(id) > 255) throw new Error('the id of a key has 1 to 255 bytes');
  return key;
}

/**
 * Additional authenticated data. The head is part of it, so that a secret cannot be relabelled; its
 * length byte keeps head and context apart.
 */
function boundTo(head: Buffer, context: string): Buffer {
  return Buffer.concat([head, Buffer.from(context)]);
}

function finish(decipher: ReturnType<typeof createDecipheriv>, keyId: string): string {
  try {
    return decipher.final('utf8');
  } catch (cause) {
    throw new Error(`a secret sealed with key "${keyId}" was changed, or belongs to another context`, {
      cause,
    });
  }
}
