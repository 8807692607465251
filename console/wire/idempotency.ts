// Keys of requests that must not be carried out twice, however often they are sent.

/** A new key. It stays the same while a request is repeated. */
export function newIdempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
