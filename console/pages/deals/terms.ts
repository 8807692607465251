// Terms of deals as text and as rows: how they are edited, compared and summed up.
import type { Answer } from '../../wire/types.ts';

export type Deal = Answer<'/v1/deals/{id}'>;
export type Version = Deal['versions'][number];
type Terms = Record<string, unknown>;

/** What terms look like, for a new deal. */
export const EXAMPLE = {
  components: [
    { kind: 'cpa', on: 'ftd', amount: '200.00', min_amount: '100.00' },
    { kind: 'revshare', percent: '25', negative: 'carry' },
  ],
  hold_days: 30,
};

export function textOf(terms: unknown): string {
  return JSON.stringify(terms, null, 2);
}

/** The terms that a text says, or why it says none. */
export function termsIn(text: string): { terms: Terms } | { problem: string } {
  try {
    const terms: unknown = JSON.parse(text);
    if (typeof terms === 'object' && terms !== null && !Array.isArray(terms))
      return { terms: terms as Terms };
    return { problem: 'Terms are an object: { "components": […] }.' };
  } catch (error) {
    return { problem: `This is not JSON yet: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Each value of the terms by its path, in the order in which they are written. */
export function valuesOf(terms: unknown, path = ''): [path: string, value: string][] {
  if (Array.isArray(terms) && terms.every((one) => typeof one !== 'object'))
    return [[path, terms.map(String).join(', ')]];
  if (typeof terms !== 'object' || terms === null) return [[path, String(terms)]];
  return Object.entries(terms).flatMap(([name, value]) => {
    const place = Array.isArray(terms) ? `[${Number(name) + 1}]` : path === '' ? name : `.${name}`;
    return valuesOf(value, path + place);
  });
}

export type ComparedRow = {
  path: string;
  /** One for each version; null where its terms do not have it. */
  cells: { value: string | null; isChanged: boolean }[];
};

/**
 * Versions side by side: a row for each path that any has. Changed is what differs from the version
 * before.
 */
export function compare(versions: readonly Version[]): ComparedRow[] {
  const each = versions.map(({ terms, applies_to: appliesTo }) => {
    return new Map([['applies_to', appliesTo] as [string, string], ...valuesOf(terms)]);
  });
  const paths = [...new Set(each.flatMap((values) => [...values.keys()]))];
  return paths.map((path) => ({
    path,
    cells: each.map((values, index) => {
      const value = values.get(path) ?? null;
      return { value, isChanged: index > 0 && value !== (each[index - 1]!.get(path) ?? null) };
    }),
  }));
}

/** Terms in a few words: `cpa ftd 200.00, revshare 25 %`. */
export function summaryOf(terms: unknown): string {
  const { components = [] } = terms as { components?: Record<string, unknown>[] };
  return components
    .map(({ kind, on, amount, percent }) =>
      [
        kind,
        Array.isArray(on) ? on.join('+') : on,
        amount,
        typeof percent === 'string' ? `${percent} %` : null,
      ]
        .filter(Boolean)
        .join(' '),
    )
    .join(', ');
}

/** The version in force at a moment; null before the first one, and after the end. */
export function inForce({ versions, ended_at: ended }: Deal, now: number): Version | null {
  if (ended !== null && Date.parse(ended) <= now) return null;
  return versions.findLast(({ effective_from: from }) => Date.parse(from) <= now) ?? null;
}
