// Writes CSV by RFC 4180: formulas made harmless for spreadsheets, and rows of a list with the
// names of their fields as columns.
import { stringify } from 'csv-stringify/sync';
import { z } from 'zod';

/** Text that a spreadsheet reads as a formula, also after blanks and in full-width characters. */
const FORMULA = /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/u;
/** A negative number begins like a formula, and is none. */
const NUMBER = /^-\d+(\.\d+)?$/;

/**
 * Rows of cells as CSV. An apostrophe before a formula makes spreadsheets show it as text. Lists
 * and objects are cells with JSON.
 */
export function csvOf(rows: readonly (readonly unknown[])[]): string {
  return stringify(rows as unknown[][], {
    record_delimiter: 'windows',
    // Quoted also where it has the separator of another spreadsheet, which would begin a cell
    // there.
    quoted_match: /[;\t\r\n]/,
    cast: {
      string: (text) => (FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text),
      boolean: String,
      date: (moment) => moment.toISOString(),
      object: (value) => JSON.stringify(value),
    },
  });
}

/** A column: the path to its value in a row. */
type Column = readonly string[];

/** One column for each field of a row; the fields of an object in it are columns of their own. */
export function columnsOf(row: z.ZodType): Column[] {
  const inner = unwrapped(row);
  if (!(inner instanceof z.ZodObject)) return [[]];
  return Object.entries(inner.shape as Record<string, z.ZodType>).flatMap(([name, field]) =>
    columnsOf(field).map((rest) => [name, ...rest]),
  );
}

export function headerOf(columns: readonly Column[]): string {
  return csvOf([columns.map((path) => path.join('.'))]);
}

export function rowsOf(columns: readonly Column[], views: readonly unknown[]): string {
  return csvOf(views.map((view) => columns.map((path) => valueAt(view, path))));
}

function unwrapped(schema: z.ZodType): z.ZodType {
  const isWrapper =
    schema instanceof z.ZodNullable || schema instanceof z.ZodOptional || schema instanceof z.ZodDefault;
  return isWrapper ? unwrapped(schema.unwrap() as z.ZodType) : schema;
}

function valueAt(view: unknown, path: Column): unknown {
  let at = view;
  for (const name of path) at = (at as Record<string, unknown> | null | undefined)?.[name];
  return at ?? null;
}
