// Writes CSV: RFC 4180, with spreadsheet formulas made harmless.
/**
 * What a spreadsheet would take for a formula, also behind blanks and in the wide forms of East
 * Asian keyboards.
 */
const FORMULA = /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/u;

/**
 * A cell of free text. Text that would be a formula gets an apostrophe in front, which spreadsheets
 * show as text.
 */
export function textCell(value: string | null): string {
  if (value === null) return '';
  return quoted(FORMULA.test(value) ? `'${value}` : value);
}

/** A cell whose content is ours: an amount, which may begin with a minus, a time, an id. */
export function plainCell(value: string | number | boolean | Date | null): string {
  if (value === null) return '';
  return quoted(value instanceof Date ? value.toISOString() : String(value));
}

export function csvRow(cells: readonly string[]): string {
  return `${cells.join(',')}\r\n`;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
