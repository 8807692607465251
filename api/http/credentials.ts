// Credentials of a request: a token in its header, query or password, or the session cookie of a
// page of this API. A cookie counts only where no other site can have sent the request.
import type { Request, Response } from 'express';
import { ApiError } from './errors.ts';

/** Header of our own pages. Pages of other sites cannot send it: that takes CORS. */
const CONSOLE_HEADER = 'x-postrider-console';
const NAME = 'postrider_session';
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

/** Cookie of the session, made for the scheme and address that this API is reached under. */
export function createSessionCookie({ publicUrl }: { publicUrl: string }) {
  const own = new URL(publicUrl);

  const isSecure = (req: Request): boolean => own.protocol === 'https:' || req.secure;
  /** A name with this prefix cannot be set by plain HTTP or another host of the domain. */
  const nameFor = (req: Request): string => (isSecure(req) ? `__Host-${NAME}` : NAME);

  function refuseOtherSites(req: Request, { mustBeKnown }: { mustBeKnown: boolean }): void {
    const { origin, 'sec-fetch-site': site } = req.headers;
    // Scripts cannot set either header. Without TLS browsers send the second one alone.
    if (site === 'same-origin' || (site === 'none' && READING.has(req.method))) return;
    if (site === undefined && origin === undefined && !mustBeKnown) return;
    if (site === undefined && (origin === own.origin || origin === `${req.protocol}://${req.host}`)) return;
    throw new ApiError('forbidden', 'a session is taken from pages of this address only');
  }

  return {
    /** The token of the cookie, without any check of who sent it. */
    peek(req: Request): string | undefined {
      const name = `${nameFor(req)}=`;
      const found = req.headers.cookie?.split(/; */).find((cookie) => cookie.startsWith(name));
      return found?.slice(name.length);
    },

    /**
     * The token of the cookie for a request of our pages, which send the header
     * `x-postrider-console`. Throws `forbidden` where another site may have sent the request.
     */
    read(req: Request): string | undefined {
      if (req.headers[CONSOLE_HEADER] !== '1') return undefined;
      const token = this.peek(req);
      if (token !== undefined) refuseOtherSites(req, { mustBeKnown: !READING.has(req.method) });
      return token;
    },

    /** Throws `forbidden` for a request that a browser sent for another site. */
    refuseOtherSites: (req: Request): void => refuseOtherSites(req, { mustBeKnown: false }),

    set(req: Request, res: Response, token: string, expires: Date): void {
      res.cookie(nameFor(req), token, { ...attributesFor(req), expires });
    },

    clear(req: Request, res: Response): void {
      res.clearCookie(nameFor(req), attributesFor(req));
    },
  };

  function attributesFor(req: Request) {
    return { httpOnly: true, sameSite: 'strict', secure: isSecure(req), path: '/' } as const;
  }
}

export type SessionCookie = ReturnType<typeof createSessionCookie>;
