// Severable TCP proxy in front of PostgreSQL or Temporal, so that a test can cut the connection and
// restore it.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface SeverableProxy {
  /** `127.0.0.1:<port>`, used instead of the server's own address. */
  readonly address: string;
  /** Breaks every connection, and every new connection at once. */
  sever(): void;
  /** Keeps every connection and forwards nothing. */
  stall(): void;
  /**
   * Breaks a connection when the server replies to the next message that contains this text; the
   * reply is not forwarded.
   */
  severAtReplyTo(text: string): void;
  /** Ends `sever` and `stall`. */
  restore(): void;
  /** For `after`. */
  close(): Promise<void>;
}

/** Starts a proxy to a server on this machine. */
export async function startProxy(targetPort: number): Promise<SeverableProxy> {
  const sockets = new Set<Socket>();
  let isSevered = false;
  let isStalled = false;
  let awaitedText: string | null = null;

  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };

  const server = createServer({ noDelay: true }, (client) => {
    if (isSevered) return void client.destroy();
    const upstream = connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
    track(client);
    track(upstream);
    let isSeveredAtReply = false;
    client.on('data', (data) => {
      if (awaitedText !== null && data.includes(awaitedText)) {
        isSeveredAtReply = true;
        awaitedText = null;
      }
      if (!isStalled) upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (isSeveredAtReply) client.destroy();
      else if (!isStalled) client.write(data);
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    sever() {
      isSevered = true;
      breakAll();
    },
    stall: () => void (isStalled = true),
    severAtReplyTo: (text) => void (awaitedText = text),
    restore() {
      // Bytes dropped while stalled are lost, so their connections must break.
      if (isStalled) breakAll();
      isSevered = false;
      isStalled = false;
    },
    async close() {
      server.close();
      breakAll();
      await once(server, 'close');
    },
  };
}

/** The same URL through the proxy. */
export function throughProxy(url: string, proxy: SeverableProxy): string {
  const rerouted = new URL(url);
  rerouted.host = proxy.address;
  return rerouted.href;
}
