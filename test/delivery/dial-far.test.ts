// Names with many addresses: far away, silent, refusing. Each is reached if one of its addresses
// is, within the time that one takes, and by few connections.
import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { createGuard } from '../../delivery/guard.ts';
import { createSender } from '../../delivery/send.ts';
import type { AttemptOutcome } from '../../domain/delivery/retry.ts';
import { GOOD, KEY } from '../support/certificates.ts';
import { startFarProxy } from '../support/far-proxy.ts';
import { startListener } from '../support/faulty-receiver.ts';
import { resolvingTo } from '../support/names.ts';
import { sendTrusting } from '../support/sending-process.ts';

const ROUND_TRIP_MS = 300;
const COUNTS = [1, 6, 8, 16];

const loopback = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `127.0.0.${index + 1}`);

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a host of ${version} with 1, 6, 8 or 16 addresses is reached at a round trip of 300 ms`, async () => {
    const server = createServer(
      { key: KEY, cert: GOOD, minVersion: version, maxVersion: version },
      (_, response) => response.end('far'),
    );
    after(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const proxies = await Promise.all(COUNTS.map(() => startFarProxy(port, ROUND_TRIP_MS)));
    const outcomes = await sendTrusting(
      COUNTS.map((count, index) => ({
        url: `https://receiver.test:${proxies[index]!.port}/`,
        addresses: loopback(count),
      })),
    );
    await Promise.all(proxies.map((proxy) => proxy.close()));
    for (const [index, outcome] of outcomes.entries()) {
      assert.ok(outcome.kind === 'answered' && outcome.excerpt === 'far', JSON.stringify(outcome));
      // The first address was not given up for the later ones, which were tried beside it.
      assert.equal(outcome.dialled, `127.0.0.1:${proxies[index]!.port}`);
      const { connectMs = 0, tlsMs = 0 } = outcome.phases;
      const roundTrips = version === 'TLSv1.2' ? 3 : 2;
      assert.ok(connectMs + tlsMs >= roundTrips * ROUND_TRIP_MS - 20, JSON.stringify(outcome.phases));
      const connections = proxies[index]!.connections();
      const most = Math.min(COUNTS[index]!, Math.floor((connectMs + tlsMs) / 250) + 1);
      assert.ok(connections <= most, `${connections} connections in ${connectMs + tlsMs} ms`);
    }
  });
}

async function sendTo(url: string, addresses: string[], connectMs = 5000): Promise<AttemptOutcome> {
  const lookUp = resolvingTo(...addresses);
  const guard = createGuard({ allowCidrs: ['127.0.0.0/8'], allowPorts: '*', requireHttps: false, lookUp });
  const sender = createSender(guard, { connectMs });
  const outcome = await sender.send({ url, method: 'POST', headers: {}, body: '{}' });
  await sender.close();
  return outcome;
}

test('a name whose 50 addresses all hang up is given up after 16 connections', async () => {
  let connections = 0;
  const hangingUp = createServer({ key: KEY, cert: GOOD });
  hangingUp.on('connection', (socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => hangingUp.listen(0, '0.0.0.0', resolve));
  const { port } = hangingUp.address() as AddressInfo;
  const outcome = await sendTo(`https://fifty.example:${port}/`, loopback(50));
  hangingUp.close();
  assert.ok(outcome.kind === 'failed' && outcome.errorClass === 'connection_reset', JSON.stringify(outcome));
  assert.equal(connections, 16);
});

test('the failure of a name is that of the address that tells most, and names the classes of the others', async () => {
  const notTls = await startListener('not-tls', '127.0.0.3');
  const silent = await startListener('silent', '127.0.0.1', notTls.port);
  const url = `https://several.example:${notTls.port}/`;
  const outcome = await sendTo(url, ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'], 700);
  await Promise.all([notTls.close(), silent.close()]);
  assert.ok(outcome.kind === 'failed');
  assert.deepEqual([outcome.errorClass, outcome.dialled], ['tls_error', `127.0.0.3:${notTls.port}`]);
  assert.match(outcome.detail, /; of its other addresses: connection_refused, timeout$/);
  assert.ok(outcome.durationMs >= 690 && outcome.durationMs < 4000, `${outcome.durationMs} ms`);
});

test('the time to connect holds for all addresses of a name together', async () => {
  const silent = await startListener('silent', '0.0.0.0');
  const outcome = await sendTo(`https://silent.example:${silent.port}/`, loopback(16), 1000);
  await silent.close();
  assert.ok(outcome.kind === 'failed' && outcome.errorClass === 'timeout', JSON.stringify(outcome));
  assert.equal(outcome.detail, 'the TLS handshake did not end in time');
  assert.ok(outcome.durationMs >= 990 && outcome.durationMs < 4000, `${outcome.durationMs} ms`);
});
