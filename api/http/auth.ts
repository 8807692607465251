// Authentication: API keys of operators, and the administrator token. Admission follows in
// `admission.ts`.
import { hash as digest, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { LRUCache } from 'lru-cache';
import type { ApiKeys } from '../../store/setup/api-keys.ts';
import type { Caller, Operators } from '../../store/setup/operators.ts';
import type { Admission, Scope } from './admission.ts';
import { ApiError } from './errors.ts';

/**
 * Lifetime of a cached key: the time until a revocation or a change of its operator reaches every
 * process.
 */
const BELIEVED_MS = 5000;
/** Size of the cache of valid keys and of the cache of unknown keys. */
const REMEMBERED_KEYS = 10_000;
const LAST_USE_EVERY_MS = 60_000;

export type Auth = {
  /** Requires the administrator token. */
  admin: RequestHandler;
  /** Requires the administrator token or this one, which a browser may send as a password. */
  adminOr(token: string | undefined): RequestHandler;
  /**
   * Requires a key with this scope; `callerOf` then gives the caller. `inQuery`: the key may also
   * be the parameter `key`.
   */
  scope(scope: Scope, options?: { inQuery: boolean }): RequestHandler;
  /** Verifies the signature of a request that has or needs one. Runs after the body parsers. */
  signed: RequestHandler;
  /** Clears the cache, after a change that this process made. */
  forget(): void;
};

type AuthDeps = {
  operators: Pick<Operators, 'findByKey'>;
  apiKeys: Pick<ApiKeys, 'touch'>;
  adminToken: string;
  admission: Admission;
  signed: RequestHandler;
  /** Called for requests with an unknown key. */
  onUnknownKey?: (req: Request) => void;
};

/** The caller that `Auth.scope` admitted. */
export function callerOf(res: Response): Caller {
  return (res.locals as { caller: Caller }).caller;
}

/**
 * A new API key: its text, shown once, and the hash and hint to store. 256 random bits need no slow
 * hash.
 */
export function newApiKey(): { text: string; hash: Buffer; hint: string } {
  const text = `pk_${randomBytes(32).toString('base64url')}`;
  return { text, hash: sha256(text), hint: `pk_…${text.slice(-4)}` };
}

export function createAuth({
  operators,
  apiKeys,
  adminToken,
  admission,
  signed,
  onUnknownKey = () => {},
}: AuthDeps): Auth {
  const valid = new LRUCache<string, Promise<Caller | null>>({ max: REMEMBERED_KEYS, ttl: BELIEVED_MS });
  /** Unknown keys and keys being looked up. Apart from valid keys, which a flood cannot evict. */
  const unproven = new LRUCache<string, Promise<Caller | null>>({ max: REMEMBERED_KEYS, ttl: BELIEVED_MS });
  const touched = new LRUCache<string, true>({ max: REMEMBERED_KEYS, ttl: LAST_USE_EVERY_MS });

  function callerBy(key: string): Promise<Caller | null> {
    const hash = sha256(key);
    const name = hash.toString('base64');
    const known = valid.get(name) ?? unproven.get(name);
    if (known !== undefined) return known;
    const askedAt = performance.now();
    const asked = operators.findByKey(hash);
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
  }

  /**
   * Runs after the look-up of a valid key. Waits for nothing, so that requests never pay for it.
   */
  function noteUse(caller: Caller): void {
    if (touched.has(caller.key.id)) return;
    touched.set(caller.key.id, true);
    // A failure loses no more than the time of a last use.
    apiKeys.touch(caller.operator.id, caller.key.id).catch(() => touched.delete(caller.key.id));
  }

  /** Requires one of the installation's tokens. */
  function requiring(
    tokens: readonly string[],
    givenBy: (req: Request) => string | undefined,
  ): RequestHandler {
    const hashes = tokens.map(sha256);
    return (req, _res, next) => {
      admission.requireHttps(req);
      const given = sha256(givenBy(req) ?? missing());
      // Hashes of equal length make the comparison constant in time.
      if (hashes.some((hash) => timingSafeEqual(given, hash))) return next();
      throw new ApiError('unauthorized', 'this needs the administrator token');
    };
  }

  return {
    admin: requiring([adminToken], bearerOf),
    adminOr: (token) =>
      requiring(
        token === undefined ? [adminToken] : [adminToken, token],
        (req) => bearerOf(req) ?? passwordOf(req),
      ),
    scope:
      (scope, { inQuery } = { inQuery: false }) =>
      async (req, res, next) => {
        const caller = await callerBy(bearerOf(req) ?? (inQuery ? keyInQuery(req) : undefined) ?? missing());
        if (caller === null) {
          onUnknownKey(req);
          throw new ApiError('unauthorized', 'this API key is not valid');
        }
        // Set before admission, so that a refusal is shown to the operator.
        res.locals['caller'] = caller;
        res.locals['scope'] = scope;
        admission.admit(req, caller, scope);
        next();
      },
    signed,
    forget() {
      valid.clear();
      unproven.clear();
    },
  };
}

function missing(): never {
  throw new ApiError('unauthorized', 'this needs the header "Authorization: Bearer …"');
}

function bearerOf(req: Request): string | undefined {
  return /^Bearer +(.+?) *$/i.exec(req.headers.authorization ?? '')?.[1];
}

function passwordOf(req: Request): string | undefined {
  const encoded = /^Basic +(\S+) *$/i.exec(req.headers.authorization ?? '')?.[1];
  return encoded && /^[^:]*:(.*)$/s.exec(Buffer.from(encoded, 'base64').toString())?.[1];
}

function keyInQuery(req: Request): string | undefined {
  const { key } = req.query;
  return typeof key === 'string' && key !== '' ? key : undefined;
}

function sha256(text: string): Buffer {
  return digest('sha256', text, 'buffer');
}
