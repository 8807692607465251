// Admission of a request whose key is known: TLS, the key's state, the address list, the rate limit
// and the scope. The first rule that fails is the answer.
import type { Request } from 'express';
import type { Caller } from '../../store/access/callers.ts';
import { isWithin } from './addresses.ts';
import { ApiError } from './errors.ts';
import type { RateLimits } from './rate-limits.ts';

/** The scopes of an API key. */
export const SCOPES = ['events:write', 'read', 'manage'] as const;
export type Scope = (typeof SCOPES)[number];

export type Admission = {
  /**
   * Throws `https_required` for plain HTTP, where TLS is required and a trusted proxy reports it.
   */
  requireHttps(req: Request): void;
  /** Throws an `ApiError` for the first rule that the request breaks. */
  admit(req: Request, caller: Caller, scope: Scope): void;
};

/** Without a trusted proxy TLS cannot be detected, so it is not required. */
export function createAdmission(
  config: { requireHttps: boolean; trustProxy: unknown },
  rates: RateLimits,
): Admission {
  const mustBeSecure = config.requireHttps && config.trustProxy !== false;

  function requireHttps(req: Request): void {
    if (mustBeSecure && !req.secure)
      throw new ApiError('https_required', 'plain HTTP is not taken here: use https');
  }

  return {
    requireHttps,
    admit(req, caller, scope) {
      const { operator, key } = caller;
      requireHttps(req);
      requireAlive(caller);
      // The list restricts events only, so that an operator that forgot an address can still read
      // and change it.
      if (
        scope === 'events:write' &&
        operator.allowedIps.length > 0 &&
        !isWithin(operator.allowedIps, req.ip ?? '')
      )
        throw new ApiError(
          'ip_not_allowed',
          `this address may not send events for this operator: ${req.ip ?? 'unknown'}`,
        );
      const perSecond = key.ratePerSecond ?? operator.ratePerSecond;
      const wait = perSecond === null ? 0 : rates.take(key.id, perSecond);
      if (wait > 0) throw tooFast(perSecond!, wait);
      if (!key.scopes.includes(scope))
        throw new ApiError('forbidden', `this API key lacks the scope ${scope}`);
    },
  };
}

/** Throws `unauthorized` for a key or session that was revoked or has ended. */
export function requireAlive({ key, by }: Caller): void {
  if (key.isRevoked) throw badKey('key_revoked', 'this API key was revoked');
  if (key.expiresAt === null || key.expiresAt.getTime() > Date.now()) return;
  throw by === 'key' ? badKey('key_expired', 'this API key has ended') : sessionEnded();
}

export function sessionEnded(): ApiError {
  return badKey('session_ended', 'this session has ended: sign in again');
}

function badKey(code: string, message: string): ApiError {
  return new ApiError('unauthorized', message, { issues: [{ path: '', code, message }] });
}

function tooFast(perSecond: number, waitMs: number): ApiError {
  const retryAfterSeconds = Math.ceil(waitMs / 1000);
  return new ApiError('rate_limited', `more than ${perSecond} requests per second by this API key`, {
    retryAfterSeconds,
  });
}
