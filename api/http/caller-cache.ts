// Cache of callers by their token, so that a busy key costs the database nothing.
import { LRUCache } from 'lru-cache';
import type { Caller, Callers } from '../../store/access/callers.ts';
import type { ApiKeys } from '../../store/setup/api-keys.ts';
import { isOfSession, sha256 } from './tokens.ts';

/**
 * Lifetime of a cached key: the time until a revocation or a change of its operator reaches every
 * process.
 */
const BELIEVED_MS = 5000;
/** Size of the cache of valid keys and of the cache of unknown keys. */
const REMEMBERED_KEYS = 10_000;
const LAST_USE_EVERY_MS = 60_000;

export type CallerCache = {
  /** The caller of a key or session; null for an unknown token. */
  find(token: string): Promise<Caller | null>;
  /** Clears the cache, after a change that this process made. */
  forget(): void;
};

type Deps = { callers: Callers; apiKeys: Pick<ApiKeys, 'touch'> };

export function createCallerCache({ callers, apiKeys }: Deps): CallerCache {
  const valid = new LRUCache<string, Promise<Caller | null>>({ max: REMEMBERED_KEYS, ttl: BELIEVED_MS });
  /** Unknown keys and keys being looked up. Apart from valid keys, which a flood cannot evict. */
  const unproven = new LRUCache<string, Promise<Caller | null>>({ max: REMEMBERED_KEYS, ttl: BELIEVED_MS });
  const touched = new LRUCache<string, true>({ max: REMEMBERED_KEYS, ttl: LAST_USE_EVERY_MS });

  /**
   * Runs after the look-up of a valid key. Waits for nothing, so that requests never pay for it.
   */
  function noteUse(caller: Caller): void {
    // A link to the portal is not used by the holder of its key.
    if (caller.by === 'portal' || touched.has(caller.key.id)) return;
    touched.set(caller.key.id, true);
    // A failure loses no more than the time of a last use.
    apiKeys.touch(caller.operator.id, caller.key.id).catch(() => touched.delete(caller.key.id));
  }

  return {
    find(token) {
      const hash = sha256(token);
      const name = hash.toString('base64');
      const known = valid.get(name) ?? unproven.get(name);
      if (known !== undefined) return known;
      const askedAt = performance.now();
      const asked = isOfSession(token) ? callers.findBySession(hash) : callers.findByKey(hash);
      // The promise is kept, so that a burst of requests asks once; a failure is not kept.
      unproven.set(name, asked);
      // An entry that `forget` removed meanwhile may have an outdated answer.
      const isKept = (): boolean => unproven.peek(name) === asked;
      const found = (caller: Caller | null): void => {
        if (caller === null) return;
        if (isKept() && unproven.delete(name)) valid.set(name, asked, { start: askedAt });
        noteUse(caller);
      };
      asked.then(found, () => isKept() && unproven.delete(name));
      return asked;
    },
    forget() {
      valid.clear();
      unproven.clear();
    },
  };
}
