// Templates: texts with macros in them, and the places where a macro may stand: query values, path
// segments, form values, header values. Each place has its encoding, which holds whatever a value
// is: no value changes the host, the number of path segments, or adds a parameter, a form field or
// a header.
import { parseMacro, valueOf, type Macro, type Values } from './macros.ts';

/** A text cut into what is written as it stands and what is filled. */
type Part = string | Macro;

/**
 * A URL that was found good; its path by segments, with the slashes between them as segments of
 * their own.
 */
export type UrlTemplate = { origin: string; path: readonly (readonly Part[])[]; query: readonly Part[] };

/** A header's or a form field's value that was found good. */
export type TextTemplate = readonly Part[];

/**
 * A problem of a template; `macro` is as written, empty when it is about the whole. `position`
 * counts characters from 1.
 */
export type Problem = {
  code: 'unknown_macro' | 'misplaced_macro' | 'invalid_macro' | 'invalid_url';
  macro: string;
  position: number;
  message: string;
};

export type Parsed<Template> =
  { kind: 'template'; template: Template } | { kind: 'problems'; problems: Problem[] };

/** Where in a URL something stands; a parameter's name is told where it is known. */
export type UrlPlace = { in: 'host' | 'path' | 'name' | 'query' | 'fragment'; parameter: string };

/**
 * The cuts are those of the URL standard, which reads a backslash as a slash. A fragment is never
 * sent and so is dropped.
 */
const PARTS = /^(https?:\/\/[^/?#\\]+)([^?#]*)(\?[^#]*)?(#.*)?$/i;
const MACRO = /\{([^{}]*)\}/g;
/** Segments that a URL parser reads as `.` and `..` and resolves away, encoded or not. */
const DOT_SEGMENT = /^(\.|%2e){1,2}$/i;
/** A URL parser drops some of these silently, and so would join what stood apart. */
const BLANK_OR_CONTROL = /[\p{Cc}\s]/u;
/**
 * How a value is encoded by the place of its macro, and which values a raw macro leaves as they
 * are: those made only of characters that separate nothing there. Any other character, and the
 * whole value is encoded. A header's encoding leaves what raw would.
 */
const PLACES = {
  query: { encode: percentEncoded, raw: /^[\w.~!$()*,/:@-]*$/ },
  path: { encode: percentEncoded, raw: /^[\w.~!$()*,:@-]*$/ },
  form: { encode: formEncoded, raw: /^[\w.~!$()*,/:@-]*$/ },
  header: { encode: headerEncoded, raw: /^$/ },
};

type Place = keyof typeof PLACES;

/**
 * Reads a URL, or says everything that is wrong with it. A URL without macros is a template too.
 */
export function parseUrl(url: string): Parsed<UrlTemplate> {
  const macros = [...url.matchAll(MACRO)];
  const layout = BLANK_OR_CONTROL.test(url) ? undefined : layOut(url, macros);
  if (layout === undefined)
    return {
      kind: 'problems',
      problems: [
        { code: 'invalid_url', macro: '', position: 1, message: 'this is not an http or https URL' },
      ],
    };
  const misplaced = macros.flatMap(({ 0: macro, index }) => {
    const place = layout.placeAt(index);
    return place.in === 'path' || place.in === 'query' ? [] : [misplacedIn(NAMES[place.in], macro, index)];
  });
  const problems = [...problemsOf(url), ...misplaced].toSorted((a, b) => a.position - b.position);
  if (problems.length > 0) return { kind: 'problems', problems };
  const { origin, path, query } = layout;
  return { kind: 'template', template: { origin, path: path.split(/([/\\])/).map(cut), query: cut(query) } };
}

/** Reads the value of a header or a form field, or says everything that is wrong with it. */
export function parseText(text: string): Parsed<TextTemplate> {
  const problems = problemsOf(text);
  return problems.length > 0 ? { kind: 'problems', problems } : { kind: 'template', template: cut(text) };
}

/** The problem of every macro in a text where none may stand, such as the name of a form field. */
export function misplacedMacros(text: string, where: string): Problem[] {
  return Array.from(text.matchAll(MACRO), ({ 0: macro, index }) => misplacedIn(where, macro, index));
}

/**
 * The URL for one postback. A value that is missing and has no default fills as nothing: `?sub=`. A
 * path segment that would come out as `.` or `..` has its dots encoded twice, since a URL has no
 * other way to hold one: the receiver reads `%2E`.
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
 * A header's value for one postback: visible ASCII with blanks only where the template has them.
 */
export function fillHeader(template: TextTemplate, values: Values): string {
  return filled(template, values, 'header').trim();
}

/** A form field's value for one postback, encoded as `application/x-www-form-urlencoded`. */
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
 * How a URL is laid out, whatever stands in its macros; undefined when it is no http or https URL.
 * The URL need not be in our macros.
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
    // Without `=` before it the macro is a parameter's name, and a value would make a parameter up.
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

/** The text with every macro, given in order, as a run of a letter that means nothing. */
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

/** Problems of the macros of a text, wherever they stand. */
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
 * Percent-encodes all but the characters that mean nothing anywhere in a URL. Half a surrogate pair
 * becomes the replacement character.
 */
function percentEncoded(value: string): string {
  return encodeURIComponent(value.replaceAll(/\p{Surrogate}/gu, '\ufffd')).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * Leaves visible ASCII, without what separates the parts of a header and without `%`, so that
 * decoding gives the value back.
 */
function headerEncoded(value: string): string {
  return value.replaceAll(/[^\x21-\x7e]+|["%,;\\]/gu, percentEncoded);
}
