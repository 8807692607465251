// Dialect of another platform: the syntax of its macros in postback URLs, their Postrider
// counterparts, and the macros without a counterpart, with the reason. The tables are in
// networks.ts and trackers.ts; translation.ts reads them.

/** Reasons why a macro of another platform has no counterpart. */
export const REASONS = {
  visitor: 'it is about the visitor or the device, and Postrider keeps nothing of these',
  offer: 'it names an offer, a campaign, a creative or a page, and Postrider has none',
  party: 'it names the advertiser, the affiliate or a traffic source on the other platform',
  sub: 'Postrider carries five subs, sub1 to sub5',
  advertiser: 'it is a value that the advertiser gave the other platform, and Postrider does not pass it on',
  click: 'it is about the time or the cost of the click, which a postback does not tell',
} as const;

/** Counterpart of a macro, with a note where the two meanings differ slightly. */
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
   * For trackers: parameters of the URL that receives postbacks, as long as their value is still
   * REPLACE or OPTIONAL.
   */
  parameters?: Readonly<Record<string, string>>;
};

/**
 * `{prefix2: '{sub2}', …}`: maps the numbered subs of a platform to the Postrider subs with the
 * same number.
 */
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
