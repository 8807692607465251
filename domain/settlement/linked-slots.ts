// Links between slots of one affiliate: which slots' targets change with a slot, and which figures
// a target takes from other slots.
import { allotMonth, type RankedSlot } from '../commission/allotment.ts';
import { areRivals, claimsLost, type Bounty, type Claim } from '../commission/bounties.ts';
import { sharesOfMonths } from '../commission/carry.ts';
import { carriesLosses, needsMonthMetric, isRanked, subjectOfSlot } from '../commission/commission.ts';
import type { MonthShare, SlotLinks } from '../commission/component-kind.ts';
import type { Group } from '../commission/group.ts';
import { compareParts, NO_SHARE, type MonthPart, type PartStart } from '../commission/month.ts';
import { isMonthly } from '../commission/slot-kinds.ts';
import { NO_LINKS } from '../commission/sums.ts';
import type { Component, Tiers } from '../types.ts';
import { claimingConversion, componentOf, countedIn, lineOf, type Slot } from './slot.ts';
import type { SlotIndex } from './slot-index.ts';

/** Links of the slots of a batch. */
export type Family = {
  /**
   * The other slots whose targets may have changed with this slot, in the order in which they are
   * settled.
   */
  movedBy(slot: Slot): Slot[];
  /** The figures of other slots that a slot's target depends on. */
  linksOf(slot: Slot, component: Component): SlotLinks;
  /** The slots that share a slot's month, in order, without those that have no conversions. */
  monthOf(slot: Slot): Slot[];
  /**
   * Drops computed allotments, shares and lost claims. To be called after the facts of a slot
   * changed.
   */
  forget(): void;
};

/** The index is read at every call, since a batch opens slots. */
export function createFamily(index: Pick<SlotIndex, 'ofDeal' | 'monthsOf' | 'ofCustomer'>): Family {
  /** Allotments of a month, computed once for all of its slots. */
  const allotments = new Map<string, ReturnType<typeof allotMonth>>();
  /** Shares of all months of a component, computed once for all of its slots. */
  const shares = new Map<string, Map<string, MonthShare>>();

  /** Claims of a customer that earn nothing, computed once for all slots of the customer. */
  const lost = new Map<string, ReturnType<typeof claimsLost>>();

  /** The slots of all months and versions of a slot's component, in order. */
  const chainOf = (slot: Slot): Slot[] => {
    const line = lineOf(slot);
    return index
      .monthsOf(slot.version.dealId, slot.affiliateId)
      .filter((other) => lineOf(other) === line)
      .toSorted(inChain);
  };

  /** The other slots whose targets change with a monthly slot: of its month, and of later ones. */
  const alongWith = (slot: Slot): Slot[] => {
    const chain = chainOf(slot);
    const carries = chain.some((other) => carriesLosses(componentOf(other)!));
    return chain.filter(
      (other) =>
        other !== slot && (other.name.period === slot.name.period || (carries && inChain(slot, other) < 0)),
    );
  };

  const membersOf = (slot: Slot): Slot[] => {
    const line = lineOf(slot);
    const others = index
      .ofDeal(slot.version.dealId, slot.affiliateId)
      .filter((other) => other !== slot && other.name.period === slot.name.period && lineOf(other) === line);
    return [slot, ...others.toSorted(inChain)];
  };

  /** The other slots of a customer whose claims decide with a slot's; empty without a rival. */
  const rivalsOf = (slot: Slot): Slot[] => {
    const ofCustomer = slotsOfCustomer(index, slot);
    const isContested = ofCustomer.some(
      (other) => other !== slot && areRivals(asBounty(slot), asBounty(other)),
    );
    return isContested ? ofCustomer.filter((other) => other !== slot).toSorted(inChain) : [];
  };

  const earnedBefore = (slot: Slot): Group | null => {
    const ofCustomer = slotsOfCustomer(index, slot);
    if (ofCustomer.length < 2) return null;
    const customer = `${slot.affiliateId} ${subjectOfSlot(slot.name)}`;
    let known = lost.get(customer);
    if (!known) lost.set(customer, (known = claimsLost(ofCustomer.map(asClaim))));
    return known.get(slot.id) ?? null;
  };

  /** The other slots that caps or steps move with a slot of a customer or an event. */
  const rankedWith = (slot: Slot): Slot[] => {
    const component = componentOf(slot);
    return component !== null && isRanked(component) ? membersOf(slot).slice(1) : [];
  };

  const asMember = (slot: Slot): RankedSlot[] => {
    const component = componentOf(slot);
    if (component === null || earnedBefore(slot) !== null) return [];
    const metric = needsMonthMetric(component) ? metricOf(slot, component.tiers) : null;
    return [{ id: slot.id, component, terms: slot.version.terms, groups: [...countedIn(slot)], metric }];
  };

  const metricOf = (slot: Slot, tiers: Tiers | null): bigint => {
    if (tiers === null) return 0n;
    for (const { name, sums } of index.monthsOf(slot.version.dealId, slot.affiliateId)) {
      if (name.kind !== 'month' || name.period !== slot.name.period) continue;
      return { revenue: sums.basisMinor, volume: sums.volumeE4, ftd_count: BigInt(sums.ftdCount) }[
        tiers.metric
      ];
    }
    return 0n;
  };

  const asPart = (slot: Slot): MonthPart & { id: string } => {
    const component = componentOf(slot)!;
    const metric = metricOf(slot, component.tiers);
    return { id: slot.id, component, terms: slot.version.terms, sums: slot.sums, metric };
  };

  const shareOf = (slot: Slot): MonthShare => {
    const component = `${slot.version.dealId} ${slot.affiliateId} ${lineOf(slot)}`;
    let known = shares.get(component);
    if (!known) {
      const months = new Map<string | null, (MonthPart & { id: string })[]>();
      for (const part of chainOf(slot).filter(hasConversions)) {
        const { period } = part.name;
        months.set(period, [...(months.get(period) ?? []), asPart(part)]);
      }
      known = sharesOfMonths(months.values());
      shares.set(component, known);
    }
    return known.get(slot.id) ?? NO_SHARE;
  };

  const allotmentOf = (slot: Slot): SlotLinks['allotment'] => {
    const month = `${slot.version.dealId} ${slot.affiliateId} ${lineOf(slot)} ${slot.name.period}`;
    let known = allotments.get(month);
    if (!known) allotments.set(month, (known = allotMonth(membersOf(slot).flatMap(asMember))));
    return known.get(slot.id) ?? { minor: 0n, place: null, reached: null };
  };

  return {
    movedBy(slot) {
      if (slot.name.kind === 'month') {
        const counting = index
          .ofDeal(slot.version.dealId, slot.affiliateId)
          .filter((other) => other.name.period === slot.name.period && countsMonth(other))
          .toSorted(inChain);
        return counting.flatMap((other) =>
          isMonthly(other.name.kind) ? [other, ...alongWith(other)] : [other],
        );
      }
      if (isMonthly(slot.name.kind)) return alongWith(slot);
      return [...rankedWith(slot), ...rivalsOf(slot).flatMap((rival) => [rival, ...rankedWith(rival)])];
    },
    linksOf(slot, component) {
      const links = { ...NO_LINKS, metric: metricOf(slot, component.tiers) };
      if (isMonthly(slot.name.kind)) return { ...links, share: shareOf(slot) };
      const before = earnedBefore(slot);
      if (before !== null) return { ...links, earnedBefore: before };
      return isRanked(component) ? { ...links, allotment: allotmentOf(slot) } : links;
    },
    monthOf: (slot) =>
      chainOf(slot).filter((other) => other.name.period === slot.name.period && hasConversions(other)),
    forget() {
      allotments.clear();
      shares.clear();
      lost.clear();
    },
  };
}

/**
 * Whether a month's part counts. A slot may exist before it has conversions, or lose all of them to
 * another version; then its terms neither carry a loss nor drop it.
 */
const hasConversions = ({ sums }: Slot): boolean => sums.conversionsCount > 0;

function countsMonth(slot: Slot): boolean {
  const component = componentOf(slot);
  return component !== null && needsMonthMetric(component);
}

function slotsOfCustomer(index: Pick<SlotIndex, 'ofCustomer'>, { name, affiliateId }: Slot): readonly Slot[] {
  const subject = subjectOfSlot(name);
  return subject === null ? [] : index.ofCustomer(affiliateId, subject);
}

function asBounty(slot: Slot): Bounty {
  return { version: slot.version, component: componentOf(slot)! };
}

function asClaim(slot: Slot): Claim {
  return { ...asBounty(slot), id: slot.id, key: slot.name.key, conversion: claimingConversion(slot) };
}

/** The order of months, and of the parts of a month. */
function inChain(a: Slot, b: Slot): number {
  const [earlier, later] = [a.name.period ?? '', b.name.period ?? ''];
  if (earlier !== later) return earlier < later ? -1 : 1;
  return compareParts(startOf(a), startOf(b)) || (a.name.key < b.name.key ? -1 : 1);
}

function startOf({ name, version: { effectiveFrom, version } }: Slot): PartStart {
  return { effectiveFrom, version, parentsSince: name.parentsSince ?? 0 };
}
