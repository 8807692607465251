// The system's files about names: hosts, name servers and search domains, read again when changed.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createNameFiles, parseHosts, parseResolvConf } from '../../delivery/name-files.ts';
import { candidatesFor, createNames, type LookUp } from '../../delivery/names.ts';
import { eventually } from '../support/eventually.ts';
import { startNameServer } from '../support/name-server.ts';

const folder = await mkdtemp(join(tmpdir(), 'postrider-names-'));
const server = await startNameServer({
  receiver: { a: ['127.0.0.1'] },
  'shop.apps.test': { a: ['127.0.0.2'] },
  shop: { a: ['127.0.0.3'] },
  'silent.apps.test': { code: 'SERVFAIL' },
  'silent.test': { a: ['127.0.0.4'] },
  'known.test': { a: ['127.0.0.9'] },
});
after(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const found = (...addresses: string[]): LookUp => ({ kind: 'found', addresses });

test('a hosts file gives a name the addresses of all its lines, IPv4 first, in any case', () => {
  const hosts = parseHosts(`
# comment
::1          Localhost ip6-localhost
127.0.0.1    localhost # local
2001:db8::7  both.test
9.0.0.7      both.test
10.0.0.7\treceiver.test. receiver RECEIVER
10.0.0.7     receiver
nonsense     other
10.0.0.8
`);
  assert.deepEqual(Object.fromEntries(hosts), {
    localhost: ['127.0.0.1', '::1'],
    'ip6-localhost': ['::1'],
    'both.test': ['9.0.0.7', '2001:db8::7'],
    'receiver.test': ['10.0.0.7'],
    receiver: ['10.0.0.7'],
  });
});

test('resolv.conf gives up to three name servers, the last search list and ndots', () => {
  assert.deepEqual(
    parseResolvConf(`
; made by hand
domain old.test
nameserver 10.0.0.2 # first
nameserver not-an-address
nameserver fd00::2
nameserver 10.0.0.3
nameserver 10.0.0.4
search apps.test  Test.
options timeout:1 ndots:5 rotate
`),
    { servers: ['10.0.0.2', 'fd00::2', '10.0.0.3'], search: ['apps.test', 'test'], ndots: 5 },
  );
  assert.deepEqual(parseResolvConf(''), { servers: ['127.0.0.1'], search: [], ndots: 1 });
  assert.equal(parseResolvConf('options ndots:99').ndots, 15);
});

test('names with fewer dots than ndots are asked for in the search domains first, others as they are', () => {
  const search = ['a.test', 'b.test'];
  assert.deepEqual(candidatesFor('api', { search, ndots: 1 }), ['api.a.test', 'api.b.test', 'api']);
  assert.deepEqual(candidatesFor('api', { search, ndots: 0 }), ['api']);
  assert.deepEqual(candidatesFor('shop.example', { search, ndots: 1 }), ['shop.example']);
  assert.deepEqual(candidatesFor('api.apps', { search, ndots: 5 }).length, 3);
  assert.deepEqual(candidatesFor('api.', { search, ndots: 5 }), ['api.']);
});

test('a short name is found in its search domain, else as it is, and not beyond an answer that failed', async () => {
  const names = createNames({
    files: {
      hosts: async () => new Map(),
      config: async () => ({ servers: [server.address], search: ['apps.test', 'test'], ndots: 1 }),
    },
  });
  assert.deepEqual(await names.lookUp('shop'), found('127.0.0.2'));
  assert.deepEqual(await names.lookUp('receiver'), found('127.0.0.1'));
  assert.equal((await names.lookUp('silent')).kind, 'failed');
  assert.equal((await names.lookUp('nowhere')).kind, 'no_such_name');
  assert.equal(server.count('nowhere.apps.test') + server.count('nowhere.test') + server.count('nowhere'), 3);
});

test('the hosts file comes before the name servers, and a change counts within seconds', async () => {
  const hosts = join(folder, 'hosts');
  await writeFile(hosts, '10.0.0.1 Known.test\n');
  const names = createNames({
    servers: [server.address],
    files: createNameFiles({ hosts, resolvConf: join(folder, 'none') }),
  });
  assert.deepEqual(await names.lookUp('KNOWN.test'), found('10.0.0.1'));
  assert.deepEqual(await names.lookUp('known.test.'), found('10.0.0.1'));
  assert.equal(server.count('known.test'), 0);
  await writeFile(hosts, '10.0.0.2 known.test\n');
  await eventually('the new line counts', async () => {
    const result = await names.lookUp('known.test');
    return result.kind === 'found' && result.addresses[0] === '10.0.0.2';
  });
  await rm(hosts);
  await eventually('the name servers are asked', async () => {
    const result = await names.lookUp('known.test');
    return result.kind === 'found' && result.addresses[0] === '127.0.0.9';
  });
});

test('localhost and names under it are loopback, whatever the name servers say', async () => {
  const names = createNames({
    servers: [server.address],
    files: createNameFiles({ hosts: join(folder, 'none') }),
  });
  for (const name of ['localhost', 'LOCALHOST.', 'app.localhost'])
    assert.deepEqual(await names.lookUp(name), found('127.0.0.1', '::1'));
  assert.equal(server.count('localhost') + server.count('app.localhost'), 0);
});
