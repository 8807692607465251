// Parameters in the query or fragment of a URL: the name that a server may read in each, and
// replacement of some of them that leaves every other byte as it is.

/** Most servers split a query at `&`, some also at `;`. */
const QUERY_SEPARATORS = /([&;])/;
/** A page may keep parameters anywhere in its fragment: `#a=1`, `#/page?a=1`. */
const FRAGMENT_SEPARATORS = /([?#&;])/;
/** A server that decodes twice is common; more often than this none does. */
const MOST_DECODINGS = 3;

export type UrlPart = 'query' | 'fragment';

/** Parameters of a query or fragment, still encoded. An anchor (`#sub1`) is none. */
export function parametersIn(text: string, part: UrlPart): [name: string, value: string][] {
  return piecesOf(text, part).flatMap(({ piece }): [string, string][] => {
    const valueAt = piece.indexOf('=') + 1;
    if (!isParameter(piece, part)) return [];
    return [[nameIn(piece), valueAt === 0 ? '' : piece.slice(valueAt)]];
  });
}

/**
 * The name of a parameter as the most lenient server reads it: percent-decoded, in lower case,
 * without indices (`name[]`), blanks around it and what follows a NUL. PHP reads a blank, a dot and
 * an open bracket as `_`.
 */
export function lenientName(encoded: string): string {
  let name = encoded.replaceAll('+', ' ');
  for (let turn = 0; turn < MOST_DECODINGS; turn++)
    name = name.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return name
    .split(/[\0=]/, 1)[0]!
    .replace(/^[\s?]+/, '')
    .trimEnd()
    .replace(/\[.*\].*$/s, '')
    .replaceAll(/[\s.[]/g, '_')
    .toLowerCase();
}

/**
 * Replaces each parameter whose lenient name is in `replacements` by the text given there; a
 * repeated one, and one whose replacement is null, is removed with its separator.
 */
export function withReplaced(
  text: string,
  part: UrlPart,
  replacements: ReadonlyMap<string, string | null>,
): string {
  const placed = new Set<string>();
  let result = '';
  let isFirstRemoved = false;
  for (const { separator, piece } of piecesOf(text, part)) {
    const name = isParameter(piece, part) ? lenientName(nameIn(piece)) : '';
    const replacement = replacements.get(name);
    const isJoined = separator === '&' || separator === ';';
    const isRemoved = replacement === null || placed.has(name);
    if (isRemoved) {
      // The separator before the first parameter stays, and the one behind it goes.
      if (!isJoined) result += separator;
      isFirstRemoved ||= !isJoined;
      continue;
    }
    if (replacement !== undefined) placed.add(name);
    result += (isFirstRemoved && isJoined ? '' : separator) + (replacement ?? piece);
    isFirstRemoved = false;
  }
  return result;
}

function piecesOf(text: string, part: UrlPart): { separator: string; piece: string }[] {
  const texts = text.split(part === 'query' ? QUERY_SEPARATORS : FRAGMENT_SEPARATORS);
  return texts.flatMap((piece, at) => (at % 2 === 0 ? [{ separator: texts[at - 1] ?? '', piece }] : []));
}

function nameIn(piece: string): string {
  return piece.split('=', 1)[0]!;
}

function isParameter(piece: string, part: UrlPart): boolean {
  return part === 'query' || /=|%3d/i.test(piece);
}
