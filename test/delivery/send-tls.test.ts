// Attempts over TLS: the certificate must be trusted, in date, and for the name in the URL, though
// the connection goes to an address. Environment variables change neither trust nor route.
import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:https';
import { connect, createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { after, test } from 'node:test';
import { createServer as createTlsServer, type SecureVersion, type TLSSocket } from 'node:tls';
import { adviceFor } from '../../domain/delivery/advice.ts';
import { createGuard } from '../../delivery/guard.ts';
import { createSender } from '../../delivery/send.ts';
import type { AttemptOutcome } from '../../domain/delivery/retry.ts';
import { EXPIRED, GOOD, KEY, SELF_SIGNED } from '../support/certificates.ts';
import { resolvingTo } from '../support/names.ts';
import { sendFrom, sendTrusting } from '../support/sending-process.ts';

const seenNames: (string | false)[] = [];
const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Starts a server with this certificate; returns its port. */
function serve(cert: string): Promise<number> {
  return listening(
    createServer({ key: KEY, cert }, (request, response) => {
      seenNames.push((request.socket as TLSSocket & { servername: string | false }).servername);
      response.end('secure');
    }),
  );
}

const ports = {
  good: await serve(GOOD),
  expired: await serve(EXPIRED),
  selfSigned: await serve(SELF_SIGNED),
};

const said = (outcome: AttemptOutcome): string =>
  outcome.kind === 'failed' ? outcome.errorClass : outcome.excerpt;

test('an untrusted certificate and a self-signed one give different errors, and no request is sent', async () => {
  const guard = createGuard({
    allowCidrs: ['127.0.0.0/8'],
    allowPorts: '*',
    requireHttps: true,
    lookUp: resolvingTo('127.0.0.1'),
  });
  const sender = createSender(guard);
  const send = (port: number): Promise<AttemptOutcome> =>
    sender.send({ url: `https://receiver.test:${port}/`, method: 'GET', headers: {}, body: null });
  const outcomes = [await send(ports.good), await send(ports.selfSigned)];
  await sender.close();
  assert.deepEqual(outcomes.map(said), ['tls_untrusted', 'tls_self_signed']);
  assert.equal(outcomes[0]?.dialled, `127.0.0.1:${ports.good}`);
  assert.deepEqual(seenNames, []);
});

test('a server that speaks HTTP/2 only over TLS is refused as that', async () => {
  const port = await listening(createTlsServer({ key: KEY, cert: GOOD, ALPNProtocols: ['h2'] }));
  const [outcome] = await sendTrusting([{ url: `https://receiver.test:${port}/` }]);
  assert.deepEqual(
    [said(outcome!), outcome?.kind === 'failed' && outcome.detail],
    ['tls_error', 'it speaks no HTTP/1.1 over TLS'],
  );
  assert.match(adviceFor(outcome!)!, /HTTP\/1\.1 over it/);
});

test('a trusted certificate must be in date and name the host, which the server gets by SNI', async () => {
  const urls = [
    `https://receiver.test:${ports.good}/`,
    `https://receiver.test.:${ports.good}/`,
    `https://other.test:${ports.good}/`,
    `https://127.0.0.1:${ports.good}/`,
    `https://receiver.test:${ports.expired}/`,
  ];
  const outcomes = await sendTrusting(urls.map((url) => ({ url })));
  assert.deepEqual(outcomes.map(said), [
    'secure',
    'secure',
    'tls_wrong_name',
    'tls_wrong_name',
    'tls_expired',
  ]);
  assert.deepEqual(Object.keys(outcomes[0]!.phases), ['dnsMs', 'connectMs', 'tlsMs', 'firstByteMs']);
  assert.deepEqual(seenNames, ['receiver.test', 'receiver.test']);
});

test('proxies and TLS variables in the environment change neither the route nor the trust of a request', async () => {
  let proxied = 0;
  const proxy = createHttpServer((_, response) => {
    proxied += 1;
    response.end('proxy');
  });
  proxy.on('connect', (_, socket) => {
    proxied += 1;
    socket.end();
  });
  const port = await listening(proxy);
  const plain = await listening(createHttpServer((_, response) => response.end('direct')));
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'];
  const proxies = Object.fromEntries(names.map((name) => [name, `http://127.0.0.1:${port}`]));
  const env = {
    ...proxies,
    NO_PROXY: '',
    no_proxy: '',
    NODE_USE_ENV_PROXY: '1',
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
  };
  const outcomes = await sendFrom(env, [
    { url: `http://receiver.test:${plain}/` },
    { url: `https://receiver.test:${ports.selfSigned}/` },
  ]);
  assert.deepEqual(outcomes.map(said), ['direct', 'tls_self_signed']);
  assert.equal(proxied, 0);
});

/** Starts a server of one TLS version that asks for a client certificate; returns its port. */
function serveAsking(version: SecureVersion, rejectUnauthorized: boolean): Promise<number> {
  const versions = { minVersion: version, maxVersion: version };
  return listening(
    createServer(
      { key: KEY, cert: GOOD, requestCert: true, rejectUnauthorized, ...versions },
      (_, response) => response.end('taken without'),
    ),
  );
}

/** Starts a proxy that resets a connection in place of sending on an alert; returns its port. */
function resettingBefore(port: number): Promise<number> {
  return listening(
    createTcpServer((client) => {
      const upstream = connect(port, '127.0.0.1');
      for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
      client.on('data', (data) => upstream.write(data));
      upstream.on('data', (data) => {
        // The alert that refuses comes alone, in a short record; it is lost here.
        if (data.length > 31) client.write(data);
        else client.resetAndDestroy();
      });
    }),
  );
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a server of ${version} that wants a client certificate is named as such, with advice`, async () => {
    const asking = await serveAsking(version, true);
    // In version 1.3 the refusal comes after the handshake, and its alert may be lost in a reset.
    const askingAt = version === 'TLSv1.3' ? [asking, await resettingBefore(asking)] : [asking];
    const outcomes = await sendTrusting(askingAt.map((port) => ({ url: `https://receiver.test:${port}/` })));
    assert.equal(outcomes.length, askingAt.length);
    for (const outcome of outcomes) {
      assert.ok(outcome.kind === 'failed', JSON.stringify(outcome));
      assert.equal(outcome.errorClass, 'tls_client_certificate', JSON.stringify(outcome));
      assert.equal(outcome.detail, 'it asks for a client certificate, and we have none');
      assert.match(adviceFor(outcome)!, /without a client certificate/);
    }
  });

  test(`a server of ${version} that asks for a client certificate and does without gets the request`, async () => {
    const port = await serveAsking(version, false);
    assert.deepEqual((await sendTrusting([{ url: `https://receiver.test:${port}/` }])).map(said), [
      'taken without',
    ]);
  });
}

test('a handshake that fails where no client certificate was asked for is a tls_error', async () => {
  const old = await listening(
    createTlsServer({
      key: KEY,
      cert: GOOD,
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'ALL@SECLEVEL=0',
    }),
  );
  const otherCiphers = await listening(
    createTlsServer({ key: KEY, cert: GOOD, maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }),
  );
  const outcomes = await sendTrusting(
    [old, otherCiphers].map((port) => ({ url: `https://receiver.test:${port}/` })),
  );
  assert.deepEqual(outcomes.map(said), ['tls_error', 'tls_error']);
});
