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

/** What a cell says that `csvOf` wrote: a formula without its apostrophe. */
export function textOfCell(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell.slice(1)) ? cell.slice(1) : cell;
}

/**
 * A column: the path to its value in a row. `sums`: the length of the path to a list of sums, each
 * in its currency, of which every sum has a line.
 */
type Column = { path: readonly string[]; sums?: number };

/**
 * One column for each field of a row; the fields of an object in it, and of a list of sums, are
 * columns of their own.
 */
export function columnsOf(row: z.ZodType): Column[] {
  const inner = unwrapped(row);
  if (isListOfSums(inner))
    return columnsOf(inner.element as z.ZodType).map(({ path }) => ({ path, sums: 0 }));
  if (!(inner instanceof z.ZodObject)) return [{ path: [] }];
  return Object.entries(inner.shape as Record<string, z.ZodType>).flatMap(([name, field]) =>
    columnsOf(field).map(({ path, sums }) => ({
      path: [name, ...path],
      ...(sums !== undefined && { sums: sums + 1 }),
    })),
  );
}

export function headerOf(columns: readonly Column[]): string {
  return csvOf([columns.map(({ path }) => path.join('.'))]);
}

/**
 * A line for each row, or for each of its sums. Lines after the first repeat what a row is about,
 * and not its numbers, so that a column adds up.
 */
export function rowsOf(columns: readonly Column[], views: readonly unknown[]): string {
  return csvOf(views.flatMap((view) => linesOf(columns, view)));
}

function linesOf(columns: readonly Column[], view: unknown): unknown[][] {
  const inSums = columns.find(({ sums }) => sums !== undefined);
  const sums = inSums && (valueAt(view, inSums.path.slice(0, inSums.sums)) as unknown[] | null);
  const lines = Math.max(1, sums?.length ?? 1);
  return Array.from({ length: lines }, (_, line) =>
    columns.map(({ path, sums: ofSums }) => {
      if (ofSums !== undefined) return valueAt(sums?.[line], path.slice(ofSums));
      const value = valueAt(view, path);
      return line > 0 && typeof value === 'number' ? null : value;
    }),
  );
}

function isListOfSums(schema: z.ZodType): schema is z.ZodArray {
  return (
    schema instanceof z.ZodArray &&
    schema.element instanceof z.ZodObject &&
    'currency' in schema.element.shape
  );
}

function unwrapped(schema: z.ZodType): z.ZodType {
  const isWrapper =
    schema instanceof z.ZodNullable || schema instanceof z.ZodOptional || schema instanceof z.ZodDefault;
  return isWrapper ? unwrapped(schema.unwrap() as z.ZodType) : schema;
}

function valueAt(view: unknown, path: readonly string[]): unknown {
  let at = view;
  for (const name of path) at = (at as Record<string, unknown> | null | undefined)?.[name];
  return at ?? null;
}
