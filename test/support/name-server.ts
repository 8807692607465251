// Name server on loopback for tests, over UDP and TCP. It answers by a table, which a test may
// change while it runs, and keeps every question; names that the table lacks do not exist.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6, type AddressInfo, type Socket } from 'node:net';

/** Behaviour for one name. Without addresses the name exists and has none. */
export type Entry = {
  a?: readonly string[];
  aaaa?: readonly string[];
  ttl?: number;
  /** The addresses stand behind this name. */
  cname?: string;
  code?: 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED';
  /** Questions of these families are answered SERVFAIL. */
  failing?: readonly ('a' | 'aaaa')[];
  /** Questions of these families are never answered. */
  silent?: readonly ('a' | 'aaaa')[];
  delayMs?: number;
  /** Over UDP the answer is cut short, so that the asker must come by TCP. */
  truncated?: boolean;
};

export type Asked = { name: string; family: 'a' | 'aaaa'; by: 'udp' | 'tcp' };

export type NameServer = {
  /** `address:port`, as the setting NAME_SERVERS takes it. */
  address: string;
  names: Map<string, Entry>;
  asked: readonly Asked[];
  /** Number of questions for IPv4 addresses of a name, or of all names. */
  count(name?: string): number;
  close(): Promise<void>;
};

export const SILENT: Entry = { silent: ['a', 'aaaa'] };

const TYPES: Readonly<Record<number, 'a' | 'aaaa'>> = { 1: 'a', 28: 'aaaa' };
const CODES = { NXDOMAIN: 3, SERVFAIL: 2, REFUSED: 5 };
/** Room for bursts of questions, which the system otherwise drops. */
const RECEIVE_BYTES = 4 * 1024 * 1024;

/**
 * Starts a name server. `fallback` gives the behaviour for names that the table lacks.
 */
export async function startNameServer(
  table: Readonly<Record<string, Entry>> = {},
  fallback: (name: string) => Entry = () => ({ code: 'NXDOMAIN' }),
): Promise<NameServer> {
  const names = new Map(Object.entries(table));
  const asked: Asked[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const streams = new Set<Socket>();

  function answer(query: Buffer, by: Asked['by'], reply: (message: Buffer) => void): void {
    const { name, type, end } = questionOf(query);
    const family = TYPES[type];
    if (family === undefined) return;
    asked.push({ name, family, by });
    const entry = names.get(name) ?? fallback(name);
    if (entry.silent?.includes(family)) return;
    const isCut = entry.truncated === true && by === 'udp';
    const message = isCut ? cut(query, end) : response(query, end, family, entry);
    if (entry.delayMs === undefined) return reply(message);
    const timer = setTimeout(() => {
      timers.delete(timer);
      reply(message);
    }, entry.delayMs);
    timers.add(timer);
  }

  const tcp = createServer((socket) => {
    streams.add(socket);
    let received = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length > 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const length = received.readUInt16BE(0);
        answer(received.subarray(2, 2 + length), 'tcp', (message) => {
          if (socket.writable) socket.write(Buffer.concat([uint16(message.length), message]));
        });
        received = received.subarray(2 + length);
      }
    });
  }).listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as AddressInfo;

  const udp = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BYTES });
  udp.on('message', (query, from) => {
    answer(query, 'udp', (message) => udp.send(message, from.port, from.address));
  });
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');

  return {
    address: `127.0.0.1:${port}`,
    names,
    asked,
    count: (name) =>
      asked.filter((question) => question.family === 'a' && (name ?? question.name) === question.name).length,
    async close() {
      timers.forEach(clearTimeout);
      streams.forEach((socket) => socket.destroy());
      udp.close();
      tcp.close();
      await Promise.all([once(udp, 'close'), once(tcp, 'close')]);
    },
  };
}

/** First question of a message: name in lower case, type, and where the question ends. */
function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

const QR_RD_RA = 0x8180;
const TRUNCATED = 0x0200;
const POINTER_TO_QUESTION = 0xc00c;

function cut(query: Buffer, end: number): Buffer {
  return messageOf(query, end, QR_RD_RA | TRUNCATED, []);
}

function response(query: Buffer, end: number, family: 'a' | 'aaaa', entry: Entry): Buffer {
  const { ttl = 60, cname } = entry;
  const code = entry.failing?.includes(family) ? 'SERVFAIL' : entry.code;
  if (code !== undefined) return messageOf(query, end, QR_RD_RA | CODES[code], []);
  const alias = cname === undefined ? undefined : nameBytes(cname);
  const owner = alias ?? uint16(POINTER_TO_QUESTION);
  const addresses = (entry[family] ?? []).map((address) =>
    record(owner, family === 'a' ? 1 : 28, ttl, addressBytes(address)),
  );
  const first = alias === undefined ? [] : [record(uint16(POINTER_TO_QUESTION), 5, ttl, alias)];
  return messageOf(query, end, QR_RD_RA, [...first, ...addresses]);
}

function messageOf(query: Buffer, end: number, flags: number, records: readonly Buffer[]): Buffer {
  const head = [query.readUInt16BE(0), flags, 1, records.length, 0, 0].map(uint16);
  return Buffer.concat([...head, query.subarray(12, end), ...records]);
}

function record(owner: Buffer, type: number, ttl: number, data: Buffer): Buffer {
  const seconds = Buffer.alloc(4);
  seconds.writeUInt32BE(ttl);
  return Buffer.concat([owner, uint16(type), uint16(1), seconds, uint16(data.length), data]);
}

function addressBytes(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number));
  const [left = '', right = ''] = address.split('::');
  const before = left.split(':').filter(Boolean);
  const after = right.split(':').filter(Boolean);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return Buffer.concat([...before, ...zeros, ...after].map((group) => uint16(Number.parseInt(group, 16))));
}

function nameBytes(name: string): Buffer {
  const labels = name
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}
