// Routes of the session: sign in with a key or the administrator token, see who is signed in, sign
// out. The console has nothing but the cookie, which its scripts cannot read.
import type { Request, Router } from 'express';
import { z } from 'zod';
import type { ApiConfig } from '../../config.ts';
import type { Store } from '../../store/index.ts';
import { requireAlive } from '../http/admission.ts';
import type { Auth, Identity } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { bearerOf, type SessionCookie } from '../http/credentials.ts';
import { ApiError } from '../http/errors.ts';
import { text } from '../http/fields.ts';
import { addPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import {
  administratorHash,
  isAdministrators,
  newAdministratorToken,
  newToken,
  sha256,
} from '../http/tokens.ts';
import { NOBODY, sessionView } from './session.answers.ts';
import { createSignInTries } from './sign-in-tries.ts';

const LIFETIME_MS = 12 * 3_600_000;

export const signIn = z.strictObject({
  api_key: text(500).meta({
    description: 'an API key of the operator or of an affiliate, or the administrator token',
  }),
});

type Deps = {
  config: Pick<ApiConfig, 'adminToken'> & { temporal: Pick<ApiConfig['temporal'], 'uiUrl'> };
  store: Pick<Store, 'sessions'>;
  auth: Auth;
  cookie: SessionCookie;
};

export function addSessionRoutes(router: Router, { config, store, auth, cookie }: Deps): void {
  const tries = createSignInTries();

  /** Stores a session of who the token stands for, which ends no later than the token. */
  async function begin(identity: Identity): Promise<{ token: string; expiresAt: Date }> {
    const latest = new Date(Date.now() + LIFETIME_MS);
    const isOperators = 'caller' in identity;
    const key = isOperators ? identity.caller.key : null;
    const expiresAt = key?.expiresAt && key.expiresAt < latest ? key.expiresAt : latest;
    const begun = isOperators ? newToken('session') : newAdministratorToken(config.adminToken);
    await store.sessions.insert({
      tokenHash: begun.hash,
      operatorId: isOperators ? identity.caller.operator.id : null,
      keyId: key?.id ?? null,
      affiliateId: null,
      scopes: key?.scopes ?? [],
      expiresAt,
    });
    return { token: begun.text, expiresAt };
  }

  /** Whom the request comes from; null for nobody, or when it has ended. */
  async function whoIs(req: Request): Promise<Identity | null> {
    const token = bearerOf(req) ?? cookie.peek(req);
    const identity = token === undefined ? null : await auth.identify(token);
    if (identity === null || 'administrator' in identity) return identity;
    return isAlive(identity) ? identity : null;
  }

  async function end(req: Request): Promise<void> {
    const token = cookie.peek(req);
    if (token === undefined) return;
    const hash = isAdministrators(token) ? administratorHash(token, config.adminToken) : sha256(token);
    await store.sessions.end(hash);
    auth.forget();
  }

  addPath(router, '/session', {
    post: [
      auth.secure,
      (req, _res, next) => {
        cookie.refuseOtherSites(req);
        next();
      },
      ...jsonBody,
      async (req, res) => {
        const { api_key: token } = read(signIn, req.body);
        const identity = await tries.run(req.ip ?? '', () => identifyKey(auth, token));
        await end(req);
        const { token: sessionToken, expiresAt } = await begin(identity);
        cookie.set(req, res, sessionToken, expiresAt);
        res.setHeader('cache-control', 'no-store');
        res.status(201).json(sessionView(identity, expiresAt, config.temporal.uiUrl));
      },
    ],
    get: [
      async (req, res) => {
        const identity = await whoIs(req);
        res.setHeader('cache-control', 'no-store');
        res.json(identity === null ? NOBODY : sessionView(identity, endOf(identity), config.temporal.uiUrl));
      },
    ],
    delete: [
      async (req, res) => {
        cookie.refuseOtherSites(req);
        await end(req);
        cookie.clear(req, res);
        res.status(204).end();
      },
    ],
  });
}

/** The holder of a key. Throws `unauthorized` for a key that is unknown or has ended. */
async function identifyKey(auth: Auth, token: string): Promise<Identity> {
  const identity = await auth.identify(token);
  const isKey = identity !== null && !('caller' in identity && identity.caller.by !== 'key');
  if (!isKey) throw new ApiError('unauthorized', 'this is no API key, and not the administrator token');
  if ('caller' in identity) requireAlive(identity.caller);
  return identity;
}

function isAlive({ caller }: Extract<Identity, { caller: unknown }>): boolean {
  try {
    requireAlive(caller);
    return true;
  } catch {
    return false;
  }
}

function endOf(identity: Identity): Date | null {
  return 'caller' in identity ? identity.caller.key.expiresAt : identity.administrator.expiresAt;
}
