// Credentials of a request: a token in its header, query or password, or the session cookie of a
// page of this API. A cookie counts only where no other site can have sent the request.
import type { Request, Response } from 'express';
import { ApiError } from './errors.ts';

/**
 * Pages with sessions. Each names itself by a header, which pages of other sites cannot send, as
 * that takes CORS, and has a cookie of its own: an operator who looks at the portal stays signed in
 * to the console.
 */
const PAGES = {
  console: { header: 'x-postrider-console', cookie: 'postrider_session' },
  portal: { header: 'x-postrider-portal', cookie: 'postrider_portal' },
} as const;
export type SessionPage = keyof typeof PAGES;
/** The header's value: the page itself, or the portal in a frame of another site. */
const BY_ITSELF = '1';
const FRAMED = 'framed';
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD']);

export function bearerOf(req: Request): string | undefined {
  return /^Bearer +(.+?) *$/i.exec(req.headers.authorization ?? '')?.[1];
}

export function passwordOf(req: Request): string | undefined {
  const encoded = /^Basic +(\S+) *$/i.exec(req.headers.authorization ?? '')?.[1];
  return encoded && /^[^:]*:(.*)$/s.exec(Buffer.from(encoded, 'base64').toString())?.[1];
}

export function keyInQuery(req: Request): string | undefined {
  const { key } = req.query;
  return typeof key === 'string' && key !== '' ? key : undefined;
}

/** The page that says it sent the request; null for programs, and for other sites. */
export function pageOf({ headers }: Request): SessionPage | null {
  if (isFramed({ headers }) || headers[PAGES.portal.header] === BY_ITSELF) return 'portal';
  return headers[PAGES.console.header] === BY_ITSELF ? 'console' : null;
}

function isFramed({ headers }: Pick<Request, 'headers'>): boolean {
  return headers[PAGES.portal.header] === FRAMED;
}

/** Cookies of sessions, made for the scheme and address that this API is reached under. */
export function createSessionCookie({ publicUrl }: { publicUrl: string }) {
  const own = new URL(publicUrl);

  const isSecure = (req: Request): boolean => own.protocol === 'https:' || req.secure;
  /** A name with this prefix cannot be set by plain HTTP or another host of the domain. */
  const nameFor = (req: Request, page: SessionPage): string =>
    (isSecure(req) ? '__Host-' : '') + PAGES[page].cookie;

  function refuseOtherSites(req: Request, { mustBeKnown }: { mustBeKnown: boolean }): void {
    const { origin, 'sec-fetch-site': site } = req.headers;
    // Scripts cannot set either header. Without TLS browsers send the second one alone.
    if (site === 'same-origin' || (site === 'none' && READING.has(req.method))) return;
    if (site === undefined && origin === undefined && !mustBeKnown) return;
    if (site === undefined && (origin === own.origin || origin === `${req.protocol}://${req.host}`)) return;
    throw new ApiError('forbidden', 'a session is taken from pages of this address only');
  }

  /** In a frame of another site only a partitioned cookie is kept, one for each such site. */
  function attributesFor(req: Request, page: SessionPage) {
    const always = { httpOnly: true, path: '/' } as const;
    return page === 'portal' && isFramed(req)
      ? ({ ...always, sameSite: 'none', secure: true, partitioned: true } as const)
      : ({ ...always, sameSite: 'strict', secure: isSecure(req) } as const);
  }

  return {
    /** The token of the page's cookie, without any check of who sent it. */
    peek(req: Request, page: SessionPage): string | undefined {
      const name = `${nameFor(req, page)}=`;
      const found = req.headers.cookie?.split(/; */).find((cookie) => cookie.startsWith(name));
      return found?.slice(name.length);
    },

    /**
     * The token of the cookie for a request of our pages, which name themselves. Throws
     * `forbidden` where another site may have sent the request.
     */
    read(req: Request): string | undefined {
      const page = pageOf(req);
      if (page === null) return undefined;
      const token = this.peek(req, page);
      if (token !== undefined) refuseOtherSites(req, { mustBeKnown: !READING.has(req.method) });
      return token;
    },

    /** Throws `forbidden` for a request that a browser sent for another site. */
    refuseOtherSites: (req: Request): void => refuseOtherSites(req, { mustBeKnown: false }),

    set(req: Request, res: Response, page: SessionPage, token: string, expires: Date): void {
      res.cookie(nameFor(req, page), token, { ...attributesFor(req, page), expires });
    },

    clear(req: Request, res: Response, page: SessionPage): void {
      res.clearCookie(nameFor(req, page), attributesFor(req, page));
    },
  };
}

export type SessionCookie = ReturnType<typeof createSessionCookie>;
