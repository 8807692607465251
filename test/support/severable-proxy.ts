// A cable that can be pulled: a TCP proxy in front of PostgreSQL or Temporal, so that a test can take either away and give it back.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Cable {
  /** `127.0.0.1:<port>`, to be used in place of the server's own address. */
  readonly address: string;
  /** Breaks every connection, and every new one as soon as it is made. */
  pull(): void;
  /** Keeps every connection, and lets nothing through any more. */
  hush(): void;
  /** Breaks a connection when the server answers the next message with this text, in place of passing the answer on. */
  breakAtAnswerTo(text: string): void;
  /** Makes up for either of the first two. */
  plugIn(): void;
  /** For `after`. */
  close(): Promise<void>;
}

/** A cable to a server on this machine. */
export async function layCable(targetPort: number): Promise<Cable> {
  const sockets = new Set<Socket>();
  let isPulled = false;
  let isHushed = false;
  let unheard: string | null = null;

  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };

  const server = createServer({ noDelay: true }, (near) => {
    if (isPulled) return void near.destroy();
    const far = connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
    keep(near);
    keep(far);
    let isUnheard = false;
    near.on('data', (data) => {
      if (unheard !== null && data.includes(unheard)) {
        isUnheard = true;
        unheard = null;
      }
      if (!isHushed) far.write(data);
    });
    far.on('data', (data) => {
      if (isUnheard) near.destroy();
      else if (!isHushed) near.write(data);
    });
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    pull() {
      isPulled = true;
      breakAll();
    },
    hush: () => void (isHushed = true),
    breakAtAnswerTo: (text) => void (unheard = text),
    plugIn() {
      // What was not passed on cannot be made up for.
      if (isHushed) breakAll();
      isPulled = false;
      isHushed = false;
    },
    async close() {
      server.close();
      breakAll();
      await once(server, 'close');
    },
  };
}

/** The same URL by way of a cable. */
export function throughCable(url: string, cable: Cable): string {
  const rerouted = new URL(url);
  rerouted.host = cable.address;
  return rerouted.href;
}
