// Connects to vetted addresses only: the guard resolves and judges the host, the dialer connects to
// its addresses by number until one is ready, and the guard judges the peer address again. For each
// connection that undici keeps, the dialer knows its address and whether it is in use.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';
import type { ErrorClass } from '../domain/delivery/retry.ts';
import { attachAnswerReader, type AnswerReader, type ReaderLimits } from './answer-reader.ts';
import { connectTo, type Opened } from './connect.ts';
import { classify, ReceiverError } from './failures.ts';
import type { Guard } from './guard.ts';
import { firstReady, type Try } from './happy-eyeballs.ts';

type DialledAt = { dnsMs?: number | undefined; dialled?: string | undefined; nameIsAbsent?: boolean };

/**
 * Failure to open a connection: error class, detail, `dnsMs` in milliseconds and the address
 * dialled, where known, and whether the name certainly has no address. undici passes the error on;
 * the sender turns it into an outcome.
 */
export class DialError extends ReceiverError {
  readonly dnsMs: number | undefined;
  readonly dialled: string | undefined;
  readonly nameIsAbsent: boolean;
  constructor(errorClass: ErrorClass, detail: string, at: DialledAt = {}) {
    super(errorClass, detail);
    this.dnsMs = at.dnsMs;
    this.dialled = at.dialled;
    this.nameIsAbsent = at.nameIsAbsent === true;
  }
}

/**
 * An open connection: the address and port dialled, the time to open it in milliseconds, the number
 * of exchanges begun on it, and the reader of their answers.
 */
export type Link = Opened & { dialled: string; dnsMs: number; exchanges: number; reader: AnswerReader };

export type Dialer = {
  connect: buildConnector.connector;
  /**
   * Must be called when undici starts a request. `onLink` receives the connection of that request
   * before the call that started the request returns.
   */
  claim(onLink: (link: Link) => void): void;
  /** Must be called when an exchange is over and its connection may serve the next. */
  release(link: Link): void;
  /** Closes the idle connections to the address of this one, which turned out to be dead. */
  distrust(link: Link): void;
  /** Unsubscribes from undici. Open connections stay as they are. */
  close(): void;
};

type DialLimits = { dnsMs: number; connectMs: number; idleConnections: number } & ReaderLimits;

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
    link.reader.expect();
    claimant(link);
    claimant = undefined;
  };
  subscribe('undici:client:sendHeaders', onSending);

  async function open({ hostname, protocol, port }: buildConnector.Options): Promise<Socket> {
    const resolvingAt = performance.now();
    const addresses = await addressesOf(hostname, guard, limits.dnsMs);
    const startedAt = performance.now();
    const dnsMs = Math.round(startedAt - resolvingAt);
    const deadline = startedAt + limits.connectMs;
    const isSecure = protocol === 'https:';
    const target = { hostname, isSecure, port: port === '' ? (isSecure ? 443 : 80) : Number(port) };
    const begin = (address: string): Try<Link> => {
      const dialled = `${address.includes(':') ? `[${address}]` : address}:${target.port}`;
      const { opened, abandon } = connectTo(address, target, { startedAt, deadline });
      const linked = opened.then(
        (connection) => linkOf(connection, { dialled, dnsMs }),
        (error: unknown) => {
          const { errorClass, detail } = classify(error);
          throw new DialError(errorClass, detail, { dnsMs, dialled });
        },
      );
      return { opened: linked, abandon };
    };
    try {
      const link = await firstReady(addresses, begin, deadline);
      links.set(link.socket, link);
      link.socket.once('close', () => idle.delete(link));
      return link.socket;
    } catch (error) {
      throw mostTelling((error as AggregateError).errors as DialError[]);
    }
  }

  async function connect(target: buildConnector.Options, callback: buildConnector.Callback): Promise<void> {
    let socket: Socket;
    try {
      socket = await open(target);
    } catch (error) {
      callback(error as Error, null);
      return;
    }
    callback(null, socket);
  }

  function linkOf(opened: Opened, at: { dialled: string; dnsMs: number }): Link {
    const { socket } = opened;
    const { remoteAddress } = socket;
    if (remoteAddress === undefined)
      throw new DialError('connection_reset', 'the connection was closed at once', at);
    if (!guard.mayDial(remoteAddress)) {
      socket.destroy();
      throw new DialError('blocked_address', 'the connection led to an address that may not be called', at);
    }
    return { ...opened, ...at, exchanges: 0, reader: attachAnswerReader(socket, limits) };
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
    distrust: ({ dialled }) => {
      for (const link of idle) if (link.dialled === dialled) link.socket.destroy();
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

/** Failures by how much they tell the owner of the receiver; others come last. */
const TELLING: readonly ErrorClass[] = [
  'blocked_address',
  'tls_expired',
  'tls_wrong_name',
  'tls_self_signed',
  'tls_untrusted',
  'tls_client_certificate',
  'tls_error',
  'connection_reset',
  'connection_refused',
  'timeout',
  'network_unreachable',
];

/** The failure that says most, with the error classes of the other addresses in its detail. */
function mostTelling(failures: readonly DialError[]): DialError {
  const rank = ({ errorClass }: DialError): number => TELLING.indexOf(errorClass) + 1 || 99;
  const [first, ...others] = failures.toSorted((one, other) => rank(one) - rank(other));
  if (first === undefined) return new DialError('dns_error', 'the host name has no address');
  const different = new Set(others.map(({ errorClass }) => errorClass));
  different.delete(first.errorClass);
  if (different.size === 0) return first;
  const detail = `${first.message}; of its other addresses: ${[...different].join(', ')}`;
  return new DialError(first.errorClass, detail, first);
}

function sinceMs(startedAt: number): number {
  return Math.round(performance.now() - startedAt);
}
