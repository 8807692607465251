// HTTP server with limits on callers: how long a request may take and how large its headers may be.
import { createServer, type RequestListener, type Server } from 'node:http';

export type CallerLimits = {
  /** A caller's headers must be here by then, and its whole request. */
  headersMs: number;
  requestMs: number;
  /** How often connections are looked through for those that are late. */
  lookEveryMs: number;
};

const LIMITS: CallerLimits = { headersMs: 10_000, requestMs: 30_000, lookEveryMs: 1000 };
/**
 * Longer than the minute after which load balancers drop idle connections, so that we never close
 * one that is being used.
 */
const KEEP_ALIVE_MS = 65_000;
const HEADER_BYTES = 16 * 1024;

/**
 * Does not listen yet. Who is late is answered 408, and headers that are too large 431; both are
 * cut off.
 */
export function createHttpServer(listener: RequestListener, limits: CallerLimits = LIMITS): Server {
  return createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      // Node's own interval is half a minute, which every late caller would be given on top.
      connectionsCheckingInterval: limits.lookEveryMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: HEADER_BYTES,
    },
    listener,
  );
}
