// Answers that HTTP allows are taken whatever their form, cut into any pieces; the others are
// refused in words that name what is wrong and show what was sent.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import * as fc from 'fast-check';
import { adviceFor } from '../../domain/delivery/advice.ts';
import { createGuard } from '../../delivery/guard.ts';
import { createSender } from '../../delivery/send.ts';
import type { AttemptOutcome } from '../../domain/delivery/retry.ts';
import { startRawServer, type Reaction } from '../support/raw-server.ts';

const guard = createGuard({ allowCidrs: ['127.0.0.0/8'], allowPorts: '*', requireHttps: false });
const sender = createSender(guard, { totalMs: 3000 });
after(() => sender.close());

const send = (url: string): Promise<AttemptOutcome> =>
  sender.send({ url, method: 'POST', headers: {}, body: '{}' });

/** Enough sends to see whether connections are kept: undici lets two take turns. */
const SENDS = 4;

/** What some sends come to at a receiver that answers so, and the connections it took. */
async function answeredWith(react: Reaction): Promise<{ outcomes: AttemptOutcome[]; connections: number }> {
  const server = await startRawServer(react);
  const outcomes: AttemptOutcome[] = [];
  for (let count = 0; count < SENDS; count += 1) outcomes.push(await send(server.url));
  const connections = server.connections();
  await server.close();
  return { outcomes, connections };
}

function said(outcome: AttemptOutcome): string {
  return outcome.kind === 'answered'
    ? `${outcome.status} ${outcome.excerpt}`
    : `${outcome.errorClass}: ${outcome.detail}`;
}

const TAKEN: [string, string, string][] = [
  ['100 Continue', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok', '200 ok'],
  [
    '100 Continue twice, 102 and 103, with headers',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\nserver: x\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n' +
      'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
    '200 ok',
  ],
  [
    '100 Continue before a refusal',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n',
    '404 ',
  ],
  ['a plain answer', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok', '200 ok'],
  ['chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', '200 ok'],
  ['lines that end in LF', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok', '200 ok'],
  ['one line that ends in LF', 'HTTP/1.1 200 OK\r\nServer: x\nContent-Length: 2\r\n\r\nok', '200 ok'],
  [
    '100 Continue, all lines ending in LF',
    'HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\nContent-Length: 2\n\nok',
    '200 ok',
  ],
  ['a folded header', 'HTTP/1.1 200 OK\r\nx-long: a\r\n\tb\r\n  c\r\ncontent-length: 2\r\n\r\nok', '200 ok'],
  ['a blank before a colon', 'HTTP/1.1 200 OK\r\nServer : x: y\r\nContent-Length : 2\r\n\r\nok', '200 ok'],
  ['no reason phrase', 'HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok', '200 ok'],
  ['two blanks in its status line', 'HTTP/1.1  200  OK\r\ncontent-length: 2\r\n\r\nok', '200 ok'],
  ['a later minor version', 'HTTP/1.2 200 OK\r\ncontent-length: 2\r\n\r\nok', '200 ok'],
  [
    'line ends before it and before 100 Continue',
    '\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
    '200 ok',
  ],
  ['tabs around its length', 'HTTP/1.1 200 OK\r\ncontent-length:\t2\t\r\n\r\nok', '200 ok'],
  ['zeros before its length', `HTTP/1.1 200 OK\r\ncontent-length: ${'0'.repeat(30)}2\r\n\r\nok`, '200 ok'],
  [
    'tabs around the coding of its body',
    'HTTP/1.1 200 OK\r\ntransfer-encoding:\tchunked\t\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    '200 ok',
  ],
  [
    'extensions of chunks, with blanks around their parts',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;a\r\no\r\n1 ; b = "c;d" ;e\r\nk\r\n0 ;f\r\n\r\n',
    '200 ok',
  ],
  [
    'blanks behind the sizes of chunks',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2     \r\nok\r\n0     \r\n\r\n',
    '200 ok',
  ],
  [
    'chunks and trailers whose lines end in LF',
    'HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n2\nok\n0\nx-checksum: 1\n\n',
    '200 ok',
  ],
  [
    'trailers, one of them folded',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx: 1\r\n 2\r\nwebhook-delivery: disable\r\n\r\n',
    '200 ok',
  ],
];
/** The end of the body is given in a doubtful way, so the connection is not kept. */
const TAKEN_ONCE: [string, string, string][] = [
  ['Content-Length twice', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nContent-Length: 2\r\n\r\nok', '200 ok'],
  [
    'a length beside the identity coding',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: Identity\r\nContent-Length: 2\r\n\r\nok',
    '200 ok',
  ],
  [
    'a length beside an empty coding',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\nContent-Length: 2\r\n\r\nok',
    '200 ok',
  ],
  ['Content-Length as a list', 'HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nok', '200 ok'],
  ['204 with a length', 'HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\n', '204 '],
  ['204 with a length and a body', 'HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\nok', '204 '],
  [
    '204 with chunks that never come',
    'HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n',
    '204 ',
  ],
  ['304 with a length', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 100\r\n\r\n', '304 '],
  [
    'chunks and a length',
    'HTTP/1.1 200 OK\r\ncontent-length: 12\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    '200 ok',
  ],
  [
    'a length that is wrong, and chunks',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\nKeep-Alive: timeout=60\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    '200 ok',
  ],
  ['HTTP/1.0 without a length', 'HTTP/1.0 200 OK\r\n\r\nok', '200 ok'],
];

for (const [what, answer, expected] of [...TAKEN, ...TAKEN_ONCE]) {
  const isKept = TAKEN.some(([kept]) => kept === what);
  test(`an answer with ${what} is taken, and the connection is ${isKept ? 'kept' : 'closed'}`, async () => {
    const { outcomes, connections } = await answeredWith((socket) => {
      if (answer.startsWith('HTTP/1.0')) socket.end(answer);
      else socket.write(answer);
    });
    assert.deepEqual(new Set(outcomes.map(said)), new Set([expected]));
    if (isKept) assert.ok(connections <= 2, `${connections} connections`);
    else assert.equal(connections, SENDS);
  });
}

test('an answer that comes some time after 100 Continue is taken', async () => {
  const { outcomes } = await answeredWith((socket) => {
    socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    setTimeout(() => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'), 300);
  });
  assert.deepEqual(new Set(outcomes.map(said)), new Set(['200 ok']));
  assert.ok((outcomes[0]?.phases.firstByteMs ?? 0) >= 290);
});

test('an answer means the same in whatever pieces it arrives', async (t) => {
  const answers = [...TAKEN, ...TAKEN_ONCE].filter(([, answer]) => !answer.startsWith('HTTP/1.0'));
  let pieces: string[] = [];
  const server = await startRawServer(async (socket) => {
    for (const piece of pieces) {
      if (socket.destroyed) return;
      socket.write(piece, 'latin1');
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  t.after(() => server.close());
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...answers),
      fc.array(fc.nat(300), { maxLength: 5 }),
      async ([, answer, expected], cuts) => {
        const places = [0, ...cuts.filter((cut) => cut < answer.length).toSorted((a, b) => a - b)];
        pieces = places.map((from, index) => answer.slice(from, places[index + 1]));
        assert.equal(said(await send(server.url)), expected);
      },
    ),
    { numRuns: 150 },
  );
});

const REFUSED: [string, string, string][] = [
  [
    'two different lengths',
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok',
    'its answer has two different Content-Lengths',
  ],
  [
    'a length in words',
    'HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\nok',
    'the Content-Length of its answer is not a number',
  ],
  [
    'a negative length',
    'HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\nok',
    'the Content-Length of its answer is not a number',
  ],
  [
    'another protocol',
    '220 mail.example ESMTP\r\n',
    'its answer is not HTTP/1.1 (Expected HTTP/, RTSP/ or ICE/)',
  ],
  ['HTTP/2 in its status line', 'HTTP/2 200\r\n\r\n', 'its answer is not HTTP/1.1 (Expected dot)'],
  [
    'a line that is no header',
    'HTTP/1.1 200 OK\r\nnot a header\r\n\r\n',
    'its answer is not HTTP/1.1 (Invalid header token)',
  ],
  [
    '101 unasked',
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n',
    'it went over to another protocol (101) unasked',
  ],
  [
    '101 without a word of the protocol',
    'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    'it went over to another protocol (101) unasked',
  ],
  ['a status below 100', 'HTTP/1.1 099 X\r\n\r\n', 'HTTP has no status 099'],
  ['the status 000', 'HTTP/1.1 000 X\r\ncontent-length: 2\r\n\r\nok', 'HTTP has no status 000'],
];
for (const [what, answer, reason] of REFUSED) {
  test(`an answer with ${what} is refused by name, with its first bytes`, async () => {
    const { outcomes } = await answeredWith((socket) => void socket.write(answer));
    assert.equal(said(outcomes[0]!), `protocol_error: ${reason}; it sent: ${JSON.stringify(answer)}`);
    assert.match(adviceFor(outcomes[0]!)!, /mend its answer/);
  });
}

test('an answer that is an alert of TLS is refused as what it is', async () => {
  const { outcomes } = await answeredWith(
    (socket) => void socket.end(Buffer.from([0x15, 3, 3, 0, 2, 2, 70])),
  );
  assert.equal(
    said(outcomes[0]!),
    'protocol_error: it speaks TLS on this port: the URL must begin with https',
  );
});

test('the first bytes of a refused answer are bounded and printable', async () => {
  const { outcomes } = await answeredWith(
    (socket) => void socket.write(`\0\u001b[31m\u0085${'x'.repeat(10_000)}`),
  );
  assert.equal(
    said(outcomes[0]!),
    `protocol_error: its answer is not HTTP/1.1 (Expected HTTP/, RTSP/ or ICE/); it sent: "\\u0000\\u001b[31m\ufffd${'x'.repeat(248)}"`,
  );
});

test('an answer with chunks that are broken is refused with the reason of the parser', async () => {
  const { outcomes } = await answeredWith(
    (socket) => void socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nok\r\n'),
  );
  assert.match(
    said(outcomes[0]!),
    /^protocol_error: its answer is not HTTP\/1\.1 \(Invalid character in chunk size\)/,
  );
});

test('a head that is one byte too long is refused, whether it comes at once or not', async () => {
  const head = (bytes: number): string => {
    const text = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: ';
    return `${text}${'x'.repeat(bytes - text.length - 4)}\r\n\r\n`;
  };
  for (const [bytes, expected] of [
    [16_384, '200 '],
    [16_385, 'response_too_large: the headers of the answer are too long'],
  ] as const) {
    const whole = await answeredWith((socket) => void socket.write(head(bytes)));
    assert.equal(said(whole.outcomes[0]!), expected);
    const inTwo = await answeredWith(async (socket) => {
      socket.write(head(bytes).slice(0, 9000));
      await new Promise((resolve) => setImmediate(resolve));
      socket.write(head(bytes).slice(9000));
    });
    assert.equal(said(inTwo.outcomes[0]!), expected);
  }
});

test('the extensions of a chunk and all trailers may be as long as a head', async () => {
  const inChunks = (lines: string) =>
    answeredWith(
      (socket) => void socket.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${lines}`),
    );
  const trailers = (bytes: number) => `0\r\n${`x: ${'y'.repeat(997)}\r\n`.repeat(bytes / 1000)}\r\n`;
  for (const lines of [trailers(16_000), `0;${'x'.repeat(16_000)}\r\n\r\n`])
    assert.equal(said((await inChunks(lines)).outcomes[0]!), '200 ');
  for (const lines of [trailers(17_000), `0;${'x'.repeat(17_000)}`])
    assert.equal(
      said((await inChunks(lines)).outcomes[0]!),
      'response_too_large: the lines between its chunks are too long',
    );
});

test('a connection that ends within 100 Continue or a head is a reset, not a protocol error', async () => {
  for (const part of ['HTTP/1.1 100 Cont', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 200 OK\r\ncontent-']) {
    const { outcomes } = await answeredWith((socket) => void socket.end(part));
    assert.equal(
      said(outcomes[0]!),
      'connection_reset: the connection was closed before the answer was whole',
    );
  }
});

test('a connection that ends within the body is a reset that names the status', async () => {
  for (const part of [
    'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nok',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n',
  ]) {
    const { outcomes } = await answeredWith((socket) => void socket.end(part));
    assert.equal(
      said(outcomes[0]!),
      'connection_reset: 200 came, but the connection was closed before the answer was whole',
    );
  }
});
