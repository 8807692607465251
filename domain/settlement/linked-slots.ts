// Links between slots of one deal and affiliate: which slots' targets change with a slot, and which
// figures a target takes from other slots.
import { allotMonth, type RankedSlot } from '../commission/allotment.ts';
import { carriedLosses, type CarryoverMonth } from '../commission/carry.ts';
import { carriesLosses, needsMonthMetric, isRanked } from '../commission/commission.ts';
import type { SlotLinks } from '../commission/component-kind.ts';
import { supportsCarryover } from '../commission/components/index.ts';
import { isCarryoverKind } from '../commission/slot-kinds.ts';
import { NO_LINKS } from '../commission/sums.ts';
import type { Component, Tiers } from '../types.ts';
import { countedIn, type Slot } from './slot.ts';

/** Links of the slots of a batch. */
export type Family = {
  /**
   * The other slots whose targets may have changed with this slot, in the order in which they are
   * settled.
   */
  movedBy(slot: Slot): Slot[];
  /** The figures of other slots that a slot's target depends on. */
  linksOf(slot: Slot, component: Component): SlotLinks;
  /** Drops computed allotments. To be called after the facts of a slot changed. */
  forget(): void;
};

/**
 * `slotsOf` reads the slots of a deal and affiliate at every call, since a batch opens slots.
 * `componentOf` returns null for a slot without a component.
 */
export function createFamily(
  slotsOf: (dealId: string, affiliateId: string) => readonly Slot[],
  componentOf: (slot: Slot) => Component | null,
): Family {
  /** Allotments of a month, computed once for all of its slots. */
  const allotments = new Map<string, ReturnType<typeof allotMonth>>();

  const others = (slot: Slot, is: (other: Slot, component: Component) => boolean): Slot[] => {
    const found = slotsOf(slot.version.dealId, slot.affiliateId).filter((other) => {
      const component = other === slot ? null : componentOf(other);
      return component !== null && is(other, component);
    });
    return found.toSorted((a, b) => (inChain(a, b) < 0 ? -1 : 1));
  };

  /** The months of one revenue share, in order. */
  const chainOf = (slot: Slot): Slot[] =>
    [
      ...others(slot, ({ name }) => isCarryoverKind(name.kind) && name.component === slot.name.component),
      slot,
    ].toSorted(inChain);

  const membersOf = (slot: Slot): Slot[] => [
    slot,
    ...others(slot, ({ name }) => name.component === slot.name.component && name.period === slot.name.period),
  ];

  const asMember = (slot: Slot): RankedSlot[] => {
    const component = componentOf(slot);
    if (component === null) return [];
    const metric = needsMonthMetric(component) ? metricOf(slot, component.tiers) : null;
    return [{ id: slot.id, component, terms: slot.version.terms, groups: [...countedIn(slot)], metric }];
  };

  const metricOf = (slot: Slot, tiers: Tiers | null): bigint => {
    if (tiers === null) return 0n;
    for (const { name, sums } of slotsOf(slot.version.dealId, slot.affiliateId)) {
      if (name.kind !== 'month' || name.period !== slot.name.period) continue;
      return { revenue: sums.basisMinor, volume: sums.volumeE4, ftd_count: BigInt(sums.ftdCount) }[
        tiers.metric
      ];
    }
    return 0n;
  };

  const chained = (slot: Slot): CarryoverMonth[] =>
    chainOf(slot).flatMap((month) => {
      const component = componentOf(month);
      // A month may exist before it has conversions, or lose all of them to another version; losses
      // are carried over it.
      if (component === null || !supportsCarryover(component) || month.sums.conversionsCount === 0) return [];
      return [
        {
          id: month.id,
          component,
          terms: month.version.terms,
          sums: month.sums,
          metric: metricOf(month, component.tiers),
        },
      ];
    });

  /**
   * Later months of a share that take over its losses. A month that resets ends the carryover and
   * changes them too.
   */
  const laterThan = (slot: Slot): Slot[] => {
    if (!isCarryoverKind(slot.name.kind)) return [];
    const chain = chainOf(slot);
    return chain.slice(chain.indexOf(slot) + 1).filter((later) => {
      const component = componentOf(later);
      return component !== null && carriesLosses(component);
    });
  };

  return {
    movedBy(slot) {
      if (slot.name.kind === 'month') {
        const counting = others(
          slot,
          ({ name }, component) => name.period === slot.name.period && needsMonthMetric(component),
        );
        return counting.flatMap((other) => [other, ...laterThan(other)]);
      }
      const component = componentOf(slot);
      return component !== null && isRanked(component) ? membersOf(slot).slice(1) : laterThan(slot);
    },
    linksOf(slot, component) {
      const metric = metricOf(slot, component.tiers);
      if (isRanked(component)) {
        const month = `${slot.version.dealId} ${slot.affiliateId} ${slot.name.component} ${slot.name.period}`;
        let allotted = allotments.get(month);
        if (!allotted) allotments.set(month, (allotted = allotMonth(membersOf(slot).flatMap(asMember))));
        return {
          ...NO_LINKS,
          metric,
          allotment: allotted.get(slot.id) ?? { minor: 0n, place: null, reached: null },
        };
      }
      if (!carriesLosses(component)) return { ...NO_LINKS, metric };
      return { ...NO_LINKS, metric, carriedMinor: carriedLosses(chained(slot)).get(slot.id) ?? 0n };
    },
    forget: () => allotments.clear(),
  };
}

function inChain(a: Slot, b: Slot): number {
  const [earlier, later] = [a.name.period ?? '', b.name.period ?? ''];
  if (earlier !== later) return earlier < later ? -1 : 1;
  return a.version.version - b.version.version || (a.name.key < b.name.key ? -1 : 1);
}
