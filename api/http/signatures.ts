// Signed requests: verifies Standard Webhooks headers against the operator's inbound secrets. An
// operator may require a signature on every request that sends events.
import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import type { InboundSecrets } from '../../store/setup/inbound-secrets.ts';
import type { Caller } from '../../store/access/callers.ts';
import { ApiError } from './errors.ts';

const HEADERS = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;

/**
 * The functions that verify a signature, handed in: `delivery/` signs postbacks by the same ones.
 */
export type Signing = {
  secretKey(secret: string): Buffer;
  verify(request: {
    id: string;
    timestamp: string;
    signature: string;
    content: string;
    secrets: readonly Buffer[];
    nowMs: number;
  }): 'valid' | 'bad_signature' | 'stale_signature';
};

const MESSAGES = {
  bad_signature: 'the signature does not fit this request and the inbound secret',
  stale_signature: 'the signature is genuine, but more than 5 minutes from our clock',
};

/**
 * Whether a request claims to be signed. One of the three headers is enough, so that omitting one
 * does not skip the check.
 */
export function isSigned({ headers }: IncomingMessage): boolean {
  return HEADERS.some((name) => headers[name] !== undefined);
}

/** Keeps the bytes of a body for the signature over them. */
export function keepRawBody(_req: IncomingMessage, res: unknown, raw: Buffer): void {
  (res as Response).locals['rawBody'] = raw;
}

/** The handler that verifies a signature. Runs after authentication and the body parsers. */
export function createSignatureCheck(
  secrets: Pick<InboundSecrets, 'listValid' | 'touch'>,
  signing: Signing,
): RequestHandler {
  /** Secrets are cached as long as their caller. */
  const keys = new WeakMap<Caller, Promise<Buffer[]>>();
  const noted = new WeakSet<Caller>();

  /**
   * Writes the last use once per cached caller, without waiting; a failure loses only that time.
   */
  function noteGenuine(caller: Caller): void {
    if (noted.has(caller)) return;
    noted.add(caller);
    secrets.touch(caller.operator.id).catch(() => noted.delete(caller));
  }

  function keysOf(caller: Caller): Promise<Buffer[]> {
    const known = keys.get(caller);
    if (known !== undefined) return known;
    const loaded = secrets
      .listValid(caller.operator.id)
      .then((live) => live.map((secret) => signing.secretKey(secret)));
    keys.set(caller, loaded);
    loaded.catch(() => keys.delete(caller));
    return loaded;
  }

  async function judge(req: Request, res: Response, caller: Caller, next: () => void): Promise<void> {
    const [id = '', timestamp = '', signature = ''] = HEADERS.map((name) => req.get(name));
    const request = {
      id,
      timestamp,
      signature,
      content: contentOf(req, res),
      secrets: await keysOf(caller),
      nowMs: Date.now(),
    };
    const verdict = signing.verify(request);
    if (verdict !== 'valid') throw new ApiError(verdict, MESSAGES[verdict]);
    noteGenuine(caller);
    next();
  }

  return (req, res, next) => {
    const { caller } = res.locals as { caller: Caller };
    if (isSigned(req)) return judge(req, res, caller, next);
    if (!caller.operator.requireSignature) return next();
    throw new ApiError('bad_signature', `this operator requires signed requests: give ${HEADERS.join(', ')}`);
  };
}

/** The signed content: the body, or without one the method and the whole URL as sent. */
function contentOf(req: Request, res: Response): string {
  const raw = res.locals['rawBody'] as Buffer | undefined;
  return raw?.toString() ?? `${req.method} ${req.protocol}://${req.host}${req.originalUrl}`;
}
