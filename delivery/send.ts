// One attempt: a request goes out under the guard and inside all limits, and an outcome comes back.
// Never throws for what the other side does.
import type { EndpointMethod } from '../domain/delivery/endpoints.ts';
import { Agent } from 'undici';
import type { AttemptOutcome } from '../domain/delivery/retry.ts';
import { createDialer } from './dial.ts';
import { exchange } from './exchange.ts';
import type { Watch } from './exchange.ts';
import type { Failure } from './failures.ts';
import { MAX_URL_LENGTH } from './guard.ts';
import type { Guard } from './guard.ts';

/** A request ready to go: the URL is what was signed, character by character. */
export type PostbackRequest = {
  url: string;
  method: EndpointMethod;
  headers: Record<string, string>;
  body: string | null;
};

export type Limits = {
  dnsMs: number;
  /** For TCP and TLS together. */
  connectMs: number;
  /** For the whole exchange, connecting and the body of the answer included. */
  totalMs: number;
  requestBytes: number;
  /** Reading the answer stops here; it still counts by its status. */
  responseBytes: number;
  excerptBytes: number;
  /**
   * Of one head; `wireBytes` is for everything that comes for one request, framing and 1xx answers
   * included.
   */
  headerBytes: number;
  wireBytes: number;
  /**
   * Open connections to one host and port; what comes on top waits for one, inside its own time.
   */
  connectionsPerOrigin: number;
  /** Connections kept open without work, to all hosts together. */
  idleConnections: number;
};

/**
 * Half the times would fail slow but honest receivers, twice the total would not fit into an
 * activity's time.
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
 * Less than the 5 s after which most servers close a quiet connection, so that we close it first. A
 * server's own hint is obeyed.
 */
const KEEP_ALIVE_MS = 4000;
const KEEP_ALIVE_AT_MOST_MS = 30_000;

type SendOptions = { signal?: AbortSignal; watch?: Watch };

export type Sender = {
  /**
   * Makes one attempt. The signal stops it, with the outcome `cancelled`; it may have arrived all
   * the same.
   */
  send(request: PostbackRequest, options?: SendOptions): Promise<AttemptOutcome>;
  /** Waits for what is in flight, then closes every connection. */
  close(): Promise<void>;
};

/** Makes a sender: one pool of connections, to be shared by a whole process. */
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
    // undici's own timers start again with every chunk; the exchange has one that does not.
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
    for (;;) {
      const totalMs = Math.max(bounds.totalMs - (performance.now() - startedAt), 1);
      const { outcome, isStale } = await exchange(way, {
        url: verdict.url,
        method,
        headers,
        body,
        totalMs,
        signal: options.signal,
        watch: options.watch,
      });
      if (!isStale) return { ...outcome, durationMs: Math.round(performance.now() - startedAt) };
      // The receiver hung up on a kept connection as we began to use it. That is nobody's failure
      // and no attempt: the same request goes again, at most once for each connection that was
      // kept, since a fresh one is never stale.
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
