// Invalid requests to the routes of events: every answer is a client error that names the place,
// and no row is stored.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { withApi, type TestApi } from '../../support/api.ts';

type Failure = { error: { code: string; request_id: string; issues?: { path: string; code: string }[] } };

let api: TestApi;
let key: string;
before(async () => {
  api = await withApi({ limits: { headersMs: 300, requestMs: 600, lookEveryMs: 50 } });
  ({ key } = await api.newOperator());
});
after(() => api.close());

/** Sends bytes unchanged. */
async function raw(
  body: string | Uint8Array,
  headers: Record<string, string> = {},
  path = '/v1/events',
): Promise<{ status: number; text: string }> {
  const response = await fetch(api.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : Buffer.from(body),
  });
  return { status: response.status, text: await response.text() };
}

async function countEvents(): Promise<number> {
  const { rows } = await api.pool.query<{ count: number }>(`select count(*)::int as count from events`);
  return rows[0]!.count;
}

/** Whether an answer is a refusal in the form of all our errors. */
function assertRefused({ status, text }: { status: number; text: string }, about: string): Failure['error'] {
  assert.ok(status >= 400 && status < 500, `${status} for ${about}: ${text}`);
  const { error } = JSON.parse(text) as Failure;
  assert.ok(error.code !== undefined && error.request_id !== '', about);
  return error;
}

const FIELDS = [
  'event',
  'transaction_id',
  'click_id',
  'customer_id',
  'amount',
  'currency',
  'volume',
  'reference',
  'reference_event',
  'payout',
  'sub1',
  'sub5',
  'coupon',
  'occurred_at',
  'metadata',
] as const;

/** Values that no field takes, each for a different reason. */
const NEVER: readonly unknown[] = [
  true,
  false,
  [],
  [1],
  'a\u0000b',
  'a\u001fb',
  'a\ud800',
  '\udc00a',
  'x'.repeat(501),
  1e308,
  -1.5,
  [[]],
];
describe('an event with an invalid value', () => {
  const good = {
    event: 'sale',
    transaction_id: 't',
    customer_id: 'c',
    amount: '1',
    currency: 'USD',
    reference_event: 'sale',
  };

  test('an event with an invalid value is refused with the path of that field, and no other path', async () => {
    let sent = 0;
    for (const field of FIELDS) {
      for (const value of NEVER) {
        const about = `${field}: ${JSON.stringify(value).slice(0, 40)}`;
        const { issues } = assertRefused(await raw(JSON.stringify({ ...good, [field]: value })), about);
        assert.deepEqual([...new Set(issues?.map(({ path }) => path.split('.')[0]))], [field], about);
        sent++;
      }
    }
    assert.ok(sent > 150, `${sent} were sent`);
    assert.equal(await countEvents(), 0);
  });

  for (const [text, path] of [
    ['"amount":9007199254740993,"currency":"USD"', 'amount'],
    ['"amount":1e400,"currency":"USD"', 'amount'],
    ['"amount":0.1234567890123456789,"currency":"USD"', 'amount'],
    ['"amount":"99999999999999999999","currency":"USD"', 'amount'],
    ['"amount":"-0.01","currency":"USD"', 'amount'],
    ['"amount":"١٢","currency":"USD"', 'amount'],
    ['"amount":" 1","currency":"USD"', 'amount'],
    ['"amount":"0x10","currency":"USD"', 'amount'],
    ['"amount":"Infinity","currency":"USD"', 'amount'],
    ['"amount":"1","currency":"usd\\u0000"', 'currency'],
    ['"amount":"1","currency":"constructor"', 'currency'],
    ['"occurred_at":253402300800', 'occurred_at'],
    ['"occurred_at":-1', 'occurred_at'],
    ['"occurred_at":"0000-00-00T00:00:00Z"', 'occurred_at'],
    ['"metadata":{"__proto__":' + '{"a":'.repeat(40) + '1' + '}'.repeat(40) + '}', 'metadata'],
    ['"__proto__":{"amount":"1"}', '__proto__'],
    ['"constructor":{"prototype":{}}', 'constructor'],
    ['"toString":"x"', 'toString'],
    ['"Event":"sale"', 'Event'],
    ['"event ":"sale"', 'event '],
  ] as const) {
    test(`an event with ${text.slice(0, 50)} is refused at ${path}`, async () => {
      const body = `{"event":"sale","transaction_id":"t","customer_id":"c",${text}}`;
      const { issues } = assertRefused(await raw(body), text);
      assert.ok(
        issues?.some((issue) => issue.path === path),
        JSON.stringify(issues),
      );
      assert.equal(await countEvents(), 0);
    });
  }
});

describe('a body that is no event', () => {
  const event = Buffer.from('{"event":"kyc","customer_id":"é"}');
  for (const [name, body, headers, expected] of [
    [
      'a byte order mark of UTF-16',
      Buffer.from('\ufeff{"event":"kyc","customer_id":"c"}', 'utf16le'),
      {},
      400,
    ],
    [
      'UTF-16 with its charset declared',
      Buffer.from('{"event":"party"}', 'utf16le'),
      { 'content-type': 'application/json; charset=utf-16le' },
      400,
    ],
    ['an unknown character set', event, { 'content-type': 'application/json; charset=klingon' }, 415],
    ['a body falsely declared as gzip', event, { 'content-encoding': 'gzip' }, 400],
    ['truncated gzip', gzipSync(event).subarray(0, 20), { 'content-encoding': 'gzip' }, 400],
    ['gzip in gzip', gzipSync(gzipSync(event)), { 'content-encoding': 'gzip, gzip' }, 415],
    [
      'a gzip that becomes 300 MiB',
      gzipSync(Buffer.alloc(300 << 20, 32)),
      { 'content-encoding': 'gzip' },
      413,
    ],
    [
      'a brotli that becomes 40 MiB',
      brotliCompressSync(Buffer.alloc(40 << 20, 32)),
      { 'content-encoding': 'br' },
      413,
    ],
    [
      'a form',
      Buffer.from('event=kyc&customer_id=c'),
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
    ],
    [
      'multipart',
      Buffer.from('--x\r\n\r\n--x--'),
      { 'content-type': 'multipart/form-data; boundary=x' },
      415,
    ],
    ['XML', Buffer.from('<event>kyc</event>'), { 'content-type': 'application/xml' }, 415],
    ['a body without a content type', event, { 'content-type': '' }, 415],
    ['a bare text', Buffer.from('"kyc"'), {}, 400],
    ['a number', Buffer.from('7'), {}, 400],
    ['a list of events', Buffer.from('[{"event":"kyc","customer_id":"c"}]'), {}, 400],
    [
      'two events',
      Buffer.from('{"event":"kyc","customer_id":"c"}{"event":"kyc","customer_id":"d"}'),
      {},
      400,
    ],
    ['JavaScript', Buffer.from("{event:'kyc',customer_id:'c'}"), {}, 400],
    ['a comment', Buffer.from('{"event":"kyc"/**/,"customer_id":"c"}'), {}, 400],
    ['an event followed by NUL', Buffer.concat([event, Buffer.from([0])]), {}, 400],
  ] as const) {
    test(`a body that is no event is refused: ${name}`, async () => {
      const answer = await raw(body, headers);
      assertRefused(answer, name);
      assert.equal(answer.status, expected, answer.text);
      assert.equal(await countEvents(), 0);
    });
  }

  test('invalid bytes in a batch are refused line by line, and deep nesting costs little', async () => {
    const lines = [
      '{"event":',
      '[[[',
      '\u0000',
      '"x"',
      `{"metadata":${'['.repeat(100_000)}`,
      '['.repeat(60_000) + ']'.repeat(60_000),
    ];
    const { status, text } = await raw(
      lines.join('\n'),
      { 'content-type': 'application/x-ndjson' },
      '/v1/events/batch',
    );
    assert.equal(status, 200);
    const { results } = JSON.parse(text) as { results: { status: string }[] };
    assert.deepEqual(
      results.map((result) => result.status),
      lines.map(() => 'invalid'),
    );
    for (const path of ['/v1/events', '/v1/events/batch', '/v1/affiliates', '/v1/deals', '/v1/endpoints'])
      assertRefused(
        await raw(`{"metadata":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`, {}, path),
        path,
      );
    assert.equal(await countEvents(), 0);
  });

  test('random bodies never cause a server error', async () => {
    const anything = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.dictionary(
          fc.constantFrom(...FIELDS, '__proto__', 'constructor', ''),
          fc.jsonValue({ maxDepth: 3 }),
        ),
      },
      { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
    );
    const bodies = fc.oneof(
      anything.map((value) => Buffer.from(JSON.stringify(value))),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      fc
        .string({ unit: 'binary', maxLength: 60 })
        .map((text) => Buffer.from(`{"event":"kyc","customer_id":${JSON.stringify(text)},"colour":1}`)),
    );
    const paths = fc.constantFrom(
      '/v1/events',
      '/v1/events/batch',
      '/postback',
      '/v1/affiliates',
      '/v1/event-types',
      '/v1/api-keys',
      '/v1/deals',
    );
    await fc.assert(
      fc.asyncProperty(paths, bodies, async (path, body) => {
        assertRefused(await raw(body, {}, path), `${path} ${body.toString('latin1')}`);
      }),
      { numRuns: 300 },
    );
    assert.equal(await countEvents(), 0);
  });

  test('random queries never cause a server error', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary-ascii', maxLength: 20 }),
      fc.constantFrom('__proto__', 'a[b]', 'event', 'limit', 'cursor', 'from'),
    );
    const paths = fc.constantFrom(
      '/postback',
      '/v1/events',
      '/v1/refusals',
      '/v1/deliveries',
      '/v1/repeats',
      '/v1/links',
    );
    await fc.assert(
      fc.asyncProperty(paths, fc.array(fc.tuple(text, text), { maxLength: 4 }), async (path, pairs) => {
        const query = pairs
          .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
          .join('&');
        const response = await fetch(`${api.url}${path}?${query}`, {
          headers: { authorization: `Bearer ${key}` },
        });
        await response.text();
        assert.ok(response.status < 500, `${response.status} ${path}?${query}`);
      }),
      { numRuns: 200 },
    );
    assert.equal(await countEvents(), 0);
  });
});

describe('unusual valid text', () => {
  test('an event with unusual valid text is returned as it was sent', async () => {
    const metadata = JSON.parse(
      '{"__proto__":{"x":1},"constructor":"y","nul":"\\u0000","half":"\\ud800","deep":{"a":[{"b":null}]},"big":1e21}',
    ) as object;
    const event = {
      event: 'sale',
      transaction_id: "'; drop table events; --",
      customer_id: '😀 ‮ \u200f ñ',
      sub1: '%00%0d%0a',
      sub2: '${jndi:x}',
      metadata,
    };
    const { status, text } = await raw(JSON.stringify(event));
    assert.equal(status, 202, text);
    const { id } = JSON.parse(text) as { id: string };
    const shown = await api.call<{ event: Record<string, unknown> }>(`GET /v1/events/${id}`, { key });
    const { occurred_at: _at, ...kept } = shown.body.event;
    assert.equal(JSON.stringify(kept['metadata']), JSON.stringify(metadata));
    assert.deepEqual({ ...kept, metadata: 0 }, { ...event, metadata: 0 });
  });

  test('of two equal keys in a JSON object the last one counts', async () => {
    const { text } = await raw('{"event":"sale","event":"kyc","customer_id":"first","customer_id":"last"}');
    const { id } = JSON.parse(text) as { id: string };
    const { body } = await api.call<{ event: Record<string, string> }>(`GET /v1/events/${id}`, { key });
    assert.deepEqual([body.event['event'], body.event['customer_id']], ['kyc', 'last']);
  });
});

describe('slow and broken clients', () => {
  /** Writes these bytes and returns the answer until the connection ends. */
  async function talk(text: string): Promise<string> {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1').setEncoding('utf8');
    let answer = '';
    socket.on('data', (chunk: string) => (answer += chunk)).on('error', () => {});
    socket.write(text);
    await once(socket, 'close');
    return answer;
  }
  const head = (more: string): string =>
    `POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\n${more}`;

  test('a client that sends headers or body too slowly is disconnected', async () => {
    const [headers, body] = await Promise.all([
      talk(head('')),
      talk(head('content-length: 30\r\n\r\n{"event":')),
    ]);
    assert.match(headers, /^HTTP\/1\.1 408/);
    assert.match(body, /^HTTP\/1\.1 408/);
  });

  test('a client that sends endless headers or two content lengths is refused', async () => {
    assert.match(await talk(head(`x-long: ${'x'.repeat(20_000)}\r\n\r\n`)), /^HTTP\/1\.1 431/);
    assert.match(await talk(head('content-length: 5\r\ncontent-length: 6\r\n\r\n{}')), /^HTTP\/1\.1 400/);
    assert.match(
      await talk(head('content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}')),
      /^HTTP\/1\.1 400/,
    );
  });

  test('a client that disconnects within a body affects no other client', async () => {
    const earlier = await countEvents();
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1').on('error', () => {});
    socket.write(head('content-length: 40\r\n\r\n{"event":"kyc",'), () => socket.destroy());
    await once(socket, 'close');
    assert.equal((await api.call('GET /healthz')).status, 200);
    assert.equal(await countEvents(), earlier);
  });
});
