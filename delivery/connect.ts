// Opens a connection to one address: TCP, and the TLS handshake for the host of the URL.
import { connect as connectPlain, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectSecure, TLSSocket } from 'node:tls';
import { classify, ReceiverError, withoutClientCertificate } from './failures.ts';
import type { Try } from './happy-eyeballs.ts';

/**
 * A connection as opened. Times are in milliseconds: `connectMs` from the start of the first try of
 * any address until TCP was connected, `tlsMs` for the TLS handshake, absent for plain HTTP.
 */
export type Opened = { socket: Socket; connectMs: number; tlsMs?: number; wantsCertificate: boolean };

export type Target = { hostname: string; port: number; isSecure: boolean };

/** Time of the first try of any address, and the time by which the connection must be open. */
type Times = { startedAt: number; deadline: number };

/**
 * Connects to one address. Certificate check and SNI use the host name of the URL. Rejects with a
 * ReceiverError, `timeout` at the deadline.
 */
export function connectTo(
  address: string,
  { hostname, port, isSecure }: Target,
  { startedAt, deadline }: Times,
): Try<Opened> {
  const to = { host: address, port };
  const socket = isSecure ? connectSecure({ ...to, ...tlsFor(hostname) }) : connectPlain(to);
  const opened = new Promise<Opened>((resolve, reject) => {
    let connectMs: number | undefined;
    const late = (): ReceiverError => {
      const what = connectMs === undefined ? 'no connection' : 'the TLS handshake did not end';
      return new ReceiverError('timeout', `${what} in time`);
    };
    const timer = setTimeout(() => socket.destroy(late()), deadline - performance.now());
    socket.setNoDelay(true);
    // The listener stays: an error in the moment before undici listens would end the process.
    socket.on('error', (error) => reject(failureOf(error, socket)));
    socket.once('close', () => clearTimeout(timer));
    socket.once('connect', () => (connectMs = sinceMs(startedAt)));
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      const sinceConnected = { tlsMs: sinceMs(startedAt) - (connectMs ?? 0) };
      const wantsCertificate = askedForCertificate(socket);
      resolve({ socket, connectMs: connectMs ?? 0, ...(isSecure && sinceConnected), wantsCertificate });
    });
  });
  return { opened, abandon: () => void socket.destroy() };
}

function failureOf(error: Error, socket: Socket): ReceiverError {
  const known = classify(error);
  const { errorClass, detail } = askedForCertificate(socket) ? withoutClientCertificate(known) : known;
  return new ReceiverError(errorClass, detail);
}

/**
 * Whether the server asked for a client certificate. Only such a server names the signature
 * algorithms that it takes from clients.
 */
function askedForCertificate(socket: Socket): boolean {
  // Null once the socket is closed, against its type.
  const named = socket instanceof TLSSocket ? (socket.getSharedSigalgs() as string[] | null) : null;
  return named !== null && named.length > 0;
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

function sinceMs(startedAt: number): number {
  return Math.round(performance.now() - startedAt);
}
