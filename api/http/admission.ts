// Admission of a request whose key is known: TLS, the key's state, the address list, the rate limit
// and the scope. The first rule that fails is the answer.
import type { Request } from 'express';
import type { Caller } from '../../store/access/callers.ts';
import { isWithin } from './addresses.ts';
import { ApiError } from './errors.ts';
import type { OwnScope } from './own.ts';
import type { RateLimits } from './rate-limits.ts';

/** The scopes of an operator's key; those of an affiliate's are `OWN_SCOPES`. */
export const SCOPES = ['events:write', 'read', 'manage'] as const;
export type Scope = (typeof SCOPES)[number];

export type Admission = {
  /**
   * Throws `https_required` for plain HTTP, where TLS is required and a trusted proxy reports it.
   */
  requireHttps(req: Request): void;
  /** Throws an `ApiError` for the first rule that the request breaks. */
  admit(req: Request, caller: Caller, scope: Scope | OwnScope): void;
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
      const { operator, key, affiliate } = caller;
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
      const { name, perSecond } = rateOf(caller);
      const wait = perSecond === null ? 0 : rates.take(name, perSecond);
      if (wait > 0) throw tooFast(perSecond!, wait);
      if (!key.scopes.includes(scope))
        throw new ApiError('forbidden', `this API key lacks the scope ${scope}`);
      if (scope === 'own:endpoints' && affiliate !== null && affiliate.state !== 'active')
        throw new ApiError(
          'forbidden',
          `the affiliate is ${affiliate.state}: it can read, and change nothing`,
        );
    },
  };
}

/** Requests per second of an affiliate, by all its keys and links without a rate of their own. */
const AFFILIATE_PER_SECOND = 20;

/** Whose requests are counted together, and up to which rate. */
function rateOf({ operator, key, affiliate, by }: Caller): { name: string; perSecond: number | null } {
  if (affiliate === null) return { name: key.id, perSecond: key.ratePerSecond ?? operator.ratePerSecond };
  // A link to the portal must not use up the rate of the key that made it.
  if (by === 'portal' || key.ratePerSecond === null)
    return { name: affiliate.id, perSecond: AFFILIATE_PER_SECOND };
  return { name: key.id, perSecond: key.ratePerSecond };
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
