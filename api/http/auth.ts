// Authentication: API keys and sessions of operators, and the administrator's token and sessions.
// Admission follows in `admission.ts`.
import { timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { Caller, Callers } from '../../store/access/callers.ts';
import type { Sessions } from '../../store/access/sessions.ts';
import type { ApiKeys } from '../../store/setup/api-keys.ts';
import { type Admission, type Scope, sessionEnded } from './admission.ts';
import type { Audit } from './audit.ts';
import { createCallerCache } from './caller-cache.ts';
import { bearerOf, keyInQuery, passwordOf, type SessionCookie } from './credentials.ts';
import { ApiError } from './errors.ts';
import { isAffiliate, type OwnRules } from './own.ts';
import { administratorHash, isAdministrators, isOfSession, sha256 } from './tokens.ts';

/** Whom a token stands for. Null `expiresAt`: it has no end. */
export type Identity = { caller: Caller } | { administrator: { expiresAt: Date | null } };

export type Auth = {
  /** Requires TLS, where the configuration does. All others include it. */
  secure: RequestHandler;
  /** Requires the administrator: the token, or a session that was begun with it. */
  admin: RequestHandler;
  /** Requires the administrator token or this one, which a browser may send as a password. */
  adminOr(token: string | undefined): RequestHandler;
  /**
   * Requires a key with this scope; `callerOf` then gives the caller. `inQuery`: the key may also
   * be the parameter `key`. `sends`: the request sends events or clicks, which the audit log leaves
   * out.
   */
  scope(scope: Scope, options?: { inQuery?: boolean; sends?: boolean }): RequestHandler;
  /** Verifies the signature of a request that has or needs one. Runs after the body parsers. */
  signed: RequestHandler;
  /** Whom a token stands for; null where it is unknown. Keys that ended are found too. */
  identify(token: string): Promise<Identity | null>;
  /** Clears the cache, after a change that this process made. */
  forget(): void;
};

type AuthDeps = {
  callers: Callers;
  apiKeys: Pick<ApiKeys, 'touch'>;
  sessions: Pick<Sessions, 'findAdministrator'>;
  cookie: Pick<SessionCookie, 'read'>;
  adminToken: string;
  admission: Admission;
  own: OwnRules;
  audit: Pick<Audit, 'watch'>;
  signed: RequestHandler;
  /** Refuses parameters that the operation does not take. */
  parameters: RequestHandler;
  /** Called for requests with an unknown key. */
  onUnknownKey?: (req: Request) => void;
};

/** The caller that `Auth.scope` admitted. */
export function callerOf(res: Response): Caller {
  return (res.locals as { caller: Caller }).caller;
}

export function createAuth(deps: AuthDeps): Auth {
  const { sessions, cookie, adminToken, admission, own, audit, parameters } = deps;
  const { signed, onUnknownKey = () => {} } = deps;
  const cache = createCallerCache(deps);
  const isAdminToken = comparing([adminToken]);

  async function administratorBy(token: string): Promise<{ expiresAt: Date | null } | null> {
    if (isAdminToken(token)) return { expiresAt: null };
    return isAdministrators(token) ? sessions.findAdministrator(administratorHash(token, adminToken)) : null;
  }

  function unknown(req: Request, token: string): ApiError {
    if (isOfSession(token)) return sessionEnded();
    if (isAdminToken(token) || isAdministrators(token))
      return new ApiError('unauthorized', ADMINISTRATOR_IS_NO_OPERATOR);
    onUnknownKey(req);
    return new ApiError('unauthorized', 'this API key is not valid');
  }

  return {
    secure: (req, _res, next) => {
      admission.requireHttps(req);
      next();
    },
    admin: async (req, res, next) => {
      admission.requireHttps(req);
      const token = bearerOf(req) ?? cookie.read(req) ?? missing();
      if ((await administratorBy(token)) === null) throw await notAdministrator(token);
      audit.watch(req, res, null);
      await parameters(req, res, next);
    },
    adminOr: (token) => {
      const isEither = comparing(token === undefined ? [adminToken] : [adminToken, token]);
      return (req, _res, next) => {
        admission.requireHttps(req);
        if (isEither(bearerOf(req) ?? passwordOf(req) ?? missing())) return next();
        throw new ApiError('unauthorized', NEEDS_ADMINISTRATOR);
      };
    },
    scope:
      (scope, { inQuery = false, sends = false } = {}) =>
      async (req, res, next) => {
        const token =
          bearerOf(req) ?? (inQuery ? keyInQuery(req) : undefined) ?? cookie.read(req) ?? missing();
        const caller = await cache.find(token);
        if (caller === null) throw unknown(req, token);
        // Set before admission, so that a refusal is shown to the operator.
        res.locals['caller'] = caller;
        res.locals['scope'] = scope;
        if (isAffiliate(caller)) {
          admission.admit(req, caller, own.scopeOf(req));
          await own.confine(req, res, caller);
        } else admission.admit(req, caller, scope);
        if (!sends) audit.watch(req, res, caller);
        await parameters(req, res, next);
      },
    signed,
    async identify(token) {
      const administrator = await administratorBy(token);
      if (administrator !== null) return { administrator };
      const caller = await cache.find(token);
      return caller && { caller };
    },
    forget: cache.forget,
  };

  async function notAdministrator(token: string): Promise<ApiError> {
    const caller = await cache.find(token);
    return new ApiError(
      'unauthorized',
      caller === null ? NEEDS_ADMINISTRATOR : `${NEEDS_ADMINISTRATOR}, and this is a key of an operator`,
    );
  }
}

const NEEDS_ADMINISTRATOR = 'this needs the administrator token';
const ADMINISTRATOR_IS_NO_OPERATOR =
  'this is the administrator’s token: an operator’s routes take an API key of the operator, ' +
  'as POST /v1/operators answers it';

/** Compares with the expected texts in constant time, by hashes of equal length. */
function comparing(expected: readonly string[]): (given: string) => boolean {
  const hashes = expected.map(sha256);
  return (text) => {
    const given = sha256(text);
    return hashes.some((hash) => timingSafeEqual(given, hash));
  };
}

function missing(): never {
  throw new ApiError('unauthorized', 'this needs the header "Authorization: Bearer …"');
}
