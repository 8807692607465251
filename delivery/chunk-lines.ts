// Repairs the lines between the chunks of an answer: what HTTP lets a client read although undici's
// parser refuses it. Extensions and trailers, which mean nothing to us, are left out.
import { ReceiverError } from './failures.ts';

const LF = 0x0a;
/** A size with blanks and extensions behind it (RFC 9112, 7.1.1); old servers fill it up. */
const SIZE_LINE = /^([\da-f]{1,15})[ \t]*(?:;.*)?$/i;

/**
 * Returns a function that takes the bytes after a head with `Transfer-Encoding: chunked` piece by
 * piece, and gives the same chunks with each line as the parser takes it. A line that is no size
 * ends that: it and all after it are left to the parser, and to its reason. A line, and all
 * trailers together, may have `mostBytes`.
 */
export function createChunkLines(mostBytes: number): (piece: Buffer) => Buffer {
  /** Bytes of the chunk that are still to come; null while a line is read. */
  let left: number | null = null;
  let line = '';
  let trailerBytes = 0;
  let reads: 'size' | 'end of chunk' | 'trailers' | 'nothing' = 'size';

  /** What the parser gets in place of a whole line, which has no line end. */
  function takeLine(text: string): string {
    if (reads === 'trailers') {
      trailerBytes += text.length;
      if (text === '') reads = 'nothing';
      return text === '' ? '\r\n' : '';
    }
    if (reads === 'end of chunk' && text === '') {
      reads = 'size';
      return '\r\n';
    }
    const [, size] = (reads === 'size' ? SIZE_LINE.exec(text) : null) ?? [];
    if (size === undefined) {
      reads = 'nothing';
      return `${text}\r\n`;
    }
    if (Number.parseInt(size, 16) === 0) reads = 'trailers';
    else left = Number.parseInt(size, 16);
    return `${size}\r\n`;
  }

  return (piece) => {
    const parts: Buffer[] = [];
    for (let at = 0; at < piece.length;) {
      if (reads === 'nothing') {
        parts.push(piece.subarray(at));
        break;
      }
      if (left !== null) {
        const part = piece.subarray(at, at + left);
        parts.push(part);
        at += part.length;
        left -= part.length;
        if (left > 0) break;
        left = null;
        reads = 'end of chunk';
        continue;
      }
      const end = piece.indexOf(LF, at);
      line += piece.toString('latin1', at, end < 0 ? piece.length : end);
      if (line.length + trailerBytes > mostBytes)
        throw new ReceiverError('response_too_large', 'the lines between its chunks are too long');
      if (end < 0) break;
      at = end + 1;
      parts.push(Buffer.from(takeLine(line.endsWith('\r') ? line.slice(0, -1) : line), 'latin1'));
      line = '';
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  };
}
