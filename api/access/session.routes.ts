// Routes of sessions: sign in with a key, the administrator token or a link to the portal, see who
// is signed in, sign out. The pages have nothing but a cookie, which their scripts cannot read.
import type { Request, Router } from 'express';
import { z } from 'zod';
import type { ApiConfig } from '../../config.ts';
import type { Store } from '../../store/index.ts';
import { requireAlive } from '../http/admission.ts';
import type { Auth, Identity } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { bearerOf, pageOf, type SessionCookie, type SessionPage } from '../http/credentials.ts';
import { ApiError } from '../http/errors.ts';
import { text } from '../http/fields.ts';
import { addPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import {
  administratorHash,
  isAdministrators,
  isOfPortalLink,
  newAdministratorToken,
  newToken,
  sha256,
} from '../http/tokens.ts';
import { NOBODY, sessionView } from './session.answers.ts';
import { createSignInTries } from './sign-in-tries.ts';

const LIFETIME_MS = 12 * 3_600_000;

export const signIn = z
  .strictObject({
    api_key: text(500).optional().meta({
      description: 'an API key of the operator or of an affiliate, or the administrator token',
    }),
    portal_token: text(500).optional().meta({
      description: 'in place of `api_key`: the token of a link to the portal, within its hour',
    }),
  })
  .refine((given) => (given.api_key === undefined) !== (given.portal_token === undefined), {
    params: { code: 'required' },
    error: 'give this or `portal_token`',
    path: ['api_key'],
  });

type Deps = {
  config: Pick<ApiConfig, 'adminToken'> & { temporal: Pick<ApiConfig['temporal'], 'uiUrl'> };
  store: Pick<Store, 'sessions'>;
  auth: Auth;
  cookie: SessionCookie;
};

export function addSessionRoutes(router: Router, { config, store, auth, cookie }: Deps): void {
  const tries = createSignInTries();

  /** Stores a session of who the token stands for, which ends no later than their key. */
  async function begin(identity: Identity): Promise<{ token: string; expiresAt: Date }> {
    const caller = 'caller' in identity ? identity.caller : null;
    const begun = caller === null ? newAdministratorToken(config.adminToken) : newToken('session');
    const expiresAt = await store.sessions.insert({
      tokenHash: begun.hash,
      operatorId: caller?.operator.id ?? null,
      keyId: caller?.key.id ?? null,
      affiliateId: caller?.by === 'portal' ? caller.affiliate!.id : null,
      scopes: caller?.key.scopes ?? [],
      expiresAt: new Date(Date.now() + LIFETIME_MS),
    });
    return { token: begun.text, expiresAt };
  }

  /** Whom the request comes from; null for nobody, or when it has ended. */
  async function whoIs(req: Request): Promise<Identity | null> {
    const token = bearerOf(req) ?? cookie.peek(req, pageOf(req) ?? 'console');
    const identity = token === undefined ? null : await auth.identify(token);
    if (identity === null || 'administrator' in identity) return identity;
    return isAlive(identity) ? identity : null;
  }

  async function end(req: Request, page: SessionPage): Promise<void> {
    const token = cookie.peek(req, page);
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
        const { api_key: key, portal_token: link } = read(signIn, req.body);
        const page = link === undefined ? (pageOf(req) ?? 'console') : 'portal';
        const identity = await tries.run(req.ip ?? '', () =>
          link === undefined ? identifyKey(auth, key!, page) : identifyLink(auth, link),
        );
        await end(req, page);
        const { token, expiresAt } = await begin(identity);
        cookie.set(req, res, page, token, expiresAt);
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
        const page = pageOf(req) ?? 'console';
        await end(req, page);
        cookie.clear(req, res, page);
        res.status(204).end();
      },
    ],
  });
}

/** The holder of a key. Throws `unauthorized` for a key that is unknown or not for this page. */
async function identifyKey(auth: Auth, token: string, page: SessionPage): Promise<Identity> {
  const identity = await auth.identify(token);
  const isKey = identity !== null && !('caller' in identity && identity.caller.by !== 'key');
  if (!isKey) throw new ApiError('unauthorized', 'this is no API key, and not the administrator token');
  if (page === 'portal' && !('caller' in identity && identity.caller.affiliate !== null))
    throw new ApiError('unauthorized', 'the portal takes keys of affiliates; the console takes this one');
  if ('caller' in identity) requireAlive(identity.caller);
  return identity;
}

/** Whom a link to the portal is for. Throws `unauthorized` for one that is unknown or has ended. */
async function identifyLink(auth: Auth, token: string): Promise<Identity> {
  const identity = isOfPortalLink(token) ? await auth.identify(token) : null;
  if (identity === null || !('caller' in identity))
    throw linkEnded('this link is not complete, or it ended long ago: ask for a new one');
  if (!isAlive(identity))
    throw linkEnded(`this link has ended: ask ${identity.caller.operator.name} for a new one`);
  return identity;
}

function linkEnded(message: string): ApiError {
  return new ApiError('unauthorized', message, {
    issues: [{ path: 'portal_token', code: 'link_ended', message }],
  });
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
