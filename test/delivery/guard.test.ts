// The guard: URLs and addresses that may be called. Literal spellings, edges of ranges, names that
// resolve to forbidden addresses, and properties.
import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createGuard } from '../../delivery/guard.ts';
import type { GuardSettings } from '../../delivery/guard.ts';
import { resolvingBy } from '../support/names.ts';
import { BLOCKS, isPublic, formatAddress } from '../support/special-addresses.ts';

const STRICT: GuardSettings = { allowCidrs: [], allowPorts: [80, 443, 8080, 8443], requireHttps: false };
const guard = createGuard(STRICT);

const soon = (): AbortSignal => AbortSignal.timeout(1000);

const wordsOf = (text: string): string[] => text.trim().split(/\s+/);

const BLOCKED_HOSTS = wordsOf(`
  127.0.0.1 127.1 127.0.1 0 0.0.0.0 0x7f000001 0x7f.1 0X7F.0.0.1 017700000001 2130706433 0177.0.0.1 127.0.0.1. ①②⑦.⓪.⓪.①
  127。0。0。1 %31%32%37.0.0.1 10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 0xa9fea9fe
  2852039166 0251.0376.0251.0376 100.64.0.1 100.100.100.200 100.127.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1
  198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 168.63.129.16
  192.31.196.1 192.52.193.1 [::1] [::] [0:0:0:0:0:0:0:1] [::127.0.0.1] [::7f00:1] [::ffff:127.0.0.1] [::ffff:7f00:1]
  [::ffff:a9fe:a9fe] [::ffff:0:7f00:1] [::5efe:7f00:1] [64:ff9b::7f00:1] [64:ff9b::10.0.0.1] [64:ff9b:1::8.8.8.8]
  [64:ff9b:0:1::1] [1::1] [100::1] [100:0:0:1::1] [2001::1] [2001:0:4136:e378:8000:63bf:3fff:fdd2] [2001:2::1] [2001:10::1]
  [2001:1ff:ffff::1] [2001:db8::1] [2002:7f00:1::] [2002:808:808::1] [2620:4f:8000::1] [3fff::1] [3fff:fff::1] [4000::1]
  [64:ff9b::1:808:808] [64:ff9a::808:808] [5f00::1] [0:0:0:0:0:ffff:127.0.0.1] [::ffff:0:0] [2001:0db8:0:0:0:0:0:1] [FE80::1] 0x7F.1 00000177.0.0.1 127.0.0.0x1
  １２７.0.0.1 127.0.0.1%2e 0xA9.0xFE.0xA9.0xFE 169.16689662 192.168.257 [fc00::1] [fd00:ec2::254] [fe80::1] [fec0::1] [ff02::1] [1fff:ffff::1]`);

const PUBLIC_HOSTS = wordsOf(`
  8.8.8.8 1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 0x08080808 169.253.255.255
  169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255
  [2606:4700:4700::1111] [2001:200::1] [2001:4860:4860::8888] [2001:4:112::1] [2001:20::1] [2000::1] [2003::1] [3ffe::1]
  [3fff:1000::1] [::ffff:8.8.8.8] [64:ff9b::8.8.8.8]`);

for (const host of BLOCKED_HOSTS) {
  test(`the guard refuses the address ${host}`, () => {
    const verdict = guard.judgeUrl(`http://${host}/path`);
    assert.deepEqual(
      [verdict.kind, verdict.kind === 'refused' && verdict.code],
      ['refused', 'blocked_address'],
    );
  });
}

for (const host of PUBLIC_HOSTS) {
  test(`the guard allows the address ${host}`, () =>
    assert.equal(guard.judgeUrl(`https://${host}/path`).kind, 'allowed'));
}

/** IPv6 addresses that carry an IPv4 address, as a resolver may spell them: a URL has no dots. */
const CARRIERS: [string, 'public' | 'not public'][] = [
  ['::ffff:8.8.8.8', 'public'],
  ['::ffff:10.0.0.1', 'not public'],
  ['64:ff9b::8.8.8.8', 'public'],
  ['64:ff9b::10.0.0.1', 'not public'],
  ['64:ff9b:1::8.8.8.8', 'not public'],
  ['::8.8.8.8', 'not public'],
  ['::8.8.8.8%eth0', 'not public'],
  ['::0:8.8.8.8', 'not public'],
  ['0:0:0:0:0:0:8.8.8.8', 'not public'],
  ['::808:808', 'not public'],
  ['::0x8.8.8.8', 'not public'],
  ['::127.0.0.1', 'not public'],
  ['::10.0.0.1', 'not public'],
  ['::ffff:0:8.8.8.8', 'not public'],
  ['::ffff:0:10.0.0.1', 'not public'],
  ['2002:808:808::', 'not public'],
  ['2002:0a00:0001::', 'not public'],
];

for (const [address, verdict] of CARRIERS) {
  test(`the guard takes the address ${address} for ${verdict}`, () =>
    assert.equal(guard.mayDial(address), verdict === 'public'));
}

test('an allowed IPv4 range does not open for an IPv6 address with the same last bits', () => {
  const inside = createGuard({ ...STRICT, allowCidrs: ['10.0.0.0/8'] });
  assert.ok(inside.mayDial('10.0.0.1') && inside.mayDial('::ffff:10.0.0.1'));
  assert.ok(!inside.mayDial('::10.0.0.1') && !inside.mayDial('64:ff9b::10.0.0.1'));
});

const INVALID_URLS = [
  '',
  'example.com',
  '//example.com',
  'ftp://example.com',
  'file:///etc/passwd',
  'gopher://example.com',
  'javascript:alert(1)',
  'http://',
  'http://user@example.com',
  'http://user:pw@example.com',
  'http://:pw@example.com',
  'http://256.1.1.1',
  'http://1.2.3.4.5',
  'http://0x100000000',
  'http://[fe80::1%25eth0]',
  'http://[::1%25lo]',
  'http://[fe80::1%eth0]',
  'http://127.0.0.1@example.com',
  'https://example.com@127.0.0.1/',
  'http://foo:80@127.0.0.1:80/',
  'http://09.0.0.1',
  'http://127.0.0.256',
  'http://1.1.1.1.1',
  'http://4294967296',
  'http://xn--/',
  'http://shop.xn--a/',
  'http://exa mple.com',
  'http://example.com:99999',
  'http://a%00b.com',
  'http://[::1',
  'x',
  `http://example.com/${'x'.repeat(9000)}`,
];

for (const url of INVALID_URLS) {
  test(`the guard refuses as invalid ${JSON.stringify(url.slice(0, 60))}`, () => {
    const verdict = guard.judgeUrl(url);
    assert.deepEqual(
      [verdict.kind, verdict.kind === 'refused' && verdict.code],
      ['refused', 'invalid_request'],
    );
  });
}

test('the guard allows only the listed ports, unless any port may be called', () => {
  assert.equal(guard.judgeUrl('http://example.com:22/').kind, 'refused');
  assert.equal(guard.judgeUrl('https://example.com:8443/').kind, 'allowed');
  assert.equal(createGuard({ ...STRICT, allowPorts: [443] }).judgeUrl('http://example.com/').kind, 'refused');
  assert.equal(
    createGuard({ ...STRICT, allowPorts: '*' }).judgeUrl('http://example.com:22/').kind,
    'allowed',
  );
});

test('the guard refuses plain http where https is required', () => {
  const strict = createGuard({ ...STRICT, requireHttps: true });
  assert.equal(strict.judgeUrl('http://example.com/').kind, 'refused');
  assert.equal(strict.judgeUrl('https://example.com/').kind, 'allowed');
});

test('an allowed private range opens for its addresses in any spelling, and for no others', () => {
  const loopback = createGuard({ ...STRICT, allowCidrs: ['127.0.0.0/8', '::1/128'] });
  for (const host of ['127.0.0.1', '2130706433', '[::1]', '[::ffff:7f00:1]']) {
    assert.equal(loopback.judgeUrl(`http://${host}/`).kind, 'allowed', host);
  }
  for (const host of ['10.0.0.1', '[::2]', '0.0.0.0'])
    assert.equal(loopback.judgeUrl(`http://${host}/`).kind, 'refused', host);
  assert.throws(() => createGuard({ ...STRICT, allowCidrs: ['127.0.0.1/33'] }));
});

test('the guard refuses a name if any of its addresses is forbidden', async () => {
  const lookUp = resolvingBy({
    good: ['8.8.8.8', '2606:4700::1'],
    mixed: ['8.8.8.8', '10.0.0.1'],
    bad: ['::1'],
    scoped: ['fe80::1%2'],
    none: [],
  });
  const named = createGuard({ ...STRICT, lookUp });
  assert.deepEqual(await named.resolve('good', soon()), {
    kind: 'resolved',
    addresses: ['8.8.8.8', '2606:4700::1'],
  });
  for (const name of ['mixed', 'bad', 'scoped'])
    assert.equal((await named.resolve(name, soon())).kind, 'refused', name);
  for (const name of ['none', 'unknown'])
    assert.equal((await named.resolve(name, soon())).kind, 'dns_error', name);
});

test('the guard stops waiting for a resolver when its signal aborts', async () => {
  const named = createGuard({ ...STRICT, lookUp: () => new Promise(() => undefined) });
  assert.deepEqual(await named.resolve('slow', AbortSignal.timeout(20)), {
    kind: 'dns_error',
    nameIsAbsent: false,
    message: 'the name servers did not answer in time for the host name',
  });
});

test('saving an endpoint refuses forbidden URLs without naming the address behind a name', async () => {
  const lookUp = resolvingBy({ 'inside.example': ['10.1.2.3'], 'good.example': ['8.8.8.8'] });
  const named = createGuard({ ...STRICT, lookUp });
  const inside = await named.check('https://inside.example/postback?c={click_id}');
  assert.ok(!inside.ok && inside.code === 'blocked_address' && !inside.message.includes('10.1'));
  const direct = await named.check('https://10.0.0.1/postback');
  // The rule, and the setting that makes an exception to it.
  for (const refused of [inside, direct])
    assert.match(refused.ok ? '' : refused.message, /only public addresses .* ALLOW_ENDPOINT_CIDRS$/);
  assert.deepEqual(await named.check('https://good.example/{click_id}'), { ok: true });
  assert.deepEqual(await named.check('https://8.8.8.8/'), { ok: true });
  assert.deepEqual(await named.check('https://not-yet.example/'), { ok: true });
  const noUrl = await named.check('nonsense');
  assert.ok(!noUrl.ok && noUrl.code === 'invalid_request');
});

/**
 * Addresses at the edges of the registries' blocks, just outside them, inside them, and at random.
 */
const anyAddress = fc.oneof(
  fc.constantFrom(...BLOCKS).chain(({ family, first, last }) => {
    const limit = family === 6 ? (1n << 128n) - 1n : (1n << 32n) - 1n;
    const edges = [first - 1n, first, last, last + 1n].filter((edge) => edge >= 0n && edge <= limit);
    const address = fc.oneof(fc.constantFrom(...edges), fc.bigInt({ min: first, max: last }));
    return fc.record({ family: fc.constant(family), address });
  }),
  fc.record({ family: fc.constant(4 as const), address: fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }) }),
  fc.record({ family: fc.constant(6 as const), address: fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }) }),
  fc.record({
    family: fc.constant(6 as const),
    address: fc.bigInt({ min: 2n << 124n, max: (4n << 124n) - 1n }),
  }),
);

test('10,000 random addresses are judged as the registries of special addresses say', () => {
  let called = 0;
  fc.assert(
    fc.property(anyAddress, ({ family, address }) => {
      const text = formatAddress(family, address);
      const expected = isPublic(family, address);
      called += expected ? 1 : 0;
      assert.equal(guard.mayDial(text), expected, text);
      assert.equal(
        guard.judgeUrl(`http://${family === 6 ? `[${text}]` : text}/`).kind === 'allowed',
        expected,
        text,
      );
    }),
    { numRuns: 10_000 },
  );
  assert.ok(called > 1000 && called < 9000, `both kinds are met often: ${called} may be called`);
});

test('a random IPv4 address is judged the same in every spelling', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (number) => {
      const [a, b, c, d] = [number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255];
      const hex = (value: number): string => value.toString(16);
      const verdict = guard.judgeUrl(`http://${a}.${b}.${c}.${d}/`).kind;
      const spellings = [
        `${number}`,
        `0x${hex(number)}`,
        `0${number.toString(8)}`,
        `${a}.${b}.${(c << 8) | d}`,
        `0x${hex(a)}.${b}.0${c.toString(8)}.${d}`,
      ];
      const carried = [
        `[::ffff:${a}.${b}.${c}.${d}]`,
        `[64:ff9b::${hex(number >>> 16)}:${hex(number & 0xffff)}]`,
      ];
      for (const host of [...spellings, ...carried])
        assert.equal(guard.judgeUrl(`http://${host}/`).kind, verdict, host);
      assert.equal(guard.mayDial(`${a}.${b}.${c}.${d}`), verdict === 'allowed');
    }),
    { numRuns: 1000 },
  );
});

test('random private addresses are never allowed, mapped or not', () => {
  const privateFirst = fc.constantFrom(
    [10],
    [127],
    [0],
    [192, 168],
    [169, 254],
    [172, 20],
    [100, 64],
    [224],
    [255],
  );
  fc.assert(
    fc.property(privateFirst, fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)), (first, rest) => {
      const address = [...first, ...rest].slice(0, 4).join('.');
      assert.ok(
        !guard.mayDial(address) &&
          !guard.mayDial(`::ffff:${address}`) &&
          !guard.mayDial(`64:ff9b::${address}`),
      );
    }),
    { numRuns: 1000 },
  );
});

/** Texts that are nearly URLs, with hosts in every spelling. */
const nearlyUrl = fc
  .tuple(
    fc.constantFrom(
      'http://',
      'https://',
      'HTTP:',
      'http:\\\\',
      'ftp://',
      'file:///',
      'javascript:',
      '//',
      ' http://',
      '',
    ),
    fc.oneof(
      fc.constantFrom(...BLOCKED_HOSTS, ...PUBLIC_HOSTS, 'localhost', 'name.example', 'a.example@10.0.0.1'),
      fc.ipV4Extended(),
      fc.ipV6().map((address) => `[${address}]`),
      fc.string({ unit: 'binary', maxLength: 12 }),
    ),
    fc.oneof(
      fc.constantFrom('', ':80', ':0', ':65536', ':22', '#', '?', '\\@8.8.8.8', '@8.8.8.8', '/..//'),
      fc.string(),
    ),
  )
  .map((parts) => parts.join(''));

test('any text is judged without an exception, and what is allowed leads to a name or a public address', () => {
  let allowed = 0;
  fc.assert(
    fc.property(nearlyUrl, (text) => {
      const verdict = guard.judgeUrl(text);
      if (verdict.kind === 'refused') return;
      allowed += 1;
      const { url } = verdict;
      assert.match(url.protocol, /^https?:$/);
      assert.equal(`${url.username}${url.password}`, '');
      const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
      if (isIP(host) !== 0) assert.ok(guard.mayDial(host), text);
      assert.equal(guard.judgeUrl(url.href).kind, 'allowed', 'its normal form is judged alike');
    }),
    { numRuns: 5000 },
  );
  assert.ok(allowed > 300, `${allowed} were allowed`);
});

test('no answer of a name server, whatever it is, has an address called that is not public', async () => {
  const answer = fc.array(
    fc.oneof(
      anyAddress.map(({ family, address }) => formatAddress(family, address)),
      fc.constantFrom('', '8.8.8.8%eth0', '::ffff:10.0.0.1', '127.1', '0x7f000001', 'localhost'),
      fc.string({ maxLength: 20 }),
    ),
    { minLength: 1, maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(answer, async (addresses) => {
      const named = createGuard({ ...STRICT, lookUp: async () => ({ kind: 'found', addresses }) });
      const found = await named.resolve('name.example', soon());
      assert.equal(found.kind, addresses.every(guard.mayDial) ? 'resolved' : 'refused');
      if (found.kind !== 'resolved') return;
      for (const address of found.addresses)
        assert.ok(isIP(address) !== 0 && guard.mayDial(address), address);
    }),
    { numRuns: 2000 },
  );
});
