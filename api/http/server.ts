// HTTP server with limits on callers: how long a request may take and how large its headers may be.
import { createServer, type RequestListener, type Server } from 'node:http';

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
export function createHttpServer(listener: RequestListener, limits: CallerLimits = LIMITS): Server {
  return createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      // Node's default interval of 30 s would extend every limit by as much.
      connectionsCheckingInterval: limits.lookEveryMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: HEADER_BYTES,
    },
    listener,
  );
}
