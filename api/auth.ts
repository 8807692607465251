// Who may call: an operator by an API key with the scope that the route asks for, the administrator by the token of the configuration.
import { hash as digest, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { Caller, Operators } from '../store/operators.ts';
import { ApiError } from './errors.ts';

/** What a key may be allowed to do. */
export const SCOPES = ['events:write', 'read', 'manage'] as const;
export type Scope = (typeof SCOPES)[number];

/** How long a key is believed without asking again: what revoking it, or changing its operator, takes to reach every process. */
const BELIEVED_MS = 5000;
/** Unknown keys are remembered too, so that guessing costs no queries; beyond this many, everything is asked again. */
const REMEMBERED_KEYS = 10_000;

export type Auth = {
  /** Lets the administrator pass. */
  admin: RequestHandler;
  /** Lets a key with this scope pass; `callerOf` then says whose it is. */
  scope(scope: Scope): RequestHandler;
  /** Forgets what was believed, after a change that this process itself made. */
  forget(): void;
};

/** The caller that `Auth.scope` let pass. */
export function callerOf(res: Response): Caller {
  return (res.locals as { caller: Caller }).caller;
}

/** A new API key: its text, shown once, and what is kept of it. 256 random bits need no slow hash. */
export function newApiKey(): { text: string; hash: Buffer; hint: string } {
  const text = `pk_${randomBytes(32).toString('base64url')}`;
  return { text, hash: sha256(text), hint: `pk_…${text.slice(-4)}` };
}

export function createAuth({ operators, adminToken }: { operators: Pick<Operators, 'findByKey'>; adminToken: string }): Auth {
  const believed = new Map<string, { caller: Promise<Caller | null>; until: number }>();
  const adminHash = sha256(adminToken);

  function callerBy(key: string): Promise<Caller | null> {
    const hash = sha256(key);
    const name = hash.toString('base64');
    const known = believed.get(name);
    if (known !== undefined && known.until > Date.now()) return known.caller;
    if (believed.size >= REMEMBERED_KEYS) believed.clear();
    // The promise is kept, so that a burst of requests asks once; a failure is not believed.
    const caller = operators.findByKey(hash);
    believed.set(name, { caller, until: Date.now() + BELIEVED_MS });
    caller.catch(() => believed.delete(name));
    return caller;
  }

  return {
    admin: (req, _res, next) => {
      // Hashes have one length, so the comparison takes one time.
      if (timingSafeEqual(sha256(bearerOf(req)), adminHash)) return next();
      throw new ApiError('unauthorized', 'this needs the administrator token');
    },
    scope: (scope) => async (req, res, next) => {
      const caller = await callerBy(bearerOf(req));
      if (caller === null) throw new ApiError('unauthorized', 'this API key is not valid');
      if (!caller.key.scopes.includes(scope)) throw new ApiError('forbidden', `this API key lacks the scope ${scope}`);
      res.locals['caller'] = caller;
      next();
    },
    forget: () => believed.clear(),
  };
}

function bearerOf(req: Request): string {
  const [, key] = /^Bearer +(.+?) *$/i.exec(req.headers.authorization ?? '') ?? [];
  if (key === undefined) throw new ApiError('unauthorized', 'this needs the header "Authorization: Bearer …"');
  return key;
}

function sha256(text: string): Buffer {
  return digest('sha256', text, 'buffer');
}
