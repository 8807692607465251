// Templates: texts with macros in query values, path segments, form values or header values. Each
// place has its own encoding. With any value, the encoding keeps the host and the number of path
// segments, and adds no parameter, form field or header.
import { parseMacro, valueOf, type Macro, type Values } from './macros.ts';

/** A piece of a template: literal text, or a macro to fill. */
type Part = string | Macro;

/**
 * A checked URL. The path is split into segments; the slashes between them are segments of their
 * own.
 */
export type UrlTemplate = { origin: string; path: readonly (readonly Part[])[]; query: readonly Part[] };

/** A checked value of a header or a form field. */
export type TextTemplate = readonly Part[];

/**
 * A problem of a template. `macro` is the macro as written; empty when the problem concerns the
 * whole text. `position` counts characters from 1.
 */
export type Problem = {
  code: 'unknown_macro' | 'misplaced_macro' | 'invalid_macro' | 'invalid_url';
  macro: string;
  position: number;
  message: string;
};

export type Parsed<Template> =
  { kind: 'template'; template: Template } | { kind: 'problems'; problems: Problem[] };

/**
 * The part of a URL at a given position. `parameter` is the parameter name inside the query and
 * empty elsewhere.
 */
export type UrlPlace = { in: 'host' | 'path' | 'name' | 'query' | 'fragment'; parameter: string };

/**
 * Splits a URL into origin, path, query and fragment as the URL standard does: a backslash counts
 * as a slash. The fragment is dropped because clients never send it.
 */
const PARTS = /^(https?:\/\/[^/?#\\]+)([^?#]*)(\?[^#]*)?(#.*)?$/i;
const MACRO = /\{([^{}]*)\}/g;
/** Path segments that a URL parser reads as `.` or `..` and resolves away, encoded or not. */
const DOT_SEGMENT = /^(\.|%2e){1,2}$/i;
/**
 * Blanks and control characters. A URL parser drops some of them silently and would join the texts
 * around them.
 */
const BLANK_OR_CONTROL = /[\p{Cc}\s]/u;
/**
 * Encoding of values by place. `raw` matches the values that a raw macro leaves unencoded: only
 * characters that separate nothing in that place. A value with any other character is encoded
 * whole. Headers have no raw form: their encoding already keeps the characters that raw would keep.
 */
const PLACES = {
  query: { encode: percentEncoded, raw: /^[\w.~!$()*,/:@-]*$/ },
  path: { encode: percentEncoded, raw: /^[\w.~!$()*,:@-]*$/ },
  form: { encode: formEncoded, raw: /^[\w.~!$()*,/:@-]*$/ },
  header: { encode: headerEncoded, raw: /^$/ },
};

type Place = keyof typeof PLACES;

/**
 * Parses a URL template and returns the template or all its problems. A URL without macros is a
 * template too.
 */
export function parseUrl(url: string): Parsed<UrlTemplate> {
  const macros = [...url.matchAll(MACRO)];
  const blankAt = url.search(BLANK_OR_CONTROL);
  if (blankAt >= 0) {
    const what = /\s/.test(url.charAt(blankAt)) ? 'a blank or line end' : 'a control character';
    return invalidUrl(said(`this URL has ${what} inside`, blankAt));
  }
  const layout = layOut(url, macros);
  if (layout === undefined) return invalidUrl({ position: 1, message: 'this is not an http or https URL' });
  const misplaced = macros.flatMap(({ 0: macro, index }) => {
    const place = layout.placeAt(index);
    return place.in === 'path' || place.in === 'query' ? [] : [misplacedIn(NAMES[place.in], macro, index)];
  });
  const problems = [...problemsOf(url), ...misplaced].toSorted((a, b) => a.position - b.position);
  if (problems.length > 0) return { kind: 'problems', problems };
  const { origin, path, query } = layout;
  return { kind: 'template', template: { origin, path: path.split(/([/\\])/).map(cut), query: cut(query) } };
}

function invalidUrl(where: { position: number; message: string }): Parsed<UrlTemplate> {
  return { kind: 'problems', problems: [{ code: 'invalid_url', macro: '', ...where }] };
}

/** Parses the value of a header or a form field and returns the template or all its problems. */
export function parseText(text: string): Parsed<TextTemplate> {
  const problems = problemsOf(text);
  return problems.length > 0 ? { kind: 'problems', problems } : { kind: 'template', template: cut(text) };
}

/** Reports every macro in a text that may not contain macros, such as the name of a form field. */
export function misplacedMacros(text: string, where: string): Problem[] {
  return Array.from(text.matchAll(MACRO), ({ 0: macro, index }) => misplacedIn(where, macro, index));
}

/**
 * Fills a URL for one postback. A missing value without a default becomes empty: `?sub=`. The dots
 * of a filled path segment that equals `.` or `..` are encoded twice, because a URL cannot hold
 * such a segment otherwise; the receiver reads `%2E`.
 */
export function fillUrl({ origin, path, query }: UrlTemplate, values: Values): string {
  const segments = path.map((parts) => {
    const text = filled(parts, values, 'path');
    const isMade = parts.some((part) => typeof part !== 'string');
    return isMade && DOT_SEGMENT.test(text) ? text.replaceAll(/\.|%2e/gi, '%252E') : text;
  });
  return origin + segments.join('') + filled(query, values, 'query');
}

/**
 * Fills a header value for one postback. The result is visible ASCII; blanks come only from the
 * template.
 */
export function fillHeader(template: TextTemplate, values: Values): string {
  return filled(template, values, 'header').trim();
}

/** Fills a form field value for one postback, encoded as `application/x-www-form-urlencoded`. */
export function fillFormValue(template: TextTemplate, values: Values): string {
  const written = template.map((part) =>
    typeof part === 'string' ? formEncoded(part) : filled([part], values, 'form'),
  );
  return written.join('');
}

/** Encodes a text as the name or the value of a form field. */
export function formEncoded(text: string): string {
  return percentEncoded(text).replaceAll('%20', '+');
}

/**
 * Splits a URL into its parts regardless of the text inside its macros. Returns undefined for a
 * text that is not an http or https URL. The macros may be those of another platform.
 */
export function layOut(url: string, macros: readonly { 0: string; index: number }[]) {
  const masked = mask(url, macros);
  const match = PARTS.exec(masked);
  if (match === null) return undefined;
  const pathAt = match[1]!.length;
  const queryAt = pathAt + match[2]!.length;
  const fragmentAt = queryAt + (match[3] ?? '').length;
  const placeAt = (index: number): UrlPlace => {
    if (index < pathAt) return { in: 'host', parameter: '' };
    if (index < queryAt) return { in: 'path', parameter: '' };
    if (index >= fragmentAt) return { in: 'fragment', parameter: '' };
    // A macro without `=` before it stands in a parameter name, where a value would invent a
    // parameter.
    const nameAt = Math.max(queryAt, masked.lastIndexOf('&', index)) + 1;
    const name = masked.slice(nameAt, index).split('=', 2);
    return name.length < 2 ? { in: 'name', parameter: '' } : { in: 'query', parameter: name[0]! };
  };
  return {
    origin: url.slice(0, pathAt),
    path: url.slice(pathAt, queryAt),
    query: url.slice(queryAt, fragmentAt),
    fragmentAt,
    placeAt,
  };
}

/**
 * The text with every macro replaced by as many `x`, so that no macro contains a URL separator.
 * `macros` must be in order of position.
 */
function mask(text: string, macros: readonly { 0: string; index: number }[]): string {
  const pieces: string[] = [];
  let at = 0;
  for (const { 0: macro, index } of macros) {
    pieces.push(text.slice(at, index), 'x'.repeat(macro.length));
    at = index + macro.length;
  }
  return pieces.join('') + text.slice(at);
}

const NAMES = { host: 'the scheme, host or port', name: "a parameter's name", fragment: 'a fragment' };

function cut(text: string): Part[] {
  const parts = text.split(MACRO).map((part, at) => {
    if (at % 2 === 0) return part;
    const parsed = parseMacro(part);
    if (parsed.kind === 'problem')
      throw new Error(`a template was cut before it was checked: ${parsed.message}`);
    return parsed.macro;
  });
  return parts.filter((part) => part !== '');
}

/** Problems of the macros of a text, regardless of their place. */
function problemsOf(text: string): Problem[] {
  const loose = mask(text, [...text.matchAll(MACRO)]).search(/[{}]/);
  const problems: Problem[] =
    loose < 0 ? [] : [{ code: 'invalid_macro', macro: '', ...said('a brace has no partner', loose) }];
  for (const { 0: macro, 1: inside = '', index } of text.matchAll(MACRO)) {
    const parsed = parseMacro(inside);
    if (parsed.kind === 'problem')
      problems.push({ code: parsed.code, macro, ...said(parsed.message, index) });
  }
  return problems;
}

function misplacedIn(where: string, macro: string, index: number): Problem {
  return { code: 'misplaced_macro', macro, ...said(`${macro} may not stand in ${where}`, index) };
}

function said(message: string, index: number): { position: number; message: string } {
  return { position: index + 1, message: `${message}, at character ${index + 1}` };
}

function filled(parts: readonly Part[], values: Values, place: Place): string {
  const texts = parts.map((part) => {
    if (typeof part === 'string') return part;
    const value = valueOf(part, values);
    const { encode, raw } = PLACES[place];
    return part.isRaw && raw.test(value) ? value : encode(value);
  });
  return texts.join('');
}

/**
 * Percent-encodes all characters except those without a meaning anywhere in a URL. An unpaired
 * surrogate becomes the replacement character U+FFFD.
 */
function percentEncoded(value: string): string {
  return encodeURIComponent(value.replaceAll(/\p{Surrogate}/gu, '\ufffd')).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * Keeps visible ASCII and percent-encodes everything else. The separators of header parts and `%`
 * are encoded too, so that decoding returns the original value.
 */
function headerEncoded(value: string): string {
  return value.replaceAll(/[^\x21-\x7e]+|["%,;\\]/gu, percentEncoded);
}
