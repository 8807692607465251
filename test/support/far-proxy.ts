// TCP proxy that makes a server on this machine as far away as its round trip says, under every
// address of loopback.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

export type FarProxy = { port: number; connections(): number; close(): Promise<void> };

/** Starts a proxy before the server at `targetPort`. */
export async function startFarProxy(targetPort: number, roundTripMs: number): Promise<FarProxy> {
  const open = new Set<Socket>();
  let connections = 0;
  const server = createServer({ noDelay: true }, (client) => {
    connections += 1;
    const upstream = connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => open.delete(socket));
    }
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => client.destroy());
    // Loopback connects at once, so the round trip of the connection itself is added here.
    carry(client, upstream, roundTripMs / 2, roundTripMs);
    carry(upstream, client, roundTripMs / 2, 0);
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** Carries bytes one way, `delayMs` late, and none before `connectMs` have passed. */
function carry(from: Socket, to: Socket, delayMs: number, connectMs: number): void {
  const connectedAt = performance.now() + connectMs;
  let last: Promise<void> = Promise.resolve();
  const writeAfter = async (before: Promise<void>, data: Buffer, dueAt: number): Promise<void> => {
    await Promise.all([before, wait(Math.max(dueAt - performance.now(), 0))]);
    if (!to.destroyed) to.write(data);
  };
  from.on('data', (data) => {
    const dueAt = Math.max(performance.now(), connectedAt) + delayMs;
    last = writeAfter(last, data, dueAt);
  });
}
