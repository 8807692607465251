// Preflight of an endpoint: sends one signed request through the same guard and client as
// postbacks, and reports each phase. Every trial opens its own connection, so that all phases
// occur.
import { TLSSocket } from 'node:tls';
import { adviceFor } from '../domain/delivery/advice.ts';
import { errorClassOf, type AttemptOutcome, type Phases } from '../domain/delivery/retry.ts';
import type { Link } from './dial.ts';
import { printable, type Watch } from './exchange.ts';
import type { Guard } from './guard.ts';
import { render, type Postback, type Recipient } from './render.ts';
import { createSender, type Limits, type PostbackRequest } from './send.ts';
import { signingKey } from './sign.ts';

/** Result of a trial. Parts that the trial did not reach are null. */
export type Trial = {
  /** `delivered`, or the error class of a postback attempt with the same outcome. */
  verdict: string;
  advice: string | null;
  /** What went wrong, where no answer was whole. */
  detail: string | null;
  /**
   * Addresses the host resolved to. Empty when an address may not be called, so that the trial does
   * not disclose that address.
   */
  resolved: { host: string; addresses: string[] };
  dialled: string | null;
  tls: { protocol: string | null; issuer: string; validTo: string | null } | null;
  sent: PostbackRequest | null;
  received: { status: number; headers: Record<string, string>; excerpt: string | null } | null;
  phases: Phases;
  durationMs: number;
};

/** An endpoint with its secrets in plain text, newest first. */
type TriedEndpoint = Omit<Recipient, 'secrets'> & { secrets: readonly string[] };

export type Preflight = {
  /**
   * Runs a trial. Resolves for every behaviour of the receiver. Rejects when a template or secret
   * of the endpoint is invalid.
   */
  run(postback: Postback, endpoint: TriedEndpoint): Promise<Trial>;
  /** Cancels running trials; their verdict is `cancelled`. */
  close(): void;
};

/** Names of the answer headers that help to explain a failed delivery. Trials report only these. */
const TELLING =
  `allow cf-ray content-length content-type date location retry-after server via webhook-delivery www-authenticate
  x-cache x-request-id`.split(/\s+/);
const HEADER_LENGTH = 512;

export function createPreflight(guard: Guard, limits: Partial<Limits> = {}): Preflight {
  const closing = new AbortController();

  async function run(postback: Postback, endpoint: TriedEndpoint): Promise<Trial> {
    const request = render(postback, { ...endpoint, secrets: endpoint.secrets.map(signingKey) }, Date.now());
    const { hostname, host } = new URL(request.url);
    const seen: Pick<Trial, 'resolved' | 'tls' | 'sent' | 'received'> = {
      resolved: { host: hostname, addresses: [] },
      tls: null,
      sent: null,
      received: null,
    };
    const sender = createSender(listening(guard, seen.resolved), limits);
    const watch: Watch = {
      sending: (link, headers) => {
        seen.tls = tlsOf(link);
        seen.sent = { ...request, headers: { host, ...headers } };
      },
      head: (status, headers) => (seen.received = { status, headers: telling(headers), excerpt: null }),
    };
    try {
      const outcome = await sender.send(request, { signal: closing.signal, watch });
      return { ...told(outcome), ...seen, received: withExcerpt(seen.received, outcome) };
    } finally {
      await sender.close();
    }
  }

  return { run, close: () => closing.abort() };
}

/** Wraps the guard and records the addresses that it allows. */
function listening(guard: Guard, resolved: Trial['resolved']): Guard {
  return {
    ...guard,
    async resolve(hostname, signal) {
      const resolution = await guard.resolve(hostname, signal);
      if (resolution.kind === 'resolved') resolved.addresses = resolution.addresses;
      return resolution;
    },
  };
}

function told(
  outcome: AttemptOutcome,
): Pick<Trial, 'verdict' | 'advice' | 'detail' | 'dialled' | 'phases' | 'durationMs'> {
  const { dialled = null, phases, durationMs } = outcome;
  return {
    verdict: errorClassOf(outcome) ?? 'delivered',
    advice: adviceFor(outcome),
    detail: outcome.kind === 'failed' ? outcome.detail : null,
    dialled,
    phases,
    durationMs,
  };
}

function withExcerpt(received: Trial['received'], outcome: AttemptOutcome): Trial['received'] {
  return received && outcome.kind === 'answered' ? { ...received, excerpt: outcome.excerpt } : received;
}

function tlsOf({ socket }: Link): Trial['tls'] {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (!(socket instanceof TLSSocket) || certificate === undefined) return null;
  const validTo = Date.parse(certificate.validTo);
  return {
    protocol: socket.getProtocol(),
    issuer: certificate.issuer.replaceAll('\n', ', '),
    validTo: Number.isNaN(validTo) ? null : new Date(validTo).toISOString(),
  };
}

function telling(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(
    TELLING.flatMap((name) => {
      const value = headers[name];
      return value === undefined
        ? []
        : [[name, printable([value].flat().join(', ').slice(0, HEADER_LENGTH))]];
    }),
  );
}
