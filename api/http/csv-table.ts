// Reads tables in CSV: columns by the names of the header row, in any order and case; other columns
// are ignored, empty cells are absent, and formulas that our own files made harmless are as before.
import { type CsvError, parse } from 'csv-parse/sync';
import { textOfCell } from './csv.ts';
import { invalid } from './read.ts';

type Table = {
  /** One for each row, in order. */
  rows: Record<string, string>[];
  /** A quote is not closed, so that what follows the last row cannot be told apart. */
  isCut: boolean;
};

/**
 * Throws `invalid_request` where a column is there twice, one of `required` is missing, or the
 * table has more than `atMost` rows.
 */
export function tableOf(
  text: string,
  { columns, required, atMost }: { columns: readonly string[]; required: readonly string[]; atMost: number },
): Table {
  const unread: CsvError[] = [];
  const records = parse(text, {
    bom: true,
    delimiter: delimiterOf(text),
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    trim: true,
    to: atMost + 2,
    on_skip: (error) => void (error && unread.push(error)),
  });
  const [header = [], ...rows] = records;
  if (rows.length > atMost)
    throw invalid([{ path: '', code: 'too_large', message: `a list holds at most ${atMost} rows` }]);
  const names = header.map(columnName);
  checkHeader(names, columns, required);
  const places = columns
    .map((name) => [name, names.indexOf(name)] as const)
    .filter(([, place]) => place >= 0);
  return {
    rows: rows.map((cells) =>
      Object.fromEntries(
        places.flatMap(([name, place]) => (cells[place] ? [[name, textOfCell(cells[place])]] : [])),
      ),
    ),
    isCut: unread.length > 0,
  };
}

/** The name of a column in our form: `Transaction ID` is `transaction_id`. */
export function columnName(cell: string): string {
  return cell
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_');
}

/**
 * Throws `invalid_request` where one of the columns is there twice, or a required one is missing.
 */
export function checkHeader(
  names: readonly string[],
  columns: readonly string[],
  required: readonly string[],
): void {
  const twice = columns.find((name) => names.indexOf(name) !== names.lastIndexOf(name));
  if (twice !== undefined)
    throw invalid([{ path: twice, code: 'duplicate_column', message: 'the header has this column twice' }]);
  const missing = required.find((name) => !names.includes(name));
  if (missing !== undefined)
    throw invalid([
      { path: missing, code: 'required', message: `the header row must have a column ${missing}` },
    ]);
}

/**
 * The delimiter of the header: a comma, or a semicolon or tab as spreadsheets write with decimal
 * commas.
 */
export function delimiterOf(text: string): string {
  const header = /^[^\r\n]*/.exec(text.trimStart())![0];
  return [',', ';', '\t'].toSorted((a, b) => header.split(b).length - header.split(a).length)[0]!;
}
