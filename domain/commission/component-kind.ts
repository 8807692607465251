// The interface of a kind of component, and the figures that its rules take and give.
import type { Terms, Component, EventType, Tiers } from '../types.ts';
import type { Common, Fields, Place, WireOf } from './component-form.ts';
import type { Group } from './group.ts';

/**
 * A slot's running sums, in the deal's currency. `conversionsCount` counts the conversions that
 * count in the slot: one that another version or amendment moved elsewhere leaves its facts behind
 * and counts no more.
 * Kept under the slot's lock, so that a busy month does not read its facts again. The audit
 * recomputes them.
 */
export type Aggregates = {
  basisMinor: bigint;
  volumeE4: bigint;
  ftdCount: number;
  conversionsCount: number;
  factsCount: number;
  factsHash: bigint;
};

/**
 * What a slot's target depends on beside its own facts: what its tiers count in the deal's month,
 * the loss carried over from earlier months (never above zero), and, where caps and tiers rank the
 * month's slots, its allotment.
 */
export type Links = { metric: bigint; carriedMinor: bigint; allotted: Allotted | null };

/**
 * What a month leaves to one ranked slot, the slot's place in that month, from 1, and how many or
 * how much the month reached; null for a slot that takes no place.
 */
export type Allotted = { minor: bigint; place: bigint | null; reached: bigint | null };

/**
 * What a slot of a customer or an event earns before caps: the amount, the conversion that decides
 * about it, and whether anything of that conversion is left.
 */
export type Standing = { minor: bigint; by: Group | null; isLeft: boolean };

export const NO_STANDING: Standing = { minor: 0n, by: null, isLeft: false };

/**
 * What identifies an event's slots in a deal. `month` is the event's, in the operator's time zone.
 */
export type Subject = { eventId: string; subject: string; affiliateId: string; month: string };

/** Writes minor units of the deal's currency for an explanation. */
export type WriteMoney = (minor: bigint) => string;

type Kind = Component['kind'];

type Shared<K extends Kind, F extends Fields> = {
  kind: K;
  /** The event's field that is the basis: its amount, or the payout that the operator computed. */
  basis: 'amount' | 'payout';
  /** What a slot of this kind sums itself; tiers that count anything else read the deal's month. */
  ownMetric: Tiers['metric'] | null;
  /**
   * Whether a negative month may lower the following months; such a component says so by `negative`
   * and `carryBy`.
   */
  isChained: boolean;
  /** How deals list the component; null for one that other terms add. */
  form: Form<K, F> | null;
  /**
   * Identifies the slot for ever: a changed key is a new slot, and the past would be booked twice.
   */
  slotKey(deal: { dealId: string; version: number }, label: string, of: Subject): string;
  /** Whether the rate applies to the event's amount, whose currency must then be known. */
  needsAmount(component: Component & { kind: K }): boolean;
  /** The rule in words, for partners. */
  formulaOf(component: Component & { kind: K }, money: WriteMoney): string;
};

/** The wire form of a kind: decimal text and percents. */
export type Form<K extends Kind, F extends Fields> = {
  /** Its fields beside `kind`, `on`, `tiers` and `cap`. */
  fields: F;
  /** The events that earn when `on` is absent. */
  defaultOn: readonly EventType[];
  /** The field that a step of its tiers replaces; null for a kind without tiers. */
  steps: 'amount' | 'percent' | null;
  /** Adds what is wrong to `place.problems`; the result then counts for nothing. */
  compile(wire: WireOf<F>, common: Common, place: Place): Component & { kind: K };
};

/**
 * A kind with a slot per customer or per event. A slot per event exists only once that event is
 * settled.
 * The audit recounts a slot that has a single conversion and no reversal from basis and volume
 * alone.
 */
export type SingleKind<K extends Kind = Kind, F extends Fields = Fields> = Shared<K, F> & {
  slotPer: 'customer' | 'event';
  /**
   * `place`, from 1, and `reached` belong to the month: tiers pay by one of them. Never below zero.
   */
  standingOf(
    component: Component & { kind: K },
    terms: Terms,
    groups: Iterable<Group>,
    place: bigint,
    reached: bigint,
  ): Standing;
};

/**
 * A kind with a slot per affiliate, deal version and month, which is rounded once.
 * Settling and audit know it by its sums alone.
 */
export type MonthlyKind<K extends Kind = Kind, F extends Fields = Fields> = Shared<K, F> & {
  slotPer: 'month';
  /** The month's commission before its cap; below zero for a loss. */
  shareOf(component: Component & { kind: K }, terms: Terms, sums: Aggregates, links: Links): bigint;
  /** What its tiers count. */
  countedOf(component: Component & { kind: K }, sums: Aggregates, links: Links): bigint;
  /** The sum that the rate applies to, by its name in the explanation's inputs. */
  summedOf(sums: Aggregates, money: WriteMoney): Record<string, string>;
};

export type ComponentKind<K extends Kind = Kind, F extends Fields = Fields> =
  SingleKind<K, F> | MonthlyKind<K, F>;
