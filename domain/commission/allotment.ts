// What a month's caps and tiers leave to each thing that is paid by itself: the earliest are paid first, whatever arrived first.
import { standingOf } from './commission.ts';
import type { Allotted } from './component-kind.ts';
import { isBefore, type Group } from './group.ts';
import type { Component, Terms } from '../types.ts';

/** One CPA or percentage of the month, by the version that rates it; `metric` is what its tiers count where that is not the members themselves. */
export type Member = {
  id: string;
  component: Component;
  terms: Terms;
  groups: Iterable<Group>;
  metric: bigint | null;
};

/**
 * What each of a month's members gets, by its id. Members of which nothing is left take no place; those that a step pays nothing count for the
 * steps, but not for a cap.
 * Example: a cap of 2 leaves the third of three first deposits nothing; when the first is charged back, the third gets its CPA.
 */
export function allot(members: readonly Member[]): Map<string, Allotted> {
  const ranked = members
    .flatMap((member) => {
      const { by, isLeft } = standingOf(member.component, member.terms, member.groups);
      return by !== null && isLeft ? [{ member, by }] : [];
    })
    .toSorted((a, b) => (isBefore(a.by.earned, b.by.earned) ? -1 : 1));
  const allotted = new Map<string, Allotted>(
    members.map(({ id }) => [id, { minor: 0n, place: null, reached: null }]),
  );
  const reached = BigInt(ranked.length);
  let [paid, countPaid] = [0n, 0];
  ranked.forEach(({ member: { id, component, terms, groups, metric } }, index) => {
    const came = { place: BigInt(index + 1), reached: metric ?? reached };
    const { minor } = standingOf(component, terms, groups, came.place, came.reached);
    const { count, amountMinor } = component.cap ?? { count: null, amountMinor: null };
    const room =
      count !== null && countPaid >= count ? 0n : amountMinor === null ? minor : amountMinor - paid;
    const given = room <= 0n ? 0n : minor < room ? minor : room;
    paid += given;
    if (given > 0n) countPaid++;
    allotted.set(id, { minor: given, ...came });
  });
  return allotted;
}
