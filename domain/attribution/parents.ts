// Parents of affiliates by date: who stands above an affiliate at a moment, and whether a change
// would put an affiliate above itself.

/** A parent, null: none, from `since` (milliseconds, or -Infinity) until the next one. */
export type ParentSince = { since: number; parentId: string | null };

/** By affiliate, each with its parents in the order of `since`, which differ. */
export type ParentHistory = ReadonlyMap<string, readonly ParentSince[]>;

/**
 * Parents of an affiliate at a moment, nearest first, at most `levels`. Stops before an affiliate
 * that came already.
 */
export function parentsAt(
  history: ParentHistory,
  affiliateId: string,
  moment: number,
  levels: number,
): string[] {
  const path = [affiliateId];
  while (path.length <= levels) {
    const parent = parentAt(history, path.at(-1)!, moment);
    if (parent === null || path.includes(parent)) break;
    path.push(parent);
  }
  return path.slice(1);
}

/**
 * Since when the parents that an affiliate has at a moment, at most `levels`, stand above it in
 * this order; -Infinity where they always did.
 */
export function parentsSince(
  history: ParentHistory,
  affiliateId: string,
  moment: number,
  levels: number,
): number {
  const chain = [affiliateId, ...parentsAt(history, affiliateId, moment, levels)].slice(0, levels);
  const sinces = chain.map((id) => inForceAt(history, id, moment)?.since ?? -Infinity);
  return Math.max(-Infinity, ...sinces);
}

function parentAt(history: ParentHistory, affiliateId: string, moment: number): string | null {
  return inForceAt(history, affiliateId, moment)?.parentId ?? null;
}

function inForceAt(history: ParentHistory, affiliateId: string, moment: number): ParentSince | undefined {
  return history.get(affiliateId)?.findLast(({ since }) => since <= moment);
}

/**
 * Whether the affiliate would stand above itself at any moment at which the change is in force:
 * from its `since` until the affiliate's next one. Those above the new parent may change meanwhile,
 * so every later change in the history is looked at too.
 * Example: B is below C, and from May on below A. A cannot come below B for longer than until May.
 */
export function formsCircle(
  history: ParentHistory,
  affiliateId: string,
  { since, parentId }: ParentSince,
): boolean {
  if (parentId === null) return false;
  const next = history.get(affiliateId)?.find((other) => other.since > since)?.since ?? Infinity;
  const changes = [...history.values()].flat().map((other) => other.since);
  const moments = [since, ...changes.filter((moment) => since < moment && moment < next)];
  return moments.some((moment) =>
    [parentId, ...parentsAt(history, parentId, moment, Infinity)].includes(affiliateId),
  );
}
