// Writes CSV: RFC 4180, with spreadsheet formulas made harmless.
/** Text that a spreadsheet reads as a formula, also after blanks and in full-width characters. */
const FORMULA = /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/u;

/** A cell of free text. An apostrophe before a formula makes spreadsheets show it as text. */
export function textCell(value: string | null): string {
  if (value === null) return '';
  return quoted(FORMULA.test(value) ? `'${value}` : value);
}

/** A cell of our own values: an amount, which may begin with a minus, a time, an id. */
export function plainCell(value: string | number | boolean | Date | null): string {
  if (value === null) return '';
  return quoted(value instanceof Date ? value.toISOString() : String(value));
}

export function csvRow(cells: readonly string[]): string {
  return `${cells.join(',')}\r\n`;
}

function quoted(text: string): string {
  // Quoted also where it has the separator of another spreadsheet, which would begin a cell there.
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
