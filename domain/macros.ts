// Fills a postback's URL template: `{click_id}` and its like, in query values and path segments only. Whatever a value holds, it changes neither
// the host nor the number of path segments nor the parameters, because everything but letters, digits and `-_.~` leaves percent-encoded.

/** What a template may ask for: every field of a postback's `data`, and three of its envelope. */
export const MACROS = [
  'event',
  'event_id',
  'original_event_id',
  'transaction_id',
  'click_id',
  'customer_id',
  'affiliate_id',
  'via',
  'amount',
  'currency',
  'payout',
  'payout_delta',
  'payout_currency',
  'status',
  'reason',
  'sub1',
  'sub2',
  'sub3',
  'sub4',
  'sub5',
  'occurred_at',
  'event_type',
  'delivery_id',
  'timestamp',
] as const;

export type Macro = (typeof MACROS)[number];

/** A template that was found good, cut where the rules differ: scheme and host, path, query with its `?`. */
export type Template = { origin: string; path: string; query: string };

/** What is wrong with a template; `name` is the macro as written, empty when it is about the whole. */
export type Problem = { code: 'unknown_macro' | 'misplaced_macro' | 'invalid_url'; name: string; message: string };

export type ParsedTemplate = { kind: 'template'; template: Template } | { kind: 'problems'; problems: Problem[] };

/** The cuts are those of the URL standard, which reads a backslash as a slash. A fragment is never sent and so is dropped. */
const PARTS = /^(https?:\/\/[^/?#\\]+)([^?#]*)(\?[^#]*)?(#.*)?$/i;
const MACRO = /\{([^{}]*)\}/g;
/** What a URL parser takes for `.` and `..` and then resolves away, encoded or not. */
const DOT_SEGMENT = /^(\.|%2e){1,2}$/i;
/** A URL parser drops some of these silently, and so would join what stood apart. */
const BLANK_OR_CONTROL = /[\p{Cc}\s]/u;
const KNOWN: ReadonlySet<string> = new Set(MACROS);

/** Reads a template, or says everything that is wrong with it. A URL without macros is a template too. */
export function parseTemplate(url: string): ParsedTemplate {
  const [, origin, path = '', query = '', fragment = ''] = PARTS.exec(url) ?? [];
  if (origin === undefined || BLANK_OR_CONTROL.test(url))
    return { kind: 'problems', problems: [invalidUrl('this is not an http or https URL')] };
  const problems = [
    ...(/[{}]/.test(url.replaceAll(MACRO, '')) ? [invalidUrl('a brace has no partner')] : []),
    ...namesIn(url).filter(isUnknown).map(unknown),
    ...[...namesIn(origin), ...namesIn(fragment), ...pairsOf(query).flatMap(namesInKey)].map(misplaced),
  ];
  return problems.length > 0 ? { kind: 'problems', problems } : { kind: 'template', template: { origin, path, query } };
}

/**
 * The URL for one postback. A value that is missing fills as nothing: `?sub=` . A path segment that would come out as `.` or `..` has its
 * dots encoded twice, since a URL has no other way to hold one: the receiver reads `%2E`.
 */
export function fill(template: Template, values: Readonly<Record<string, string | undefined>>): string {
  // A macro's name is looked up as it stands here; defaults (`{sub1|none}`) and maps of values would be read here too.
  const filled = (part: string): string => part.replaceAll(MACRO, (_, name: string) => encoded(values[name] ?? ''));
  const segments = template.path.split(/([/\\])/).map((segment) => {
    const text = filled(segment);
    return text !== segment && DOT_SEGMENT.test(text) ? text.replaceAll(/\.|%2e/gi, '%252E') : text;
  });
  return template.origin + segments.join('') + filled(template.query);
}

/** Percent-encodes all but the characters that mean nothing anywhere in a URL. Half a surrogate pair becomes the replacement character. */
function encoded(value: string): string {
  return encodeURIComponent(value.replaceAll(/\p{Surrogate}/gu, '\ufffd')).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function namesIn(text: string): string[] {
  return [...text.matchAll(MACRO)].map((match) => match[1] ?? '');
}

function pairsOf(query: string): string[] {
  return query.slice(1).split('&');
}

/** The macros in a parameter's name, where a value would make a parameter up; without `=` the whole of it is a name. */
function namesInKey(pair: string): string[] {
  return namesIn(pair.split('=', 1)[0] ?? '');
}

function isUnknown(name: string): boolean {
  return !KNOWN.has(name);
}

function unknown(name: string): Problem {
  return { code: 'unknown_macro', name, message: `there is no macro {${name}}` };
}

function misplaced(name: string): Problem {
  return { code: 'misplaced_macro', name, message: `{${name}} may stand in a query value or a path segment only` };
}

function invalidUrl(message: string): Problem {
  return { code: 'invalid_url', name: '', message };
}
