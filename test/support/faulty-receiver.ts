// Faulty receiver: answers, stalls, sends garbage or resets by the request's path, and remembers
// requests. For tests and benchmarks.
import { createPublicKey, verify as verifyByPair } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { contentOfGet, secretKey, verify } from '../../delivery/sign.ts';

/** A received request; `path` includes the query. */
export type ReceivedRequest = {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
  receivedAtMs: number;
};

export type FaultyReceiver = {
  /** `http://127.0.0.1:<port>`; append the path of a mode below. */
  url: string;
  port: number;
  requests: ReceivedRequest[];
  /** Number of connections opened so far. */
  connections(): number;
  /** Breaks every open connection and stops listening. */
  close(): Promise<void>;
};

type ReceiverOptions = {
  /** A free port by default. */
  port?: number;
  /** Answers in place of the modes below. */
  handler?: (request: ReceivedRequest, response: ServerResponse) => void;
  /** False for benchmarks, where stored requests would only fill memory. */
  remember?: boolean;
};

type Call = { request: ReceivedRequest; argument: string; response: ServerResponse; socket: Socket };
type Mode = (call: Call) => void | Promise<void>;

const DRIP_MS = 20;
const OK_HEAD = 'HTTP/1.1 200 OK\r\n';

/**
 * Modes by the first segment of the path; the second is the argument: `/status/503`, `/slow/200`.
 */
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
    /** Fails as many times as the argument says, per full path, then answers 200. */
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
      return writeRepeatedly(socket, 'x', DRIP_MS);
    },
    'drip-headers': ({ socket }) => {
      socket.write(OK_HEAD);
      return writeRepeatedly(socket, 'x: y\r\n', DRIP_MS);
    },
    'endless-headers': ({ socket }) => {
      socket.write(OK_HEAD);
      return writeRepeatedly(socket, `x-filler: ${'y'.repeat(1000)}\r\n`, 0);
    },
    'endless-body': ({ socket }) => {
      socket.write(`${OK_HEAD}\r\n`);
      return writeRepeatedly(socket, 'z'.repeat(16_384), 0);
    },
    'gzip-bomb': ({ response }) =>
      void response
        .writeHead(200, { 'content-encoding': 'gzip' })
        .end((bomb ??= gzipSync(Buffer.alloc(20_000_000)))),
    informational: ({ socket }) => writeRepeatedly(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n', 1),
    'informational-flood': ({ socket }) =>
      writeRepeatedly(socket, 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(100), 0),
    /** One header larger than any buffer, in one write. */
    'huge-header': ({ socket }) => void socket.write(`${OK_HEAD}x-huge: ${'h'.repeat(1_000_000)}\r\n\r\n`),
    /** A small body in chunks with endless chunk extensions. */
    'chunk-extensions': ({ socket }) => {
      socket.write(`${OK_HEAD}transfer-encoding: chunked\r\n\r\n`);
      return writeRepeatedly(socket, `1;x=${'e'.repeat(16_000)}\r\nc\r\n`, 0);
    },
    trailers: ({ socket }) => {
      socket.write(`${OK_HEAD}transfer-encoding: chunked\r\n\r\n0\r\n`);
      return writeRepeatedly(socket, `x-trailer: ${'t'.repeat(1000)}\r\n`, 0);
    },
    /** A body in writes of one byte. */
    crumbs: async ({ socket, argument }) => {
      socket.write(`${OK_HEAD}content-length: ${argument}\r\n\r\n`);
      for (let count = 0; count < Number(argument); count += 1)
        await new Promise((resolve) => socket.write('c', resolve));
    },
    /** Half-closes the connection without answering. */
    'half-close': ({ socket }) => void socket.end(),
    'reset-in-head': ({ socket }) => writeThenReset(socket, `${OK_HEAD}content-le`),
    'reset-in-body': ({ socket }) =>
      writeThenReset(socket, `${OK_HEAD}content-length: 100\r\n\r\n0123456789`),
    /** Sends a second response that no request asked for. */
    twice: ({ socket }) =>
      void socket.write(
        `${OK_HEAD}content-length: 3\r\n\r\noneHTTP/1.1 500 No\r\ncontent-length: 3\r\n\r\ntwo`,
      ),
    upgrade: ({ socket }) =>
      void socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n'),
  };
}

/** Modes of a TCP listener, which acts before any HTTP request. */
const LISTENER_MODES = {
  /** Accepts the connection and sends nothing, not even a TLS hello. */
  silent: () => undefined,
  'reset-at-once': (socket: Socket) => void socket.resetAndDestroy(),
  'reset-in-request': (socket: Socket) => void socket.once('data', () => socket.resetAndDestroy()),
  'close-at-once': (socket: Socket) => void socket.end(),
  /** Answers before a request arrives. */
  'answer-first': (socket: Socket) => void socket.write(`${OK_HEAD}content-length: 5\r\n\r\nearly`),
  /** Never reads, so the request stays in the socket's buffer. */
  'never-read': (socket: Socket) => void socket.pause(),
  /** Begins a TLS record and sends it byte by byte. */
  'slow-tls': (socket: Socket) => {
    socket.write(Buffer.from([0x16, 0x03, 0x03, 0x3f, 0xff]));
    void writeRepeatedly(socket, '\0', DRIP_MS).catch(() => socket.destroy());
  },
  'not-tls': (socket: Socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
} as const;

type FaultyListener = { port: number; close(): Promise<void> };

/** Starts a listener that misbehaves before any HTTP. */
export async function startListener(
  mode: keyof typeof LISTENER_MODES,
  host = '127.0.0.1',
  port = 0,
): Promise<FaultyListener> {
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

/** Starts a faulty receiver on loopback. */
export async function startReceiver(options: ReceiverOptions = {}): Promise<FaultyReceiver> {
  const requests: ReceivedRequest[] = [];
  const modes = createModes();
  let connections = 0;

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(incoming);
    if (options.remember !== false) requests.push(request);
    if (options.handler !== undefined) return options.handler(request, response);
    const [, name = '', argument = ''] = new URL(request.path, 'http://receiver').pathname.split('/');
    const mode = modes[name];
    if (mode === undefined) response.writeHead(404).end('no such mode');
    else await mode({ request, argument, response, socket: incoming.socket });
  }

  // Senders hang up in the middle here, so errors of a request are expected and not reported.
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

/**
 * Whether a request has a valid signature for this secret or public key, checked as a receiver
 * would.
 */
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

async function readRequest(incoming: IncomingMessage): Promise<ReceivedRequest> {
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

/** Writes, then resets the connection once the bytes are on their way. */
function writeThenReset(socket: Socket, text: string): void {
  socket.write(text, () => setImmediate(() => socket.resetAndDestroy()));
}

/** Writes repeatedly, as fast as the peer reads, until the connection closes. */
async function writeRepeatedly(socket: Socket, text: string, everyMs: number): Promise<void> {
  const closed = new AbortController();
  socket.once('close', () => closed.abort());
  while (!socket.destroyed) {
    const isTaken = socket.write(text);
    if (!isTaken) await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve));
    await wait(everyMs, undefined, { signal: closed.signal });
  }
}
