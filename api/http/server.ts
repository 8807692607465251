// HTTP server with limits on callers: how long a request may take and how large its headers may be;
// and its end, which fails no request.
import { createServer, IncomingMessage, ServerResponse, type Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Express } from 'express';

export type CallerLimits = {
  /** Time limits for a caller's headers, and for its whole request. */
  headersMs: number;
  requestMs: number;
  /** How often connections are checked for expired limits. */
  lookEveryMs: number;
};

const LIMITS: CallerLimits = { headersMs: 10_000, requestMs: 30_000, lookEveryMs: 1000 };
/**
 * Longer than the idle timeout of common load balancers (60 s), so the server never closes a
 * connection that a balancer is about to reuse.
 */
const KEEP_ALIVE_MS = 65_000;
const HEADER_BYTES = 16 * 1024;

/**
 * Does not listen yet. A late request is answered 408, too large headers 431; both connections are
 * closed.
 */
export function createHttpServer(app: Express, limits: CallerLimits = LIMITS): Server {
  return createServer(
    {
      ...ownClasses(app),
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      // Node's default interval of 30 s would extend every limit by as much.
      connectionsCheckingInterval: limits.lookEveryMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: HEADER_BYTES,
    },
    app,
  );
}

/**
 * Takes requests for a while longer, and closes each connection with its answer; then takes no new
 * connections, lets requests under way finish, and closes what falls idle. A balancer that hears
 * from readiness meanwhile, or only from the closed connections, sends its next request elsewhere.
 */
export async function drainAndClose(server: Server, drainMs: number): Promise<void> {
  server.prependListener('request', (_req, res) => res.setHeader('connection', 'close'));
  await delay(drainMs);
  const closing = setInterval(() => server.closeIdleConnections(), 50);
  await new Promise((resolve) => server.close(resolve));
  clearInterval(closing);
}

/**
 * Classes of requests and responses that have the application's prototypes from the start. Express
 * sets these prototypes on every request and response, which changes nothing then; on objects that
 * V8 has already optimized it costs some 80 µs a request before Node 24.
 */
function ownClasses(app: Express) {
  class AppRequest extends IncomingMessage {}
  class AppResponse<Request extends IncomingMessage> extends ServerResponse<Request> {}
  app.request = withPrototype(AppRequest.prototype, app.request);
  app.response = withPrototype(AppResponse.prototype, app.response);
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse };
}

/**
 * The prototype with everything that Express gives to `theirs`: its own properties, then those of
 * the application.
 */
function withPrototype<T extends object>(prototype: object, theirs: T): T {
  for (const source of [Object.getPrototypeOf(theirs) as object, theirs])
    Object.defineProperties(prototype, Object.getOwnPropertyDescriptors(source));
  return prototype as T;
}
