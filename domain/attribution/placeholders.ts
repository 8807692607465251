// Placeholders: ids that name nobody, since a template was never filled in (`{click_id}`) or a
// program wrote a word for nothing (`undefined`). Taken as ids, they would make one customer of
// everyone. Every id of every event passes here, so the first character rules out most.

/** Words that stand for no value, in lower case. */
const WORDS: ReadonlySet<string> = new Set([
  'undefined',
  'null',
  'none',
  'nil',
  'nan',
  'n/a',
  '#n/a',
  'not set',
  'replace',
  '0',
  '00000000-0000-0000-0000-000000000000',
]);
const LONGEST_WORD = Math.max(...Array.from(WORDS, (word) => word.length));

/**
 * Macros as trackers write them, one or more without anything between: `{a}`, `{{a}}`, `${a}`,
 * `#{a}`, `$(a)`, `[a]`, `<a>`, `*|a|*`, and names between equal marks: `%a%`, `#a#`, `$a$`,
 * `__a__`. Quotes inside make it JSON, which may be an id. Each pattern takes linear time, since no
 * text matches its repeated part in two ways.
 */
const MACROS: readonly RegExp[] = [
  /^(?:[$#@%]?\{[^}"]*\}+)+$/,
  /^(?:\$\([^)]*\)+)+$/,
  /^(?:\[[^\]"]*\]+)+$/,
  /^(?:<[^>]*>+)+$/,
  /^\*\|[^|]*\|\*$/,
  /^([%$#@~|]{1,2}|__)[a-z](?:[\w .:-]*[a-z\d])?\1$/i,
];
/**
 * A name in braces within other text, such as `order-{id}`, which is one id for everyone as well; a
 * GUID in braces is none.
 */
const INNER_MACRO = /\{(?![\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\})[a-z][\w.:|-]*\}/i;
/** A GUID in braces is how .NET and Windows write one, so it is an id. */
const BRACED_GUID = /^\{[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\}$/i;
const ASCII_PUNCTUATION = /^[!-/:-@[-`{-~\s]*$/;
const QUOTES = ['""', "''", '``', '()'];
/** Layers of quotes and percent-encoding that are looked through. */
const MAX_LAYERS = 4;

const ASCII = 128;
/** Whether a placeholder may begin with an ASCII character; letters and digits begin only words. */
const MAY_BEGIN = Uint8Array.from({ length: ASCII }, (_, code) => {
  const character = String.fromCharCode(code).toLowerCase();
  return /[a-z\d]/.test(character) && !Array.from(WORDS).some((word) => word.startsWith(character)) ? 0 : 1;
});

/**
 * Whether an id, with or without blanks around it, is wholly a macro or a word for nothing, or has
 * a macro in braces in it.
 */
export function isPlaceholder(id: string): boolean {
  if (id.includes('{') && INNER_MACRO.test(id)) return true;
  const first = id.charCodeAt(0);
  if (first < ASCII && MAY_BEGIN[first] === 0) return false;
  let text: string | null = id.trim();
  for (let layer = 0; text !== null && layer < MAX_LAYERS; layer++) {
    if (text.length <= LONGEST_WORD && WORDS.has(text.toLowerCase())) return true;
    if (/^[a-z\d]/i.test(text)) return false;
    if (ASCII_PUNCTUATION.test(text)) return true;
    for (const macro of MACROS) if (macro.test(text)) return !BRACED_GUID.test(text);
    text = unwrapped(text);
  }
  return false;
}

/** The text without its quotes or its percent-encoding, or null where it has neither. */
function unwrapped(text: string): string | null {
  if (QUOTES.includes(text.charAt(0) + text.charAt(text.length - 1))) return text.slice(1, -1).trim();
  if (!text.includes('%')) return null;
  try {
    // Macros are encoded on their way through URLs, sometimes twice.
    const decoded = decodeURIComponent(text);
    return decoded === text ? null : decoded.trim();
  } catch {
    return null;
  }
}
