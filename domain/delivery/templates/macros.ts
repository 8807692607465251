// Macros: the placeholders of a template, the forms in which a value can be written, and defaults
// for missing values.
//
//   {payout}   {payout_delta:abs:minor}   {status:map(pending=1,reversed=2)|0}   {sub1|none}
//
// Only values here: where in a request a macro may stand, and how it is encoded there, is in
// `template.ts`.
import { FIELDS, type FieldName } from '../fields.ts';

/**
 * Kind of a value; the kind decides the available formats. Amounts are decimal text in their
 * currency, times are RFC 3339.
 */
type Kind = 'text' | 'amount' | 'time';

const KINDS = { text: 'text', currency: 'text', amount: 'amount', time: 'time' } as const;

/** Macros of the envelope around a postback's `data`. */
const ENVELOPE = {
  event_type: 'text',
  delivery_id: 'text',
  timestamp: 'time',
  api_version: 'text',
} as const;

type MacroName = FieldName | keyof typeof ENVELOPE;

/** Every macro with its kind: the fields of a postback's `data`, and four of its envelope. */
export const MACROS = {
  ...Object.fromEntries(Object.entries(FIELDS).map(([name, { kind }]) => [name, KINDS[kind]])),
  ...ENVELOPE,
} as Readonly<Record<MacroName, Kind>>;

/** Values of macros by name. A missing or empty value is replaced by the default. */
export type Values = Readonly<Record<string, string | undefined>>;

/**
 * A format of a value. Returns undefined for a value without this format; the value then counts as
 * missing.
 */
type Format = { on: readonly Kind[]; gives: Kind; write: (value: string) => string | undefined };

/** A macro as a template uses it; its formats are applied from left to right. */
export type Macro = { name: MacroName; isRaw: boolean; formats: readonly Format[]; fallback: string };

type ParsedMacro =
  | { kind: 'macro'; macro: Macro }
  | { kind: 'problem'; code: 'unknown_macro' | 'invalid_macro'; message: string };

/** Formats by name; a map is no format of this list, since each has its own text. */
export const FORMATS: Readonly<Record<string, Format>> = {
  upper: { on: ['text'], gives: 'text', write: (text) => text.toUpperCase() },
  lower: { on: ['text'], gives: 'text', write: (text) => text.toLowerCase() },
  abs: amountFormat((amount) => amount.replace('-', '')),
  // Amounts are written with all the decimals of their currency, so the minor units are the same
  // digits without the point.
  minor: amountFormat((amount) => BigInt(amount.replace('.', '')).toString()),
  integer: amountFormat((amount) => BigInt(amount.replace(/\..*/, '')).toString()),
  unix: timeFormat((time) => String(Math.floor(time.getTime() / 1000))),
  date: timeFormat((time) => time.toISOString().slice(0, 10)),
  time: timeFormat((time) => time.toISOString().slice(11, 19)),
  datetime: timeFormat((time) => time.toISOString().slice(0, 19).replace('T', ' ')),
};

const AMOUNT = /^-?\d+(\.\d+)?$/;
const MAP = /^map\((.*)\)$/;
/**
 * Text allowed inside braces. Characters with a meaning in a URL or in this grammar must be
 * percent-encoded.
 */
const LITERAL = /^([\w.~-]|%[0-9a-f]{2})*$/i;

/**
 * Parses the text between two braces: `name`, with `_` before it for raw, and `:format`s and a
 * `|default` after it.
 */
export function parseMacro(text: string): ParsedMacro {
  const [head = '', ...defaults] = text.split('|');
  const [written = '', ...formatTexts] = head.split(':');
  const isRaw = written.startsWith('_');
  const name = isRaw ? written.slice(1) : written;
  if (!isMacroName(name))
    return { kind: 'problem', code: 'unknown_macro', message: `there is no macro {${written}}` };
  const fallback = literalOf(defaults.join('|'));
  if (fallback === undefined)
    return invalid(
      `the default of {${written}} may hold letters, digits, "-", ".", "_", "~" and percent-encoded others`,
    );
  const formats: Format[] = [];
  let kind: Kind = MACROS[name];
  for (const formatText of formatTexts) {
    const format = formatOf(formatText);
    if (format === undefined) return invalid(`{${written}} has no form ":${formatText}"`);
    if (!format.on.includes(kind))
      return invalid(
        `":${formatText}" is not for {${[written, ...formatTexts.slice(0, formats.length)].join(':')}}`,
      );
    formats.push(format);
    kind = format.gives;
  }
  return { kind: 'macro', macro: { name, isRaw, formats, fallback } };
}

/**
 * Text of a macro, not yet encoded for a place. A missing value gives the default, or an empty text
 * without one.
 */
export function valueOf(macro: Macro, values: Values): string {
  let value = values[macro.name];
  for (const format of macro.formats) value = value === undefined ? undefined : format.write(value);
  return value === undefined || value === '' ? macro.fallback : value;
}

function isMacroName(name: string): name is MacroName {
  return Object.hasOwn(MACROS, name);
}

function formatOf(text: string): Format | undefined {
  if (Object.hasOwn(FORMATS, text)) return FORMATS[text];
  const pairs = MAP.exec(text)?.[1];
  return pairs === undefined ? undefined : mapFormat(pairs.split(','));
}

/**
 * Maps one value to another. Values the map does not name count as missing, so that no text slips
 * into a field that expects numbers.
 */
function mapFormat(pairs: readonly string[]): Format | undefined {
  const entries = pairs.map((pair) => pair.split('=').map(literalOf));
  const isGood = entries.every(
    (entry) => entry.length === 2 && !entry.includes(undefined) && entry[0] !== '',
  );
  if (!isGood || new Set(entries.map(([from]) => from)).size < entries.length) return undefined;
  const map = new Map(entries as [string, string][]);
  return { on: ['text', 'amount', 'time'], gives: 'text', write: (value) => map.get(value) };
}

/** Decodes a literal; undefined when the text is not a literal. */
function literalOf(literal: string): string | undefined {
  if (!LITERAL.test(literal)) return undefined;
  try {
    return decodeURIComponent(literal);
  } catch {
    return undefined;
  }
}

function amountFormat(write: (amount: string) => string): Format {
  return {
    on: ['amount'],
    gives: 'amount',
    write: (value) => (AMOUNT.test(value) ? write(value) : undefined),
  };
}

function timeFormat(write: (time: Date) => string): Format {
  return {
    on: ['time'],
    gives: 'text',
    write: (value) => (Number.isNaN(Date.parse(value)) ? undefined : write(new Date(value))),
  };
}

function invalid(message: string): ParsedMacro {
  return { kind: 'problem', code: 'invalid_macro', message };
}
