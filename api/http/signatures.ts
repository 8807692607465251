// Signed requests: verifies Standard Webhooks headers against the operator's inbound secrets. An
// operator may require a signature on every request that sends events.
import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import type { InboundSecrets } from '../../store/setup/inbound-secrets.ts';
import type { Caller } from '../../store/setup/operators.ts';
import { ApiError } from './errors.ts';

const HEADERS = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;

/**
 * What judging a signature takes; the same functions sign and verify our own postbacks, and are
 * handed in.
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
 * Whether a request claims to be signed; one header of the three is enough, so that leaving one out
 * is no way around.
 */
export function isSigned({ headers }: IncomingMessage): boolean {
  return HEADERS.some((name) => headers[name] !== undefined);
}

/** Keeps the bytes of a body for the signature over them. */
export function keepRawBody(_req: IncomingMessage, res: unknown, raw: Buffer): void {
  (res as Response).locals['rawBody'] = raw;
}

/** The handler that judges a request after its body was read; callers are known by then. */
export function createSignatureCheck(
  secrets: Pick<InboundSecrets, 'listValid' | 'touch'>,
  signing: Signing,
): RequestHandler {
  /** As long as the caller is believed, so are its secrets. */
  const keys = new WeakMap<Caller, Promise<Buffer[]>>();
  const noted = new WeakSet<Caller>();

  /**
   * Once while a caller is believed, and waited for by nobody: what is lost is the minute of a last
   * signature.
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

/** What is signed: the body, or without one the method and the whole URL as the caller wrote it. */
function contentOf(req: Request, res: Response): string {
  const raw = res.locals['rawBody'] as Buffer | undefined;
  return raw?.toString() ?? `${req.method} ${req.protocol}://${req.host}${req.originalUrl}`;
}
