// Reads what arrives on a connection before undici's parser does. Heads and lines between chunks
// that HTTP allows and the parser refuses are given to it in a form that it takes, and everything
// received is bounded.
import type { Socket } from 'node:net';
import { repairedHead } from './answer-head.ts';
import { createChunkLines } from './chunk-lines.ts';
import { ReceiverError } from './failures.ts';

export type AnswerReader = {
  /** Must be called when a request goes out: what arrives next is the head of its answer. */
  expect(): void;
  /** The first bytes that arrived since then, at most 256. */
  beginning(): Buffer;
};

/**
 * Maximum size of one head, and of everything received for one request: interim answers, extensions
 * of chunks and trailers have no end, and undici neither hands them on nor bounds them.
 */
export type ReaderLimits = { headerBytes: number; wireBytes: number };

const BEGINNING_BYTES = 256;
/** Line ends before a head, of which old servers send one too many after the answer before. */
const BEFORE_HEAD = /^[\r\n]*/;
const EMPTY_LINE = /\n\r?\n/g;
/** In a repaired head: the body comes in chunks. */
const IN_CHUNKS = /\r\ntransfer-encoding:[^\r]*\bchunked[ \t]*\r/i;
/**
 * An answer before the answer, 100 Continue above all, which a client must take though it asked for
 * none (RFC 9110, 15.2). 101 ends HTTP and is left to the parser.
 */
const INTERIM = /^HTTP\/1\.\d[ \t]+1(?!01)\d\d/;

/**
 * Attaches a reader to a connection that undici is about to read from. It stands in for the
 * socket's own `read`, the one method by which undici takes bytes.
 */
export function attachAnswerReader(socket: Socket, limits: ReaderLimits): AnswerReader {
  const readRaw = socket.read.bind(socket) as (size?: number) => Buffer | null;
  /** What arrived since the request, in Latin-1, while its head is not whole; null afterwards. */
  let head: string | null = null;
  let takeChunks: ((piece: Buffer) => Buffer) | null = null;
  let beginning = '';
  let received = 0;

  /** Bytes for the parser; null or none when a head or line must become whole first. */
  function take(chunk: Buffer): Buffer | null {
    received += chunk.length;
    if (received > limits.wireBytes)
      throw new ReceiverError('response_too_large', 'there was no end to what it sent');
    if (head === null) return takeChunks === null ? chunk : takeChunks(chunk);
    const text = head + chunk.toString('latin1');
    if (beginning.length < BEGINNING_BYTES) beginning = text.slice(0, BEGINNING_BYTES);
    const { skipped, end } = findHead(text);
    if ((end ?? text.length) - skipped > limits.headerBytes)
      throw new ReceiverError('response_too_large', 'the headers of the answer are too long');
    if (end === undefined && mayBeHttp(text.slice(skipped))) {
      head = text.slice(skipped);
      return null;
    }
    head = null;
    const found = text.slice(skipped, end);
    const repaired = end === undefined ? found : repairedHead(found);
    takeChunks = end !== undefined && IN_CHUNKS.test(repaired) ? createChunkLines(limits.headerBytes) : null;
    if (takeChunks === null && repaired === found && text.length - skipped === chunk.length) return chunk;
    const rest = Buffer.from(text.slice(end ?? text.length), 'latin1');
    return Buffer.concat([Buffer.from(repaired, 'latin1'), takeChunks === null ? rest : takeChunks(rest)]);
  }

  socket.read = (size?: number): Buffer | null => {
    for (;;) {
      const chunk = readRaw(size);
      if (chunk === null) return null;
      try {
        const taken = take(chunk);
        if (taken !== null && taken.length > 0) return taken;
      } catch (error) {
        socket.destroy(error as Error);
        return null;
      }
    }
  };

  return {
    expect: () => {
      head = '';
      takeChunks = null;
      beginning = '';
      received = 0;
    },
    beginning: () => Buffer.from(beginning, 'latin1'),
  };
}

/**
 * Where the head of the final answer ends, if it does, after line ends and interim answers before
 * it.
 */
function findHead(text: string): { skipped: number; end: number | undefined } {
  let skipped = BEFORE_HEAD.exec(text)![0].length;
  EMPTY_LINE.lastIndex = skipped;
  while (EMPTY_LINE.test(text)) {
    const end = EMPTY_LINE.lastIndex;
    if (!INTERIM.test(text.slice(skipped, skipped + 16))) return { skipped, end };
    skipped = end;
  }
  return { skipped, end: undefined };
}

/** False when the parser can tell at once that this is no HTTP. */
function mayBeHttp(text: string): boolean {
  return text.startsWith('HTTP/'.slice(0, text.length));
}
