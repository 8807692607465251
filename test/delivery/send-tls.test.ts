// Attempts over TLS: the certificate must be trusted, in date, and for the name in the URL, though
// the connection goes to an address. Environment variables change neither trust nor route.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { createGuard } from '../../delivery/guard.ts';
import { createSender } from '../../delivery/send.ts';
import type { AttemptOutcome } from '../../domain/delivery/retry.ts';
import { AUTHORITY, EXPIRED, GOOD, KEY, SELF_SIGNED } from '../support/certificates.ts';
import { resolvingTo } from '../support/names.ts';

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

/**
 * Sends to each URL from a process with this environment, since Node reads authorities and proxies
 * at start.
 */
async function sendFrom(env: NodeJS.ProcessEnv, urls: readonly string[]): Promise<AttemptOutcome[]> {
  const script = `
    const { createGuard } = await import(${JSON.stringify(new URL('../../delivery/guard.ts', import.meta.url).href)});
    const { createSender } = await import(${JSON.stringify(new URL('../../delivery/send.ts', import.meta.url).href)});
    const lookUp = async () => ({ kind: 'found', addresses: ['127.0.0.1'] });
    const sender = createSender(createGuard({ allowCidrs: ['127.0.0.0/8'], allowPorts: '*', requireHttps: false, lookUp }));
    const send = (url) => sender.send({ url, method: 'GET', headers: {}, body: null });
    const outcomes = [];
    for (const url of ${JSON.stringify(urls)}) outcomes.push(await send(url));
    console.log(JSON.stringify(outcomes));
    await sender.close();`;
  const args = ['--import', '@oxc-node/core/register', '--input-type=module', '-e', script];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, ...env },
    timeout: 30_000,
  });
  return JSON.parse(stdout) as AttemptOutcome[];
}

async function withAuthority<T>(use: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'postrider-tls-'));
  await writeFile(join(folder, 'authority.pem'), AUTHORITY);
  try {
    return await use(join(folder, 'authority.pem'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

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

test('a trusted certificate must be in date and name the host, which the server gets by SNI', async () => {
  const urls = [
    `https://receiver.test:${ports.good}/`,
    `https://receiver.test.:${ports.good}/`,
    `https://other.test:${ports.good}/`,
    `https://127.0.0.1:${ports.good}/`,
    `https://receiver.test:${ports.expired}/`,
  ];
  const outcomes = await withAuthority((path) => sendFrom({ NODE_EXTRA_CA_CERTS: path }, urls));
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
    `http://receiver.test:${plain}/`,
    `https://receiver.test:${ports.selfSigned}/`,
  ]);
  assert.deepEqual(outcomes.map(said), ['direct', 'tls_self_signed']);
  assert.equal(proxied, 0);
});
