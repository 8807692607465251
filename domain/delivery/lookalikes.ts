// Lookalikes of macros: texts in a template that were meant to be filled and would be sent as they
// stand. Asked when an endpoint is saved; a stored template is sent whatever it holds.
import { isKnownElsewhere } from './dialects/translation.ts';
import { MACROS, parseMacro } from './templates/macros.ts';

/**
 * A lookalike, and what to do about it. `isRefused`: no receiver can want it, since it loses values
 * of every postback. `message` says where it is, counting characters from 1.
 */
export type Lookalike = {
  isRefused: boolean;
  code: 'fragment' | 'encoded_macro' | 'html_entity' | 'lookalike' | 'separator';
  message: string;
};

const IMPORTER = 'POST /v1/endpoints/import translates the macros of other platforms';
/** Stands for each character of a macro, and is part of no lookalike. */
const MASK = '\u0001';
/** Braces of our macros, which hold whatever they hold. */
const MACRO = /\{[^{}]*\}/g;
const FRAGMENT = /#.*$/s;
/** A fragment with parameters or with a second `#` was no fragment for whoever wrote it. */
const LOST_PARAMETERS = /[=&]|#.*#/s;
/** An ampersand as HTML pages show it, where a parameter follows. */
const HTML_AMPERSAND = /&amp;(?=[^&=#]*=)/i;
/** Other signs as HTML pages show them, of those that stand around macros. */
const HTML_SIGN = /&(?:lt|gt|quot|apos|nbsp|[lr](?:brace|cub|brack|sqb));/i;
const PARAMETER_IN_PATH = /(?:&|%3F)(?=[\w.~-]+=)/i;
/**
 * A value that another parameter was meant to follow; a URL may have a query of its own. The sign
 * is the group.
 */
const PARAMETER_IN_VALUE = /=(?!https?(?::|%3A))[^?;&]*?(\?|;|%26)(?=[\w.~-]+(?:=|%3D))/i;
/** Braces that were percent-encoded, once or more, by a form or a browser. */
const ENCODED_BRACES = /%(?:25)*7B([\w.:|-]{1,64})%(?:25)*7D/gi;
/** How .NET and Windows write a GUID: a value, not a macro. */
const GUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
/** Values that are wholly a placeholder as trackers write them, or a word that stands for one. */
const PLACEHOLDERS: readonly RegExp[] = [
  /^\[{1,2}[a-z][\w .:-]*\]{1,2}$/i,
  /^<{1,2}[a-z][\w .:-]*>{1,2}$/i,
  /^<[?%].*[?%]>$/,
  /^\$?\({1,2}[a-z][\w .:-]*\){1,2}$/i,
  /^\*\|[^|]*\|\*$/,
  /^([%$#@~|!]{1,2}|__)[a-z](?:[\w .:-]*[a-z\d])?\1$/i,
  /^%(?:\d+\$)?[sd]$/,
  /^(REPLACE|OPTIONAL|TODO|TBD|XXX+)$/,
  /^((?:YOUR|INSERT|REPLACE)[_-][A-Z_-]+|[A-Z_-]+[_-]HERE)$/,
  /^(undefined|null|NaN)$/,
];
const SIGNS_AROUND = /^[^\p{L}\d]+|[^\p{L}\d]+$/gu;
/** Names of our macros that are no words of their own, without their underscores. */
const OWN_NAMES = new Set(
  Object.keys(MACROS).flatMap((name) => (/[_\d]/.test(name) ? [name.replaceAll('_', '')] : [])),
);
/** A macro with a sign of other templates before it, or wholly in quotes or brackets. */
const DECORATED =
  /([$%#@])(\{[^{}]*\})|(?<=^|[/=])("|'|\[|\(|<|%22|%27|%5B|%28|%3C|%7B)(\{[^{}]*\})(?:"|'|\]|\)|>|%22|%27|%5D|%29|%3E|%7D)(?=[/?&#]|$)/gi;

/** Lookalikes in a URL, which has passed `parseUrl`. */
export function lookalikesInUrl(url: string): Lookalike[] {
  // Macros are masked, since the text inside them follows rules of its own.
  const text = url.replaceAll(MACRO, (macro) => MASK.repeat(macro.length));
  const sent = text.replace(FRAGMENT, '');
  const entity = sent.search(HTML_AMPERSAND);
  return [
    ...fragmentOf(url, sent.length),
    ...(entity < 0
      ? []
      : [said('html_entity', true, '"&amp;" is how HTML writes "&", so write "&"', entity)]),
    ...htmlSignIn(sent),
    ...separatorIn(sent),
    ...decoratedIn(url.slice(0, sent.length)),
    ...encodedIn(sent),
    ...placeholdersIn(sent),
  ];
}

/** Lookalikes in the template of a header or form field. */
export function lookalikesInText(text: string): Lookalike[] {
  const masked = text.replaceAll(MACRO, (macro) => MASK.repeat(macro.length));
  const words = Array.from(masked.matchAll(/\S+/g), ({ 0: word, index }) => placeholder(word, index)).flat();
  const whole = placeholder(masked, 0);
  return [...decoratedIn(text), ...encodedIn(masked), ...(whole.length > 0 ? whole : words)];
}

function fragmentOf(url: string, at: number): Lookalike[] {
  const fragment = url.slice(at);
  if (fragment === '') return [];
  if (!LOST_PARAMETERS.test(fragment))
    return [said('fragment', false, `"${fragment}" is never sent: servers do not see fragments`, at)];
  return [
    said(
      'fragment',
      true,
      `nothing from the "#" on is ever sent; ${IMPORTER}, and "%23" stands for a "#" that is meant`,
      at,
    ),
  ];
}

function htmlSignIn(text: string): Lookalike[] {
  const found = HTML_SIGN.exec(text);
  return found === null
    ? []
    : [said('html_entity', false, `"${found[0]}" is how HTML writes a sign, and is sent so`, found.index)];
}

/** A sign that begins no parameter where it stands: what follows is part of a value or the path. */
function separatorIn(text: string): Lookalike[] {
  const path = /^[^?]*/.exec(text)![0];
  const query = text.slice(path.length);
  const inPath = PARAMETER_IN_PATH.exec(path);
  if (inPath !== null)
    return [
      said('separator', false, `"${inPath[0]}" begins no parameter in a path; write "?"`, inPath.index),
    ];
  if (query.startsWith('??'))
    return [said('separator', false, 'the second "?" is part of a name', path.length + 1)];
  const inValue = PARAMETER_IN_VALUE.exec(query);
  if (inValue === null) return [];
  const [found, sign = ''] = inValue;
  const at = path.length + inValue.index + found.length - sign.length;
  const what = sign === '?' ? 'a second "?"' : `"${sign}"`;
  return [said('separator', false, `${what} begins no parameter; write "&"`, at)];
}

function decoratedIn(url: string): Lookalike[] {
  return Array.from(url.matchAll(DECORATED), ({ 1: sign, 2: one, 3: bracket, 4: other, index }) =>
    said(
      'lookalike',
      false,
      `${sign ?? bracket} around ${one ?? other} is sent with the value; write ${one ?? other} alone`,
      index,
    ),
  );
}

function encodedIn(text: string): Lookalike[] {
  return Array.from(text.matchAll(ENCODED_BRACES), ({ 0: written, 1: inside = '', index }) => {
    if (GUID.test(inside)) return [];
    if (parseMacro(inside).kind === 'macro')
      return [said('encoded_macro', true, `${written} would be sent as it stands; write {${inside}}`, index)];
    const isForeign = isKnownElsewhere(inside);
    return [said('encoded_macro', isForeign, `${written} would be sent as it stands; ${IMPORTER}`, index)];
  }).flat();
}

/** Placeholders that are a whole path segment or the whole value of a parameter. */
function placeholdersIn(text: string): Lookalike[] {
  const origin = /^[a-z]+:\/\/[^/?]*/i.exec(text)?.[0].length ?? 0;
  return Array.from(text.slice(origin).matchAll(/[/=]([^/?&=]+)(?=[/?&]|$)/g), ({ 1: value, index }) =>
    placeholder(value!, origin + index + 1),
  ).flat();
}

function placeholder(value: string, index: number): Lookalike[] {
  // Encoded braces are told of by themselves.
  const texts = value.search(ENCODED_BRACES) < 0 ? [value, decoded(value)] : [];
  const isOne = (text: string): boolean =>
    PLACEHOLDERS.some((pattern) => pattern.test(text)) ||
    OWN_NAMES.has(text.replaceAll(SIGNS_AROUND, '').replaceAll('_', '').toLowerCase());
  return texts.some(isOne)
    ? [
        said(
          'lookalike',
          false,
          `${value} is sent as it stands; write a macro such as {click_id}, or import the URL: ${IMPORTER}`,
          index,
        ),
      ]
    : [];
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function said(code: Lookalike['code'], isRefused: boolean, message: string, index: number): Lookalike {
  return { isRefused, code, message: `${message}, at character ${index + 1}` };
}
