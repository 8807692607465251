// Configuration: reports every problem at once, hides secrets, and needs no variable for an
// embedded stack.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeConfig, loadApiConfig, loadConfig, loadLocalConfig } from '../../config.ts';
import { switchesOf } from '../../local/switches.ts';
import { readSource } from '../support/sources.ts';

const KEY = Buffer.alloc(32, 7);
const GOOD = {
  DATABASE_URL: 'postgres://someone:hunter2@db:5432/postrider',
  TEMPORAL_ADDRESS: 'temporal:7233',
  ADMIN_TOKEN: 'a-token-that-is-long-enough',
  SECRETS_KEY: KEY.toString('base64'),
};

test('the configuration names every invalid and every missing variable in one message', () => {
  const bad = {
    PORT: '80a',
    ALLOW_ENDPOINT_CIDRS: '10.0.0.0/99',
    SECRETS_KEY: 'short',
    TRUST_PROXY: 'true',
    NAME_SERVERS: '10.0.0.2, ns.example',
    LOG_LEVEL: 'loud',
  };
  assert.throws(
    () => loadApiConfig(bad),
    ({ message }: Error) =>
      [...Object.keys(bad), 'DATABASE_URL', 'TEMPORAL_ADDRESS', 'ADMIN_TOKEN'].every((name) =>
        message.includes(`${name}: `),
      ),
  );
});

test('a worker needs no administrator token, and an API does', () => {
  const { ADMIN_TOKEN: _, ...withoutToken } = GOOD;
  assert.equal(loadConfig(withoutToken).port, 8080);
  assert.throws(() => loadApiConfig(withoutToken), /ADMIN_TOKEN: is required/);
  assert.throws(() => loadApiConfig({ ...GOOD, ADMIN_TOKEN: '' }), /ADMIN_TOKEN: is required/);
});

test('private addresses and plain HTTP are refused as endpoints by default', () => {
  const config = loadConfig(GOOD);
  assert.deepEqual(config.allowEndpointCidrs, []);
  assert.deepEqual(config.allowEndpointPorts, [80, 443, 8080, 8443]);
  assert.equal(config.requireHttps, true);
  assert.equal(config.trustProxy, false);
  assert.deepEqual(loadConfig({ ...GOOD, ALLOW_ENDPOINT_CIDRS: '127.0.0.0/8, ::1/128' }).allowEndpointCidrs, [
    '127.0.0.0/8',
    '::1/128',
  ]);
  assert.equal(loadConfig({ ...GOOD, ALLOW_ENDPOINT_PORTS: '*' }).allowEndpointPorts, '*');
});

test('name servers are addresses with or without a port, and by default those of the system', () => {
  assert.equal(loadConfig(GOOD).nameServers, undefined);
  const servers = ['10.0.0.2', '10.0.0.2:5353', 'fd00::2', '[fd00::2]:53'];
  assert.deepEqual(loadConfig({ ...GOOD, NAME_SERVERS: servers.join(', ') }).nameServers, servers);
  for (const bad of ['ns.example', '10.0.0.2:0', '10.0.0.256', '[10.0.0.2]:53', 'fd00::2:99999:1', ','])
    assert.throws(() => loadConfig({ ...GOOD, NAME_SERVERS: bad }), /NAME_SERVERS: /, bad);
});

/** Addresses of other servers, which have no default and are shown as examples. */
const EXAMPLES = ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'TEMPORAL_UI_URL', 'METRICS_PORT'];

for (const [file, pattern] of [
  ['.env.example', /^# ([A-Z_]+)=(.*)$/gm],
  ['docker-compose.yml', /\$\{([A-Z_]+):-([^}]*)\}/g],
] as const) {
  test(`${file} shows the default of every setting`, () => {
    const shown = Array.from(
      readSource(file).matchAll(pattern),
      ([, name, value]) => [name!, value!] as const,
    );
    assert.ok(shown.length > 5, file);
    for (const [name, value] of shown.filter(([one]) => !EXAMPLES.includes(one))) {
      assert.deepEqual(loadConfig({ ...GOOD, [name]: value }), loadConfig(GOOD), name);
      const { env: _, ...local } = loadLocalConfig({ [name]: value });
      assert.deepEqual({ ...local, env: {} }, loadLocalConfig({}), name);
    }
  });
}

test('payloads of Temporal are encrypted where there is a key, and a token of the codec server needs one', () => {
  const old = Buffer.alloc(32, 9);
  const TEMPORAL_CODEC_KEY = `k2:${KEY.toString('base64')},k1:${old.toString('hex')}`;
  assert.equal(loadConfig(GOOD).temporal.codecKeys, undefined);
  assert.deepEqual(loadConfig({ ...GOOD, TEMPORAL_CODEC_KEY }).temporal.codecKeys, [
    { id: 'k2', key: KEY },
    { id: 'k1', key: old },
  ]);
  const TEMPORAL_CODEC_TOKEN = 'a token of those who watch';
  assert.throws(
    () => loadApiConfig({ ...GOOD, TEMPORAL_CODEC_TOKEN }),
    /TEMPORAL_CODEC_TOKEN: needs TEMPORAL_CODEC_KEY/,
  );
  assert.throws(
    () => loadConfig({ ...GOOD, TEMPORAL_CODEC_TOKEN: 'short' }),
    /TEMPORAL_CODEC_TOKEN: must have/,
  );
  const shown = JSON.stringify(
    describeConfig(loadApiConfig({ ...GOOD, TEMPORAL_CODEC_KEY, TEMPORAL_CODEC_TOKEN })),
  );
  assert.ok(shown.includes('"codecKeys":["k2","k1"]'), shown);
  for (const secret of [KEY.toString('base64'), old.toString('hex'), TEMPORAL_CODEC_TOKEN])
    assert.ok(!shown.includes(secret), shown);
});

test('a list of secrets keys keeps its order, and a single key may omit its id, in base64 or hex', () => {
  const old = Buffer.alloc(32, 9);
  const two = loadConfig({
    ...GOOD,
    SECRETS_KEY: `k2:${KEY.toString('base64')},k1:${old.toString('hex')}`,
  }).secretsKeys;
  assert.deepEqual(two, [
    { id: 'k2', key: KEY },
    { id: 'k1', key: old },
  ]);
  assert.deepEqual(
    loadConfig({ ...GOOD, SECRETS_KEY: KEY.toString('hex') }).secretsKeys,
    loadConfig(GOOD).secretsKeys,
  );
  assert.throws(
    () => loadConfig({ ...GOOD, SECRETS_KEY: `k:${KEY.toString('hex')},k:${old.toString('hex')}` }),
    /different ids/,
  );
});

test('an API key turns TLS to Temporal on, and TEMPORAL_TLS=false turns it off again', () => {
  assert.equal(loadConfig(GOOD).temporal.connection.tls, undefined);
  assert.deepEqual(loadConfig({ ...GOOD, TEMPORAL_API_KEY: 'k' }).temporal.connection.tls, {});
  assert.equal(
    loadConfig({ ...GOOD, TEMPORAL_API_KEY: 'k', TEMPORAL_TLS: 'false' }).temporal.connection.tls,
    undefined,
  );
});

test('the description of a configuration contains no secret', () => {
  const text = JSON.stringify(describeConfig(loadApiConfig({ ...GOOD, TEMPORAL_API_KEY: 'cloud-key' })));
  for (const secret of ['hunter2', GOOD.ADMIN_TOKEN, GOOD.SECRETS_KEY, 'cloud-key'])
    assert.ok(!text.includes(secret), secret);
});

test('the local stack is embedded, with the demo, only while neither service is given', () => {
  assert.deepEqual([loadLocalConfig({}).embedded, loadLocalConfig({}).demo], [true, true]);
  assert.equal(loadLocalConfig({ DEMO: '0' }).demo, false);
  const given = loadLocalConfig({ TEMPORAL_ADDRESS: 'temporal:7233' });
  assert.deepEqual([given.embedded, given.demo], [false, false]);
});

test('npm start says which variables replace its own services, and how to run everything here', () => {
  assert.deepEqual(switchesOf(loadLocalConfig({})), []);
  const one = switchesOf(loadLocalConfig({ TEMPORAL_ADDRESS: 'temporal:7233' }));
  assert.match(one[0]!, /^TEMPORAL_ADDRESS is set, so its Temporal is used/);
  assert.match(one.at(-1)!, /env -u TEMPORAL_ADDRESS npm start$/);
  const both = switchesOf(loadLocalConfig({ ...GOOD, DEMO: '1' })).join('\n');
  assert.match(both, /DATABASE_URL is set[^]*TEMPORAL_ADDRESS is set[^]*-u DATABASE_URL -u TEMPORAL_ADDRESS/);
  assert.doesNotMatch(both, /hunter2|no demo/);
});
