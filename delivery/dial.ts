// Connects to vetted addresses only: the guard resolves and judges the host, the dialer connects to
// one of its addresses by number, and the guard judges the peer address again. For each connection
// that undici keeps, the dialer knows its address and whether it is in use.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect as connectPlain, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import type { buildConnector } from 'undici';
import type { ErrorClass } from '../domain/delivery/retry.ts';
import type { Guard } from './guard.ts';
import { classify } from './failures.ts';

/**
 * Failure to open a connection: error class, detail, `dnsMs` in milliseconds and the address
 * dialled, where known, and whether the name certainly has no address. undici passes the error on;
 * the sender turns it into an outcome.
 */
export class DialError extends Error {
  readonly errorClass: ErrorClass;
  readonly dnsMs: number | undefined;
  readonly dialled: string | undefined;
  readonly nameIsAbsent: boolean;
  constructor(
    errorClass: ErrorClass,
    detail: string,
    at: { dnsMs?: number; dialled?: string; nameIsAbsent?: boolean } = {},
  ) {
    super(detail);
    this.errorClass = errorClass;
    this.dnsMs = at.dnsMs;
    this.dialled = at.dialled;
    this.nameIsAbsent = at.nameIsAbsent === true;
  }
}

/**
 * An open connection: the address and port dialled, the time to open it in milliseconds, and the
 * number of exchanges begun on it.
 */
export type Link = Opened & { dialled: string; dnsMs: number; exchanges: number };

/**
 * A connection as opened. Times are in milliseconds: `connectMs` for TCP, `tlsMs` for the TLS
 * handshake, absent for plain HTTP.
 */
type Opened = { socket: Socket; connectMs: number; tlsMs?: number };

export type Dialer = {
  connect: buildConnector.connector;
  /**
   * Must be called when undici starts a request. `onLink` receives the connection of that request
   * before the call that started the request returns.
   */
  claim(onLink: (link: Link) => void): void;
  /** Must be called when an exchange is over and its connection may serve the next. */
  release(link: Link): void;
  /** Unsubscribes from undici. Open connections stay as they are. */
  close(): void;
};

type DialLimits = { dnsMs: number; connectMs: number; idleConnections: number };

type Target = buildConnector.Options;

/**
 * Creates the dialer of one agent. The connector fails with a DialError, after `dnsMs` plus
 * `connectMs` milliseconds at the latest.
 */
export function createDialer(guard: Guard, limits: DialLimits): Dialer {
  const links = new WeakMap<object, Link>();
  const idle = new Set<Link>();
  let claimant: ((link: Link) => void) | undefined;

  // undici names the socket of a request on this channel alone, right after it tells the request
  // handler that the request starts. The channel serves the whole process: sockets of other agents
  // are not in `links`.
  const onSending = (message: unknown): void => {
    const link = links.get((message as { socket: object }).socket);
    if (link === undefined || claimant === undefined) return;
    idle.delete(link);
    link.exchanges += 1;
    claimant(link);
    claimant = undefined;
  };
  subscribe('undici:client:sendHeaders', onSending);

  async function open(target: Target): Promise<Socket> {
    const startedAt = performance.now();
    const addresses = await addressesOf(target.hostname, guard, limits.dnsMs);
    const dnsMs = sinceMs(startedAt);
    const deadline = startedAt + dnsMs + limits.connectMs;
    let failure = new DialError('dns_error', 'the host name has no address', { dnsMs });
    for (const [index, address] of addresses.entries()) {
      const dialled = `${address.includes(':') ? `[${address}]` : address}:${portOf(target)}`;
      try {
        // The remaining time is divided equally among the remaining addresses, so that an address
        // that never answers leaves time for the next.
        const limitMs = (deadline - performance.now()) / (addresses.length - index);
        const opened = await connectTo(address, target, limitMs);
        keep({ ...opened, dialled, dnsMs, exchanges: 0 });
        return opened.socket;
      } catch (error) {
        const { errorClass, detail } =
          error instanceof DialError
            ? { errorClass: error.errorClass, detail: error.message }
            : classify(error);
        failure = new DialError(errorClass, detail, { dnsMs, dialled });
        if (performance.now() >= deadline) break;
      }
    }
    throw failure;
  }

  async function connect(target: Target, callback: buildConnector.Callback): Promise<void> {
    let socket: Socket;
    try {
      socket = await open(target);
    } catch (error) {
      callback(error as Error, null);
      return;
    }
    callback(null, socket);
  }

  function keep(link: Link): void {
    const { remoteAddress } = link.socket;
    if (remoteAddress === undefined)
      throw new DialError('connection_reset', 'the connection was closed at once');
    if (!guard.mayDial(remoteAddress)) {
      link.socket.destroy();
      throw new DialError('blocked_address', 'the connection led to an address that may not be called');
    }
    links.set(link.socket, link);
    link.socket.once('close', () => idle.delete(link));
  }

  return {
    connect: (target, callback) => void connect(target, callback),
    claim: (onLink) => {
      claimant = onLink;
    },
    release: (link) => {
      if (link.socket.destroyed) return;
      idle.add(link);
      const [oldest] = idle;
      // This bound limits idle sockets. Without it, callers with many hosts would hold a socket per
      // host until its keep-alive ends.
      if (idle.size > limits.idleConnections) oldest?.socket.destroy();
    },
    close: () => void unsubscribe('undici:client:sendHeaders', onSending),
  };
}

/**
 * The vetted addresses of a host. Rejects with a DialError when the host has none or resolving
 * takes longer than `limitMs`.
 */
async function addressesOf(hostname: string, guard: Guard, limitMs: number): Promise<string[]> {
  const startedAt = performance.now();
  const resolution = await guard.resolve(hostname, AbortSignal.timeout(limitMs));
  if (resolution.kind === 'resolved') return resolution.addresses;
  const dnsMs = sinceMs(startedAt);
  if (resolution.kind === 'refused') throw new DialError('blocked_address', resolution.message, { dnsMs });
  const { message, nameIsAbsent } = resolution;
  throw new DialError('dns_error', message, { dnsMs, nameIsAbsent });
}

/**
 * Connects to one address, TLS handshake included. Certificate check and SNI use the host name of
 * the URL. Rejects with the system error, or with a DialError `timeout` after `limitMs`.
 */
function connectTo(address: string, target: Target, limitMs: number): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const to = { host: address, port: portOf(target) };
    const isSecure = target.protocol === 'https:';
    const socket = isSecure ? connectSecure({ ...to, ...tlsFor(target.hostname) }) : connectPlain(to);
    let connectMs: number | undefined;
    const late = (): DialError =>
      new DialError(
        'timeout',
        connectMs === undefined ? 'no connection in time' : 'the TLS handshake did not end in time',
      );
    const timer = setTimeout(() => socket.destroy(late()), limitMs);
    socket.setNoDelay(true);
    // The listener stays: an error in the moment before undici listens would end the process.
    socket.on('error', reject);
    socket.once('close', () => clearTimeout(timer));
    socket.once('connect', () => (connectMs = sinceMs(startedAt)));
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      const sinceConnected = { tlsMs: sinceMs(startedAt) - (connectMs ?? 0) };
      resolve({ socket, connectMs: connectMs ?? 0, ...(isSecure && sinceConnected) });
    });
  });
}

/**
 * TLS options for a host. The certificate of an IP literal must name that address, and SNI is
 * omitted because SNI cannot carry an address. Certificates are always checked, regardless of the
 * environment (`NODE_TLS_REJECT_UNAUTHORIZED`).
 */
function tlsFor(hostname: string): {
  servername?: string;
  ALPNProtocols: string[];
  rejectUnauthorized: true;
} {
  const name = isIP(hostname) === 0 ? { servername: hostname.replace(/\.$/, '') } : {};
  return { ...name, ALPNProtocols: ['http/1.1'], rejectUnauthorized: true };
}

function portOf(target: Target): number {
  if (target.port !== '') return Number(target.port);
  return target.protocol === 'https:' ? 443 : 80;
}

function sinceMs(startedAt: number): number {
  return Math.round(performance.now() - startedAt);
}
