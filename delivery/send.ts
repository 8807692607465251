// Makes one attempt: sends a request under the guard and within all limits, and returns an outcome.
// The sender never throws because of the receiver.
import type { EndpointMethod } from '../domain/delivery/endpoints.ts';
import { Agent } from 'undici';
import type { AttemptOutcome } from '../domain/delivery/retry.ts';
import { createDialer } from './dial.ts';
import { exchange } from './exchange.ts';
import type { Watch } from './exchange.ts';
import type { Failure } from './failures.ts';
import { MAX_URL_LENGTH } from './guard.ts';
import type { Guard } from './guard.ts';

/** A request ready to send. `url` is the signed URL, character by character. */
export type PostbackRequest = {
  url: string;
  method: EndpointMethod;
  headers: Record<string, string>;
  body: string | null;
};

export type Limits = {
  dnsMs: number;
  /** Time limit for TCP and TLS together, in milliseconds. */
  connectMs: number;
  /** Time limit of the whole exchange in milliseconds, including connecting and the answer body. */
  totalMs: number;
  requestBytes: number;
  /** Reading the answer body stops after so many bytes. The answer still counts by its status. */
  responseBytes: number;
  excerptBytes: number;
  /**
   * Maximum size of one answer head. `wireBytes` limits all bytes received for one request,
   * including framing and 1xx answers.
   */
  headerBytes: number;
  wireBytes: number;
  /**
   * Maximum of open connections to one host and port. Further requests wait for a connection,
   * within their own time limit.
   */
  connectionsPerOrigin: number;
  /** Maximum of idle connections kept open, to all hosts together. */
  idleConnections: number;
};

/**
 * Default limits. Half of these times would fail slow but honest receivers. Twice `totalMs` would
 * not fit into the activity timeout.
 */
export const DEFAULT_LIMITS: Readonly<Limits> = {
  dnsMs: 2000,
  connectMs: 5000,
  totalMs: 15_000,
  requestBytes: 256 * 1024,
  responseBytes: 64 * 1024,
  excerptBytes: 16 * 1024,
  headerBytes: 16 * 1024,
  wireBytes: 256 * 1024,
  connectionsPerOrigin: 256,
  idleConnections: 1024,
};

/**
 * Idle time before we close a connection. Most servers close idle connections after 5 s; a shorter
 * time lets us close first. A keep-alive hint from the server takes precedence.
 */
const KEEP_ALIVE_MS = 4000;
const KEEP_ALIVE_AT_MOST_MS = 30_000;

/** Times that a request goes out within one attempt, if a kept connection was dead. */
const SENDS_AT_MOST = 2;

type SendOptions = { signal?: AbortSignal; watch?: Watch };

export type Sender = {
  /**
   * Makes one attempt. Aborting `signal` stops it with the outcome `cancelled`; the request may
   * have reached the receiver nevertheless.
   */
  send(request: PostbackRequest, options?: SendOptions): Promise<AttemptOutcome>;
  /** Waits for requests in flight, then closes all connections. */
  close(): Promise<void>;
};

/** Creates a sender with one connection pool. A process should share one sender. */
export function createSender(guard: Guard, limits: Partial<Limits> = {}): Sender {
  const bounds: Limits = { ...DEFAULT_LIMITS, ...limits };
  const dialer = createDialer(guard, bounds);
  const agent = new Agent({
    connect: dialer.connect,
    connections: bounds.connectionsPerOrigin,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_AT_MOST_MS,
    maxHeaderSize: bounds.headerBytes,
    // The timers of undici restart with every chunk. The exchange has a timer that does not
    // restart.
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  const way = { agent, dialer, limits: bounds };

  async function send(request: PostbackRequest, options: SendOptions = {}): Promise<AttemptOutcome> {
    if (request.url.length > MAX_URL_LENGTH) {
      return refused({
        errorClass: 'request_too_large',
        detail: `the URL is longer than ${MAX_URL_LENGTH} characters`,
      });
    }
    const verdict = guard.judgeUrl(request.url);
    if (verdict.kind === 'refused')
      return refused({ errorClass: 'blocked_address', detail: verdict.message });
    if (Buffer.byteLength(request.body ?? '') > bounds.requestBytes) {
      return refused({
        errorClass: 'request_too_large',
        detail: `the body is larger than ${bounds.requestBytes} bytes`,
      });
    }
    const startedAt = performance.now();
    const headers = { ...request.headers, 'accept-encoding': 'identity' };
    const { method, body } = request;
    for (let sends = 1; ; sends += 1) {
      const totalMs = Math.max(bounds.totalMs - (performance.now() - startedAt), 1);
      const { outcome, stale } = await exchange(way, {
        url: verdict.url,
        method,
        headers,
        body,
        totalMs,
        signal: options.signal,
        watch: options.watch,
      });
      const durationMs = Math.round(performance.now() - startedAt);
      if (stale === undefined || sends === SENDS_AT_MOST)
        return { ...outcome, durationMs, ...(sends > 1 && { sends }) };
      // The receiver closed a kept connection just as we began to use it, or read the request and
      // hung up; nobody can tell. The other kept ones are probably as dead, so the request goes out
      // again on a fresh one.
      dialer.distrust(stale);
    }
  }

  return {
    send,
    close: async () => {
      await agent.close();
      dialer.close();
    },
  };
}

function refused(failure: Failure): AttemptOutcome {
  return { kind: 'failed', ...failure, durationMs: 0, phases: {} };
}
