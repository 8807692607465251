// A receiver that answers, stalls, lies or breaks off, as its path says, and remembers what it was sent. For tests and benchmarks.
import { createPublicKey, verify as verifyByPair } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { contentOfGet, secretKey, verify } from '../../delivery/sign.ts';

/** A request as it arrived; `path` includes the query. */
export type ReceivedRequest = {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
  receivedAtMs: number;
};

export type RudeReceiver = {
  /** `http://127.0.0.1:<port>`, to which a path of the list below is added. */
  url: string;
  port: number;
  requests: ReceivedRequest[];
  /** How many connections were opened so far. */
  connections(): number;
  /** Breaks every open connection and stops listening. */
  close(): Promise<void>;
};

export type ReceiverOptions = {
  /** A free one unless given. */
  port?: number;
  /** Answers in place of the modes below. */
  handler?: (request: ReceivedRequest, response: ServerResponse) => void;
  /** Off for benchmarks, which would only fill memory. */
  remember?: boolean;
};

type Call = { request: ReceivedRequest; argument: string; response: ServerResponse; socket: Socket };
type Mode = (call: Call) => void | Promise<void>;

const DRIP_MS = 20;
const OK_HEAD = 'HTTP/1.1 200 OK\r\n';

/** What it can do, by the first part of the path; the second is the argument: `/status/503`, `/slow/200`. */
function createModes(): Record<string, Mode> {
  const calls = new Map<string, number>();
  let bomb: Buffer | undefined;
  return {
    ok: ({ response }) => void response.end('ok'),
    /** Answers with a status; the query's parameters become headers. */
    status: ({ response, argument, request }) => {
      const headers = Object.fromEntries(new URL(request.path, 'http://receiver').searchParams);
      response.writeHead(Number(argument), headers).end(`status ${argument}`);
    },
    slow: async ({ response, argument }) => {
      await wait(Number(argument));
      response.end('slow');
    },
    /** Fails as many times as the argument says, per whole path, then answers 200. */
    flip: ({ response, argument, request }) => {
      const count = (calls.get(request.path) ?? 0) + 1;
      calls.set(request.path, count);
      response.writeHead(count > Number(argument) ? 200 : 500).end(`call ${count}`);
    },
    redirect: ({ response }) => void response.writeHead(307, { location: '/ok' }).end(),
    hang: () => undefined,
    reset: ({ socket }) => void socket.resetAndDestroy(),
    /** Promises 100 bytes, sends 10, and closes. */
    'early-close': ({ socket }) => void socket.end(`${OK_HEAD}content-length: 100\r\n\r\n0123456789`),
    garbage: ({ socket }) => void socket.end('220 mail.example ESMTP\r\n'),
    drip: ({ socket }) => {
      socket.write(`${OK_HEAD}content-length: 1000000\r\n\r\n`);
      return repeat(socket, 'x', DRIP_MS);
    },
    'drip-headers': ({ socket }) => {
      socket.write(OK_HEAD);
      return repeat(socket, 'x: y\r\n', DRIP_MS);
    },
    'endless-headers': ({ socket }) => {
      socket.write(OK_HEAD);
      return repeat(socket, `x-filler: ${'y'.repeat(1000)}\r\n`, 0);
    },
    'endless-body': ({ socket }) => {
      socket.write(`${OK_HEAD}\r\n`);
      return repeat(socket, 'z'.repeat(16_384), 0);
    },
    'gzip-bomb': ({ response }) =>
      void response
        .writeHead(200, { 'content-encoding': 'gzip' })
        .end((bomb ??= gzipSync(Buffer.alloc(20_000_000)))),
    informational: ({ socket }) => repeat(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n', 1),
    'informational-flood': ({ socket }) =>
      repeat(socket, 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(100), 0),
    /** One header that does not fit, in one piece. */
    'huge-header': ({ socket }) => void socket.write(`${OK_HEAD}x-huge: ${'h'.repeat(1_000_000)}\r\n\r\n`),
    /** Hardly a body, but its framing goes on and on. */
    'chunk-extensions': ({ socket }) => {
      socket.write(`${OK_HEAD}transfer-encoding: chunked\r\n\r\n`);
      return repeat(socket, `1;x=${'e'.repeat(16_000)}\r\nc\r\n`, 0);
    },
    trailers: ({ socket }) => {
      socket.write(`${OK_HEAD}transfer-encoding: chunked\r\n\r\n0\r\n`);
      return repeat(socket, `x-trailer: ${'t'.repeat(1000)}\r\n`, 0);
    },
    /** A body in pieces of one byte. */
    crumbs: async ({ socket, argument }) => {
      socket.write(`${OK_HEAD}content-length: ${argument}\r\n\r\n`);
      for (let count = 0; count < Number(argument); count += 1)
        await new Promise((resolve) => socket.write('c', resolve));
    },
    /** Says that it is done, and listens on. */
    'half-close': ({ socket }) => void socket.end(),
    'reset-in-head': ({ socket }) => breakOff(socket, `${OK_HEAD}content-le`),
    'reset-in-body': ({ socket }) => breakOff(socket, `${OK_HEAD}content-length: 100\r\n\r\n0123456789`),
    /** Answers once more than it was asked. */
    twice: ({ socket }) =>
      void socket.write(
        `${OK_HEAD}content-length: 3\r\n\r\noneHTTP/1.1 500 No\r\ncontent-length: 3\r\n\r\ntwo`,
      ),
    upgrade: ({ socket }) =>
      void socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n'),
  };
}

/** What a listener can do that does not wait for a request. */
const LISTENER_MODES = {
  /** Takes the connection and says nothing, not even hello to TLS. */
  silent: () => undefined,
  'reset-at-once': (socket: Socket) => void socket.resetAndDestroy(),
  'reset-in-request': (socket: Socket) => void socket.once('data', () => socket.resetAndDestroy()),
  'close-at-once': (socket: Socket) => void socket.end(),
  /** Answers before it was asked. */
  'answer-first': (socket: Socket) => void socket.write(`${OK_HEAD}content-length: 5\r\n\r\nearly`),
  /** Lets the request pile up in the pipe. */
  'never-read': (socket: Socket) => void socket.pause(),
  /** Begins a TLS record and sends it a byte at a time. */
  'slow-tls': (socket: Socket) => {
    socket.write(Buffer.from([0x16, 0x03, 0x03, 0x3f, 0xff]));
    void repeat(socket, '\0', DRIP_MS).catch(() => socket.destroy());
  },
  'not-tls': (socket: Socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
} as const;

export type RudeListener = { port: number; close(): Promise<void> };

/** Starts a listener that is rude before there is any HTTP. */
export async function startListener(
  mode: keyof typeof LISTENER_MODES,
  host = '127.0.0.1',
  port = 0,
): Promise<RudeListener> {
  const open = new Set<Socket>();
  const server = createTcpServer((socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => open.delete(socket));
    LISTENER_MODES[mode](socket);
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** Starts a receiver on loopback. */
export async function startReceiver(options: ReceiverOptions = {}): Promise<RudeReceiver> {
  const requests: ReceivedRequest[] = [];
  const modes = createModes();
  let connections = 0;

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await received(incoming);
    if (options.remember !== false) requests.push(request);
    if (options.handler !== undefined) return options.handler(request, response);
    const [, name = '', argument = ''] = new URL(request.path, 'http://receiver').pathname.split('/');
    const mode = modes[name];
    if (mode === undefined) response.writeHead(404).end('no such mode');
    else await mode({ request, argument, response, socket: incoming.socket });
  }

  // A sender that hangs up in the middle is expected here, so what fails then is not told.
  const server = createServer(
    (incoming, response) => void answer(incoming, response).catch(() => incoming.socket.destroy()),
  );
  server.on('connection', (socket) => {
    connections += 1;
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Whether a request carries a valid signature for this secret or public key, checked as a receiver would. */
export function isSigned(request: ReceivedRequest, key: string): boolean {
  const { headers, method, path, body } = request;
  const [id = '', timestamp = '', signature = ''] = ['id', 'timestamp', 'signature'].map(
    (name) => headers[`webhook-${name}`],
  );
  const content = method === 'GET' ? contentOfGet(`http://${headers['host']}${path}`) : body;
  if (key.startsWith('whpk_'))
    return isSignedByPair(`${id}.${timestamp}.${content}`, signature, key.slice('whpk_'.length));
  return (
    verify({ id, timestamp, signature, content, secrets: [secretKey(key)], nowMs: Date.now() }) === 'valid'
  );
}

function isSignedByPair(text: string, signatures: string, publicKey: string): boolean {
  const x = Buffer.from(publicKey, 'base64').toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return signatures.split(' ').some((entry) => {
    const [version, signature = ''] = entry.split(',');
    return version === 'v1a' && verifyByPair(null, Buffer.from(text), key, Buffer.from(signature, 'base64'));
  });
}

async function received(incoming: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const headers = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)] as const);
  return {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    headers: Object.fromEntries(headers),
    body: Buffer.concat(chunks).toString(),
    receivedAtMs: Date.now(),
  };
}

/** Writes, and resets the connection once that is on its way. */
function breakOff(socket: Socket, text: string): void {
  socket.write(text, () => setImmediate(() => socket.resetAndDestroy()));
}

/** Writes again and again, as fast as the other side takes it, until it hangs up. */
async function repeat(socket: Socket, text: string, everyMs: number): Promise<void> {
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  while (!socket.destroyed) {
    const isTaken = socket.write(text);
    if (!isTaken) await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve));
    await wait(everyMs, undefined, { signal: gone.signal });
  }
}
