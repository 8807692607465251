// Symbols of trades: whether a component names a trade, and how labels and formulas name its
// trades.
import type { ConversionEvent, SymbolRule } from '../types.ts';

/** Whether a rule names the symbol or group of an event. Letter case means nothing. */
export function isNamed(
  { group, symbols }: SymbolRule,
  event: Pick<ConversionEvent, 'symbol' | 'symbolGroup'>,
): boolean {
  if (group !== null && event.symbolGroup?.toLowerCase() === group.toLowerCase()) return true;
  const traded = event.symbol?.toUpperCase();
  return traded !== undefined && symbols.some((pattern) => isMatch(pattern, traded));
}

function isMatch(pattern: string, symbol: string): boolean {
  return pattern.endsWith('*') ? symbol.startsWith(pattern.slice(0, -1)) : symbol === pattern;
}

/** Length up to which the label of a component lists its symbols; a slot's key holds the label. */
const LISTED_CHARACTERS = 80;

/**
 * What tells components with different symbols apart, for their labels. A group's name alone where
 * there is one, so that the list beside it may change from version to version.
 */
export function symbolLabel(takes: SymbolRule | null): string {
  if (takes === null) return '';
  if (takes.group !== null) return `@${takes.group.toLowerCase()}`;
  const listed = takes.symbols.toSorted().join('+');
  const isShort = listed.length <= LISTED_CHARACTERS;
  return `@${isShort ? listed : `${takes.symbols.toSorted()[0]!}+${takes.symbols.length - 1} more`}`;
}

/** The trades of a component in words: " in metals or XAU*"; empty where it takes the rest. */
export function symbolPhrase(takes: SymbolRule | null): string {
  if (takes === null) return '';
  return ` in ${[...(takes.group === null ? [] : [takes.group]), ...takes.symbols].join(' or ')}`;
}
