// A dialect: how another platform writes macros in postback URLs, what each is in ours, and
// which have no counterpart and why. The tables are in `network-dialects.ts` and
// `tracker-dialects.ts`; `translate.ts` reads them.

/** Why a macro of theirs has no counterpart. */
export const REASONS = {
  visitor: 'it is about the visitor or the device, and Postrider keeps nothing of these',
  offer: 'it names an offer, a campaign, a creative or a page, and Postrider has none',
  party: 'it names the advertiser, the affiliate or a traffic source on the other platform',
  sub: 'Postrider carries five subs, sub1 to sub5',
  advertiser: 'it is a value that the advertiser gave the other platform, and Postrider does not pass it on',
  click: 'it is about the time or the cost of the click, which a postback does not tell',
} as const;

/** The translation of a macro; with a note where the two do not mean quite the same. */
type Counterpart = string | { ours: string; note: string };

export type Dialect = {
  name: string;
  /** `{name}`, or `#name#`. */
  style: 'braces' | 'hashes';
  /** `_` before a name, or `:raw` behind it, asks for the value unencoded. */
  raw?: 'underscore' | 'function';
  sources: readonly string[];
  macros: Readonly<Record<string, Counterpart>>;
  without: Readonly<Partial<Record<keyof typeof REASONS, readonly string[]>>>;
  /**
   * For trackers: parameters of the URL at which they take postbacks, where it still says REPLACE
   * or OPTIONAL.
   */
  parameters?: Readonly<Record<string, string>>;
};

/** `{prefix2: '{sub2}', …}`: their numbered subs, which are ours by number. */
export function subs(prefix: string, from: number, to: number): Record<string, string> {
  return Object.fromEntries(names(prefix, from, to).map((name, index) => [name, `{sub${from + index}}`]));
}

/** `prefix1`, … for every number from the first to the last. */
export function names(prefix: string, from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `${prefix}${from + index}`);
}

export function words(text: string): string[] {
  return text.split(' ');
}
