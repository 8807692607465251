// Attempts over TLS: the certificate must be trusted and name the host, though the connection is made to an address.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { createGuard } from '../../delivery/guard.ts';
import { createSender } from '../../delivery/send.ts';
import type { PostbackRequest } from '../../delivery/send.ts';
import type { Outcome } from '../../domain/retry.ts';

// Made for this test and trusted nowhere else: an EC key, and its own certificate for receiver.test until 2126.
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgHtVTv0bbor5aISvH
zrSjtO/sPZVfMOOE5p1uzyWaBW6hRANCAAQPXBXBzwACWgfgfoyN1H0ZaWFAg68C
OKqnFMKbKz8iTkMB+9Jlcpx/D0O5M+EhYk4qc//zw8PpYkbd2N+Tz+ZG
-----END PRIVATE KEY-----`;
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBojCCAUegAwIBAgIUae65b6SoeZe5yvJ/NVzFbJadFvAwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNcmVjZWl2ZXIudGVzdDAgFw0yNjExMjMyMjM3NDdaGA8yMTI2
MTAzMDIyMzc0N1owGDEWMBQGA1UEAwwNcmVjZWl2ZXIudGVzdDBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABA9cFcHPAAJaB+B+jI3UfRlpYUCDrwI4qqcUwpsrPyJO
QwH70mVynH8PQ7kz4SFiTipz//PDw+liRt3Y35PP5kajbTBrMB0GA1UdDgQWBBQu
ZzT6bWqCyrOr8YyHy7/40LgWiDAfBgNVHSMEGDAWgBQuZzT6bWqCyrOr8YyHy7/4
0LgWiDAPBgNVHRMBAf8EBTADAQH/MBgGA1UdEQQRMA+CDXJlY2VpdmVyLnRlc3Qw
CgYIKoZIzj0EAwIDSQAwRgIhAIyVBOST+08ryQS/msG3a6/9OzU+0WKl7UXdOY/y
a+D/AiEA6jTivTE9vP/qhMc7YKQ466ufhcrBXOFok6+wuhHRxPI=
-----END CERTIFICATE-----`;

const seenNames: (string | false)[] = [];
const server = createServer({ key: KEY, cert: CERTIFICATE }, (request, response) => {
  seenNames.push((request.socket as TLSSocket & { servername: string | false }).servername);
  response.end('secure');
});
const silent = createTcpServer(() => undefined);

const guard = createGuard({
  allowCidrs: ['127.0.0.0/8'],
  allowPorts: '*',
  requireHttps: true,
  lookup: async () => [{ address: '127.0.0.1' }],
});
const sender = createSender(guard, { connectMs: 300, totalMs: 1000 });
after(async () => {
  await sender.close();
  server.close();
  silent.close();
});

async function portOf(listening: Server): Promise<number> {
  if (!listening.listening) await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return (listening.address() as AddressInfo).port;
}

function get(url: string): PostbackRequest {
  return { url, method: 'GET', headers: {}, body: null };
}

test('a certificate that nobody vouches for is a TLS error', async () => {
  const outcome = await sender.send(get(`https://receiver.test:${await portOf(server)}/`));
  assert.ok(outcome.kind === 'failed');
  assert.deepEqual([outcome.errorClass, outcome.dialled], ['tls_error', `127.0.0.1:${await portOf(server)}`]);
  assert.match(outcome.detail, /SELF_SIGNED/);
  assert.deepEqual(seenNames, []);
});

test('a server that never shakes hands is given up on after the time for connecting', async () => {
  const outcome = await sender.send(get(`https://receiver.test:${await portOf(silent)}/`));
  assert.ok(outcome.kind === 'failed' && outcome.errorClass === 'timeout');
  assert.ok(outcome.durationMs >= 290 && outcome.durationMs < 800, `${outcome.durationMs} ms`);
});

test('a trusted certificate is checked against the name, which the server is told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postrider-tls-'));
  const authority = join(folder, 'authority.pem');
  await writeFile(authority, CERTIFICATE);
  const port = await portOf(server);
  // Node reads further authorities when it starts, so this takes a process of its own.
  const script = `
    const { createGuard } = await import(${JSON.stringify(new URL('../../delivery/guard.ts', import.meta.url).href)});
    const { createSender } = await import(${JSON.stringify(new URL('../../delivery/send.ts', import.meta.url).href)});
    const lookup = async () => [{ address: '127.0.0.1' }];
    const sender = createSender(createGuard({ allowCidrs: ['127.0.0.0/8'], allowPorts: '*', requireHttps: true, lookup }));
    const send = (host) => sender.send({ url: 'https://' + host + ':${port}/', method: 'GET', headers: {}, body: null });
    console.log(JSON.stringify([await send('receiver.test'), await send('other.test')]));
    await sender.close();`;
  const options = { env: { ...process.env, NODE_EXTRA_CA_CERTS: authority } };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script],
    options,
  );
  await rm(folder, { recursive: true });
  const [right, wrong] = JSON.parse(stdout) as [Outcome, Outcome];
  assert.ok(right.kind === 'answered' && right.excerpt === 'secure', stdout);
  assert.ok(wrong.kind === 'failed' && wrong.errorClass === 'tls_error', stdout);
  assert.deepEqual(seenNames, ['receiver.test']);
});
