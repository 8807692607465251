// Names of events as operators write them: in any case, and what was probably meant by one that is
// not known.
import { EVENT_TYPES, type EventType } from './types.ts';

const STANDARD: ReadonlyMap<string, EventType> = new Map(EVENT_TYPES.map((type) => [type, type]));

/** What other platforms call them. Suggested, never taken: a name may mean something else there. */
const ELSEWHERE: Readonly<Record<string, EventType>> = {
  lead: 'registration',
  signup: 'registration',
  sign_up: 'registration',
  register: 'registration',
  first_deposit: 'ftd',
  first_time_deposit: 'ftd',
  purchase: 'sale',
  order: 'sale',
  conversion: 'sale',
  ngr: 'revenue',
  net_revenue: 'revenue',
  lot: 'trade',
  lots: 'volume',
  verified: 'kyc',
  cancellation: 'refund',
  return: 'refund',
};
/** Bounds of what is compared and told. */
const MOST_NAMES = 60;
const LONGEST_NAME = 64;
/** More changed letters than this share of a name make it another name. */
const TYPOS_PER_LETTER = 1 / 3;

/** Names that an operator added, each standing for a standard event. */
type Added = ReadonlyMap<string, EventType>;

/** The standard event that a name stands for, in any case. */
export function eventNamed(name: string, added: Added): EventType | undefined {
  const exact = STANDARD.get(name) ?? added.get(name);
  if (exact !== undefined) return exact;
  const lower = name.toLowerCase();
  const standard = STANDARD.get(lower);
  if (standard !== undefined) return standard;
  for (const [own, type] of added) if (own.toLowerCase() === lower) return type;
  return undefined;
}

/** Says of an unknown name what may have been meant, and what is known. */
export function aboutUnknownEvent(name: string, added: Added): string {
  const known = [...EVENT_TYPES, ...added.keys()].slice(0, MOST_NAMES);
  const meant = name.length > LONGEST_NAME ? undefined : nearestTo(name.toLowerCase(), known);
  const question = meant === undefined ? '' : `; did you mean ${meant}?`;
  return `is not an event we know${question || '.'} Known are ${known.join(', ')}`;
}

function nearestTo(name: string, known: readonly string[]): string | undefined {
  const elsewhere = ELSEWHERE[name.replaceAll(/[\s-]+/g, '_')];
  if (elsewhere !== undefined) return elsewhere;
  let [best, fewest] = [undefined as string | undefined, Math.max(1, name.length * TYPOS_PER_LETTER)];
  for (const one of known) {
    const typos = distance(name, one.toLowerCase());
    if (typos < fewest || (typos === fewest && best === undefined)) [best, fewest] = [one, typos];
  }
  return best;
}

/** Levenshtein distance: letters to change, add or leave out. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}
