// Reads CSV while it comes in: the header first, then its rows, never more than one chunk in
// memory.
import { createHash, type Hash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { ApiError } from './errors.ts';
import { delimiterOf } from './csv-table.ts';
import { invalid, notUtf8 } from './read.ts';

type Limits = { bytes: number; rows: number };

export type CsvStream = {
  header: string[];
  rows: AsyncIterable<string[]>;
  /** SHA-256 of the bytes, once all rows were read. */
  hash(): Buffer;
};

/** A longer row is a quote that is not closed. */
const ROW_CHARACTERS = 300_000;
/** The header must be seen in so much, to know what separates cells. */
const HEADER_CHARACTERS = 64 * 1024;
const MIB = 1024 * 1024;

/**
 * Throws an `ApiError` for text that is not UTF-8, too large or no CSV, here or while its rows are
 * read.
 */
export async function readCsv(source: AsyncIterable<Buffer>, limits: Limits): Promise<CsvStream> {
  const hash = createHash('sha256');
  const text = decoded(source, limits.bytes, hash);
  const head = await headOf(text);
  const parser = parse({
    delimiter: delimiterOf(head),
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
    max_record_size: ROW_CHARACTERS,
  });
  // What goes wrong is thrown where the rows are read.
  pipeline(Readable.from(startingWith(head, text)), parser, () => {});
  const rows = counted(parser as AsyncIterable<string[]>, limits.rows);
  const first = await rows.next();
  return { header: first.done === true ? [] : first.value, rows, hash: () => hash.digest() };
}

async function* decoded(
  source: AsyncIterable<Buffer>,
  atMost: number,
  hash: Hash,
): AsyncGenerator<string, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > atMost) throw new ApiError('too_large', `the file is larger than ${atMost / MIB} MiB`);
    hash.update(chunk);
    yield textOf(decoder, chunk);
  }
  yield textOf(decoder);
}

function textOf(decoder: InstanceType<typeof TextDecoder>, chunk?: Buffer): string {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined });
  } catch {
    throw notUtf8();
  }
}

async function headOf(text: AsyncGenerator<string, void>): Promise<string> {
  let head = '';
  while (head.length < HEADER_CHARACTERS && !/[\r\n]/.test(head.trimStart())) {
    const next = await text.next();
    if (next.done === true) break;
    head += next.value;
  }
  return head;
}

async function* startingWith(head: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield head;
  yield* rest;
}

/** The rows, the header first. */
async function* counted(rows: AsyncIterable<string[]>, atMost: number): AsyncGenerator<string[], void> {
  let count = 0;
  try {
    for await (const row of rows) {
      if (count++ > atMost)
        throw invalid([{ path: '', code: 'too_large', message: `a file holds at most ${atMost} rows` }]);
      yield row;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const message = `a quote is not closed, or a row is too long, behind row ${Math.max(count - 1, 0)}`;
    throw invalid([{ path: '', code: 'unclosed_quote', message }]);
  }
}
