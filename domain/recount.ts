// What a slot should hold, worked out anew from its facts alone: what the audit compares the books with.
import { hashOf } from './books.ts';
import { firstOf, isMonthly, NOTHING, targetOf, weightOf, type Aggregates, type Group, type SlotKind } from './commission.ts';
import type { DealVersion } from './types.ts';

/** The sums, the deal version that decides, and the commission in minor units of its currency. */
export type Recounted = { sums: Aggregates; version: DealVersion; targetMinor: bigint };

export type Recount = {
  /** Adds what is known of one conversion; each of a slot's conversions is added once, in any order. */
  add(group: Group): void;
  /** `pinned` is the version a monthly slot belongs to. Throws where the version that decides has no such component. */
  result(component: string, pinned: DealVersion): Recounted;
};

/** Recounts one slot. A monthly slot's conversions are summed and forgotten, so that there may be millions of them. */
export function startRecount(kind: SlotKind): Recount {
  let sums = NOTHING;
  const kept: Group[] = [];
  return {
    add(group) {
      const { basisMinor, volumeE4, ftdCount } = weightOf(kind, group);
      const facts = [group.earned, ...group.others];
      sums = {
        basisMinor: sums.basisMinor + basisMinor,
        volumeE4: sums.volumeE4 + volumeE4,
        ftdCount: sums.ftdCount + ftdCount,
        factsCount: sums.factsCount + facts.length,
        factsHash: facts.reduce((hash, fact) => hash ^ hashOf(fact), sums.factsHash),
      };
      if (!isMonthly(kind)) kept.push(group);
    },
    result(label, pinned) {
      const version = isMonthly(kind) ? pinned : (firstOf(kept)?.version ?? pinned);
      const component = version.terms.components.find((one) => one.label === label);
      if (!component) throw new Error(`version ${version.version} of ${version.dealId} has no component ${label}`);
      return { sums, version, targetMinor: targetOf(component, version.terms, kept, sums) };
    },
  };
}
