// Server that answers with bytes as given, to every request on every connection. Counts both.
import { createServer, type AddressInfo, type Socket } from 'node:net';

export type RawServer = {
  url: string;
  /** Requests read whole so far, as they arrived. */
  requests: string[];
  connections(): number;
  close(): Promise<void>;
};

/** Reacts to a request that was read whole. `exchange` counts the requests of its connection. */
export type Reaction = (socket: Socket, exchange: number) => void | Promise<void>;

/** Starts a server on loopback. Requests have a Content-Length, or no body. */
export async function startRawServer(react: Reaction): Promise<RawServer> {
  const requests: string[] = [];
  const open = new Set<Socket>();
  let connections = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    connections += 1;
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => open.delete(socket));
    let text = '';
    let exchange = 0;
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const bodyAt = text.indexOf('\r\n\r\n') + 4;
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
      if (bodyAt === 3 || text.length < bodyAt + length) return;
      requests.push(text);
      text = '';
      void react(socket, (exchange += 1));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
