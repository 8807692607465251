// What a month's caps and tiers leave to each thing that is paid by itself: the earliest are paid first, whatever arrived first.
import { isBefore, standingOf, type Group, type Standing } from './commission.ts';
import type { Component, Terms } from './types.ts';

/** One CPA or percentage of the month, by the version that rates it. */
export type Member = { id: string; component: Component; terms: Terms; groups: Iterable<Group> };

/**
 * What each of a month's members gets, by its id. Members that are worth nothing take no place.
 * Example: a cap of 2 leaves the third of three first deposits nothing; when the first is charged back, the third gets its CPA.
 */
export function allot(members: readonly Member[]): Map<string, bigint> {
  const ranked = members
    .flatMap((member) => {
      const { minor, by } = standingOf(member.component, member.terms, member.groups, 1n, 1n);
      return minor > 0n && by !== null ? [{ member, by }] : [];
    })
    .toSorted((a, b) => (isBefore(a.by.earned, b.by.earned) ? -1 : 1));
  const allotted = new Map(members.map(({ id }) => [id, 0n]));
  const reached = BigInt(ranked.length);
  let paid = 0n;
  ranked.forEach(({ member: { id, component, terms, groups } }, index) => {
    const { minor }: Standing = standingOf(component, terms, groups, BigInt(index + 1), reached);
    const { count, amountMinor } = component.cap ?? { count: null, amountMinor: null };
    const room = count !== null && index >= count ? 0n : amountMinor === null ? minor : amountMinor - paid;
    const given = room <= 0n ? 0n : minor < room ? minor : room;
    paid += given;
    allotted.set(id, given);
  });
  return allotted;
}
