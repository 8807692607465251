// Sends one request and reads its answer within all limits. The answer is read up to a size limit
// and never decompressed.
import type { EndpointMethod } from '../domain/delivery/endpoints.ts';
import { StringDecoder } from 'node:string_decoder';
import type { Agent, Dispatcher } from 'undici';
import type { Measured, AttemptOutcome } from '../domain/delivery/retry.ts';
import { DialError } from './dial.ts';
import type { Dialer, Link } from './dial.ts';
import { classify, withoutClientCertificate } from './failures.ts';
import type { Failure } from './failures.ts';

/**
 * Settings shared by all exchanges of a sender. Reading stops after `responseBytes` of the answer
 * body. The first `excerptBytes` of the body are kept.
 */
type Way = {
  agent: Agent;
  dialer: Dialer;
  limits: { responseBytes: number; excerptBytes: number };
};

/** Callbacks during an exchange, for callers that show its progress. */
export type Watch = {
  /** Called when the request goes out on this connection with these headers. */
  sending?(link: Link, headers: Readonly<Record<string, string>>): void;
  head?(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void;
};

type Exchange = {
  url: URL;
  method: EndpointMethod;
  headers: Readonly<Record<string, string>>;
  body: string | null;
  /** Time limit of the whole exchange in milliseconds, including connecting and the answer body. */
  totalMs: number;
  signal: AbortSignal | undefined;
  watch: Watch | undefined;
};

/**
 * Result of an exchange. `stale` is the kept connection that ended before any of the answer
 * arrived, which says nothing about the receiver.
 */
type Exchanged = { outcome: AttemptOutcome; stale: Link | undefined };

/** State of an answer while it arrives. `status` is 0 until the answer begins. */
type Progress = {
  startedAt: number;
  link: Link | undefined;
  status: number;
  firstByteMs: number;
  headers: { retryAfter?: string; control?: string };
  chunks: Buffer[];
  bytes: number;
};

/**
 * Maximum length of a control header of the receiver, in characters. All valid values are short;
 * longer values are cut.
 */
const HEADER_LENGTH = 128;
/**
 * Control characters except newline and tab, and characters that change the direction of text. NUL
 * is among them, which PostgreSQL rejects.
 */
const UNSAFE = /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu;

/** How an alert of TLS begins: what a server sends that expects a handshake and gets a request. */
const TLS_ALERT = Buffer.from([0x15, 0x03]);

/**
 * Sends a request and reads the answer. Resolves with an outcome for every behaviour of the
 * receiver, after `totalMs` milliseconds at the latest.
 */
export function exchange({ agent, dialer, limits }: Way, request: Exchange): Promise<Exchanged> {
  return new Promise((resolve) => {
    const progress = begun();
    let controller: Dispatcher.DispatchController | undefined;
    let isOver = false;

    const settle = (exchanged: () => Exchanged): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      request.signal?.removeEventListener('abort', cancel);
      resolve(exchanged());
    };
    const stop = (failure: Failure): void => {
      settle(() => failed(progress, failure));
      controller?.abort(new Error(failure.detail));
    };
    const cancel = (): void => stop({ errorClass: 'cancelled', detail: 'we stopped it' });
    // A plain timer can be cleared; AbortSignal.timeout cannot. At full speed its signals would
    // pile up for 15 s each.
    const timer = setTimeout(() => stop(lateAt(progress)), request.totalMs);
    request.signal?.addEventListener('abort', cancel, { once: true });
    if (request.signal?.aborted === true) return cancel();

    const { url, method, headers, body } = request;
    agent.dispatch(
      { origin: url.origin, path: url.pathname + url.search, method, headers, body },
      {
        onRequestStart(started) {
          controller = started;
          if (isOver) return started.abort(new Error('over'));
          dialer.claim((link) => {
            progress.link = link;
            request.watch?.sending?.(link, request.headers);
          });
        },
        onResponseStart(_, status, received) {
          takeHead(progress, status, received);
          request.watch?.head?.(status, received);
        },
        onResponseData(reading, chunk) {
          takeBody(progress, chunk, limits.excerptBytes);
          if (progress.bytes <= limits.responseBytes) return;
          settle(() => answered(progress, limits.excerptBytes));
          reading.abort(new Error('read enough'));
        },
        onResponseEnd() {
          if (progress.link !== undefined) dialer.release(progress.link);
          settle(() => answered(progress, limits.excerptBytes));
        },
        onResponseError(_, error) {
          settle(() => failed(progress, error));
        },
      },
    );
  });
}

function begun(): Progress {
  return {
    startedAt: performance.now(),
    link: undefined,
    status: 0,
    firstByteMs: 0,
    headers: {},
    chunks: [],
    bytes: 0,
  };
}

function takeHead(
  progress: Progress,
  status: number,
  headers: Record<string, string | string[] | undefined>,
): void {
  progress.status = status;
  progress.firstByteMs = sinceMs(progress.startedAt);
  const [retryAfter, control] = [headers['retry-after'], headers['webhook-delivery']].map(
    (value) => [value].flat()[0],
  );
  if (retryAfter !== undefined) progress.headers.retryAfter = printable(retryAfter.slice(0, HEADER_LENGTH));
  if (control !== undefined) progress.headers.control = printable(control.slice(0, HEADER_LENGTH));
}

/**
 * Maximum number of separate chunks before they are merged into one buffer. Each small chunk keeps
 * the whole network buffer that it arrived in alive.
 */
const CRUMBS = 32;

function takeBody(progress: Progress, chunk: Buffer, excerptBytes: number): void {
  if (progress.bytes < excerptBytes) progress.chunks.push(chunk);
  if (progress.chunks.length > CRUMBS) progress.chunks = [Buffer.concat(progress.chunks)];
  progress.bytes += chunk.length;
}

function answered(progress: Progress, excerptBytes: number): Exchanged {
  const { status, headers, chunks } = progress;
  const outcome: AttemptOutcome = {
    kind: 'answered',
    status,
    ...headers,
    excerpt: excerptOf(chunks, excerptBytes),
    ...measured(progress),
  };
  return { outcome, stale: undefined };
}

function failed(progress: Progress, cause: unknown): Exchanged {
  const { link, status } = progress;
  const { errorClass, detail } = failureFrom(progress, cause);
  const outcome: AttemptOutcome = {
    kind: 'failed',
    errorClass,
    detail,
    ...(cause instanceof DialError && cause.nameIsAbsent && { nameIsAbsent: true as const }),
    ...measured(progress, cause),
  };
  const isStale = errorClass === 'connection_reset' && status === 0 && (link?.exchanges ?? 0) > 1;
  return { outcome, stale: isStale ? link : undefined };
}

function failureFrom({ link, status }: Progress, cause: unknown): Failure {
  const failure = cause instanceof Error ? classify(cause) : (cause as Failure);
  if (status !== 0 && failure.errorClass === 'connection_reset')
    return { ...failure, detail: `${status} came, but ${failure.detail}` };
  if (link === undefined || status !== 0) return failure;
  const beginning = link.reader.beginning();
  if (beginning.length === 0 && link.exchanges === 1 && link.wantsCertificate)
    return withoutClientCertificate(failure);
  if (failure.errorClass !== 'protocol_error' || beginning.length === 0) return failure;
  if (beginning.subarray(0, TLS_ALERT.length).equals(TLS_ALERT))
    return { ...failure, detail: 'it speaks TLS on this port: the URL must begin with https' };
  // As JSON, so that line ends and control characters can be seen.
  return {
    ...failure,
    detail: `${failure.detail}; it sent: ${printable(JSON.stringify(beginning.toString()))}`,
  };
}

type Opening = {
  dnsMs?: number | undefined;
  connectMs?: number;
  tlsMs?: number;
  dialled?: string | undefined;
};

/**
 * Measurements of an exchange. DNS, connect and TLS times are reported by the first exchange on a
 * connection, or by the DialError when connecting failed.
 */
function measured({ startedAt, link, status, firstByteMs }: Progress, cause?: unknown): Measured {
  const opening: Opening = cause instanceof DialError ? cause : (link ?? {});
  const { dnsMs, connectMs, tlsMs, dialled } = opening;
  const isOpener = link === undefined || link.exchanges === 1;
  return {
    durationMs: sinceMs(startedAt),
    phases: {
      ...(isOpener && dnsMs !== undefined && { dnsMs }),
      ...(isOpener && connectMs !== undefined && { connectMs }),
      ...(isOpener && tlsMs !== undefined && { tlsMs }),
      ...(status !== 0 && { firstByteMs }),
    },
    ...(dialled !== undefined && { dialled }),
  };
}

/**
 * Timeout failure with the phase it happened in. An answer counts when it is complete or when we
 * stopped reading. An answer that stalls counts as a timeout regardless of its status.
 */
function lateAt({ status, link }: Progress): Failure {
  const what =
    link === undefined
      ? 'no connection'
      : status === 0
        ? 'no answer'
        : `${status} came, but the rest of the answer did not come`;
  return { errorClass: 'timeout', detail: `${what} in time` };
}

/**
 * The first `maxBytes` of the body as text that is safe to store and show. A character cut in half
 * is omitted.
 */
function excerptOf(chunks: readonly Buffer[], maxBytes: number): string {
  if (chunks.length === 0) return '';
  return printable(new StringDecoder('utf8').write(Buffer.concat(chunks).subarray(0, maxBytes)));
}

/** Replaces characters that disturb a terminal or that PostgreSQL rejects with U+FFFD. */
export function printable(text: string): string {
  return text.replaceAll(UNSAFE, '\ufffd');
}

function sinceMs(startedAt: number): number {
  return Math.round(performance.now() - startedAt);
}
