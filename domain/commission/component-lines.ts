// Lines of components: which components of a deal's versions are one, so that caps, steps, losses
// and carried losses of its months run on from version to version.
import type { Component, DealVersion, Terms } from '../types.ts';
import { compileTerms, type WireTerms } from './terms.ts';

type Earlier = Pick<DealVersion, 'effectiveFrom'> & { terms: Pick<Terms, 'components'> };

/**
 * The line of each component of a new version, in order. A component goes on the line of the
 * component with its label, in the nearest version that has one; else of one of its kind that
 * shares an event with it, in the version before it; else it begins a line. A line has one
 * component of a version at most; of several, the first.
 * `earlier`: the deal's versions that were saved before it. They never change, nor do their lines.
 * Example: a share of `revenue`, in the next version of `revenue` and `deposit`, is one share, with
 * one cap for the month.
 */
export function linesOf(
  { effectiveFrom, terms: { components } }: Earlier,
  earlier: readonly Earlier[],
): string[] {
  const lines = components.map((): string | null => null);
  const nearest = earlier.toSorted(
    (a, b) => distance(a.effectiveFrom, effectiveFrom) - distance(b.effectiveFrom, effectiveFrom),
  );
  const take = (
    versions: readonly Earlier[],
    isSame: (own: Component, other: Component) => boolean,
  ): void => {
    for (const { terms } of versions)
      components.forEach((own, index) => {
        lines[index] ??=
          terms.components.find((other) => isSame(own, other) && !lines.includes(other.line))?.line ?? null;
      });
  };
  take(nearest, (own, other) => own.label === other.label);
  take(nearest.slice(0, 1), isContinued);
  const known = new Set(earlier.flatMap(({ terms }) => terms.components.map(({ line }) => line)));
  return components.map(({ label }, index) => {
    const line = lines[index] ?? unusedName(label, known);
    known.add(line);
    return line;
  });
}

/** The same terms with these lines; null: each component is a line of its own label. */
export function withLines(terms: Terms, lines: readonly string[] | null): Terms {
  if (lines === null) return terms;
  const components = terms.components.map((one, index) => ({ ...one, line: lines[index] ?? one.line }));
  return { ...terms, components };
}

/**
 * The terms of a stored version, with its lines as in `withLines`. They were checked before they
 * were stored; throws where they do not compile all the same.
 */
export function storedTerms({ terms, lines }: { terms: WireTerms; lines: readonly string[] | null }): Terms {
  const compiled = compileTerms(terms);
  if (compiled.kind === 'ok') return withLines(compiled.terms, lines);
  throw new Error(`stored terms do not compile: ${compiled.problems[0]!.message}`);
}

/** How far a version is from a new one: those that begin before it are nearer than all others. */
function distance(from: number, start: number): number {
  return from <= start ? start - from : Number.MAX_SAFE_INTEGER - start + from;
}

function isContinued(own: Component, other: Component): boolean {
  return own.kind === other.kind && own.on.some((type) => other.on.includes(type));
}

function unusedName(label: string, known: ReadonlySet<string>): string {
  let name = label;
  for (let count = 2; known.has(name); count++) name = `${label}/${count}`;
  return name;
}
