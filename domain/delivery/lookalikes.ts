// Lookalikes of macros: texts in a template that were meant to be filled and would be sent as they
// stand. Asked when an endpoint is saved; a stored template is sent whatever it holds.
import { isKnownElsewhere } from './dialects/translation.ts';
import { parseMacro } from './templates/macros.ts';

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
/** Braces of our macros, which hold whatever they hold. */
const MACRO = /\{[^{}]*\}/g;
const FRAGMENT = /#.*$/s;
/** A fragment with parameters or with a second `#` was no fragment for whoever wrote it. */
const LOST_PARAMETERS = /[=&]|#.*#/s;
/** An ampersand as HTML pages show it, where a parameter follows. */
const HTML_AMPERSAND = /&amp;(?=[^&=#]*=)/i;
const PARAMETER_IN_PATH = /&(?=[\w.~-]+=)/;
/** A value that another parameter was meant to follow; a URL may have a query of its own. */
const PARAMETER_IN_VALUE = /=(?!https?:)[^?&]*\?(?=[\w.~-]+=)/i;
/** Braces that were percent-encoded, once or more, by a form or a browser. */
const ENCODED_BRACES = /%(?:25)*7B([\w.:|-]{1,64})%(?:25)*7D/gi;
/** How .NET and Windows write a GUID: a value, not a macro. */
const GUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
/** Values that are wholly a placeholder as trackers write them, or a word that stands for one. */
const PLACEHOLDERS: readonly RegExp[] = [
  /^\[[a-z][\w .:-]*\]$/i,
  /^<[a-z][\w .:-]*>$/i,
  /^\$\([a-z][\w .:-]*\)$/i,
  /^([%$#@~|]{1,2}|__)[a-z](?:[\w .:-]*[a-z\d])?\1$/i,
  /^(REPLACE|OPTIONAL|YOUR_[A-Z_]+)$/,
];

/** Lookalikes in a URL, which has passed `parseUrl`. */
export function lookalikesInUrl(url: string): Lookalike[] {
  // Macros are masked, since the text inside them follows rules of its own.
  const text = url.replaceAll(MACRO, (macro) => 'x'.repeat(macro.length));
  const sent = text.replace(FRAGMENT, '');
  const entity = sent.search(HTML_AMPERSAND);
  return [
    ...fragmentOf(url, sent.length),
    ...(entity < 0
      ? []
      : [said('html_entity', true, '"&amp;" is how HTML writes "&", so write "&"', entity)]),
    ...separatorIn(sent),
    ...encodedIn(sent),
    ...placeholdersIn(sent),
  ];
}

/** Lookalikes in the template of a header or form field. */
export function lookalikesInText(text: string): Lookalike[] {
  const masked = text.replaceAll(MACRO, (macro) => 'x'.repeat(macro.length));
  return [...encodedIn(masked), ...placeholder(masked, 0)];
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

/** A sign that begins no parameter where it stands: what follows is part of a value or the path. */
function separatorIn(text: string): Lookalike[] {
  const path = /^[^?]*/.exec(text)![0];
  const inPath = PARAMETER_IN_PATH.exec(path);
  if (inPath !== null)
    return [said('separator', false, '"&" begins no parameter in a path; write "?"', inPath.index)];
  const inValue = PARAMETER_IN_VALUE.exec(text.slice(path.length));
  if (inValue === null) return [];
  const at = path.length + inValue.index + inValue[0].length - 1;
  return [said('separator', false, 'a second "?" begins no parameter; write "&"', at)];
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
  const texts = [value, decoded(value)];
  return PLACEHOLDERS.some((pattern) => texts.some((text) => pattern.test(text)))
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
