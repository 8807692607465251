// Severable TCP proxy in front of PostgreSQL, Temporal or an API, so that a test can cut, stall,
// delay or half close its connections and restore them.
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
  /** Holds every message back for so long, in both directions; 0 ends that. */
  delay(ms: number): void;
  /**
   * Leaves every connection half open: the server's side ends, and the client's side never hears of
   * it. New connections work.
   */
  abandon(): void;
  /** Ends `sever`, `stall` and `delay`. */
  restore(): void;
  /** For `after`. */
  close(): Promise<void>;
}

/** Starts a proxy to a server on this machine. */
export async function startProxy(targetPort: number): Promise<SeverableProxy> {
  const sockets = new Set<Socket>();
  const abandoning = new Set<() => void>();
  let delayMs = 0;
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
    let isAbandoned = false;
    const [toServer, toClient] = [delayed(upstream, () => delayMs), delayed(client, () => delayMs)];
    const abandon = (): void => {
      isAbandoned = true;
      upstream.destroy();
    };
    abandoning.add(abandon);
    client.on('data', (data) => {
      if (awaitedText !== null && data.includes(awaitedText)) {
        isSeveredAtReply = true;
        awaitedText = null;
      }
      if (!isStalled && !isAbandoned) toServer(data);
    });
    upstream.on('data', (data) => {
      if (isSeveredAtReply) client.destroy();
      else if (!isStalled && !isAbandoned) toClient(data);
    });
    client.on('close', () => {
      abandoning.delete(abandon);
      upstream.destroy();
    });
    upstream.on('close', () => {
      if (!isAbandoned) client.destroy();
    });
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
    delay: (ms) => void (delayMs = ms),
    abandon() {
      for (const leave of abandoning) leave();
    },
    severAtReplyTo: (text) => void (awaitedText = text),
    restore() {
      // Bytes dropped while stalled are lost, so their connections must break.
      if (isStalled) breakAll();
      isSevered = false;
      isStalled = false;
      delayMs = 0;
    },
    async close() {
      server.close();
      breakAll();
      await once(server, 'close');
    },
  };
}

/** Writes to a socket after the delay of the moment, in the order of the calls. */
function delayed(socket: Socket, delayMs: () => number): (data: Buffer) => void {
  let lastDue = 0;
  return (data) => {
    const now = Date.now();
    lastDue = Math.max(lastDue, now + delayMs());
    if (lastDue <= now) socket.write(data);
    else setTimeout(() => socket.writable && socket.write(data), lastDue - now);
  };
}

/** The same URL through the proxy. */
export function throughProxy(url: string, proxy: SeverableProxy): string {
  const rerouted = new URL(url);
  rerouted.host = proxy.address;
  return rerouted.href;
}
