// The proxy that stands for a cable: what its faults look like from both ends.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startProxy, type SeverableProxy } from '../support/severable-proxy.ts';

let proxy: SeverableProxy;
const server = createServer((socket) => {
  socket.on('error', () => {});
  socket.pipe(socket);
});

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await startProxy((server.address() as AddressInfo).port);
});
after(async () => {
  await proxy.close();
  server.close();
});

async function connection(): Promise<Socket> {
  const socket = connect(Number(proxy.address.split(':')[1]), '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

async function echoed(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [data] = (await once(socket, 'data')) as [Buffer];
  return data.toString();
}

test('a delayed cable keeps the order, and is as fast as before once it is restored', async () => {
  const socket = await connection();
  proxy.delay(60);
  const startedAt = Date.now();
  assert.equal(await echoed(socket, 'slow'), 'slow');
  assert.ok(Date.now() - startedAt >= 115, `it took ${Date.now() - startedAt} ms`);
  let heard = '';
  socket.on('data', (data) => (heard += data.toString()));
  socket.write('a');
  proxy.restore();
  socket.write('b');
  while (heard.length < 2) await once(socket, 'data');
  assert.equal(heard, 'ab');
  socket.destroy();
});

test('a half-open connection hears nothing more, not even its end, while new ones work', async () => {
  const old = await connection();
  assert.equal(await echoed(old, 'before'), 'before');
  const heard: string[] = [];
  for (const event of ['data', 'end', 'close', 'error']) old.on(event, () => heard.push(event));
  proxy.abandon();
  old.write('into the void');
  const fresh = await connection();
  assert.equal(await echoed(fresh, 'after'), 'after');
  await pause(100);
  assert.deepEqual(heard, []);
  old.destroy();
  fresh.destroy();
});
