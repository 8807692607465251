// Interface of a component kind: wire form, slot key, commission rule and formula.
import type { Rounding, Terms, Component, EventType, SymbolRule, Tiers } from '../types.ts';
import type { CommonFields, Fields, FormContext, WireOf } from './component-form.ts';
import { reversedIn, type Group } from './group.ts';
import { leftOf } from './reversals.ts';

/**
 * A slot's running sums: minor units of the deal's currency, ten-thousandths of a lot, and counts.
 * `conversionsCount` leaves out a conversion that a later version or amendment moved to other
 * slots; `factsCount` and `factsHash` keep that conversion's facts.
 * The sums are updated under the slot's lock, so that settling a busy month does not read the
 * month's facts again. The audit recomputes them.
 */
export type SlotSums = {
  basisMinor: bigint;
  volumeE4: bigint;
  ftdCount: number;
  conversionsCount: number;
  factsCount: number;
  factsHash: bigint;
};

/**
 * Inputs of a target from other slots: the deal's month in the units of the component's tiers, the
 * share of a monthly slot in its month, and the slot's allotment where caps or tiers rank the
 * month's slots. Without a share, a monthly slot is a month of its own. `earnedBefore`: the
 * conversion with which the customer earned a rival bounty, so that this slot earns nothing.
 */
export type SlotLinks = {
  metric: bigint;
  share: MonthShare | null;
  allotment: Allotment | null;
  earnedBefore: Group | null;
};

/**
 * Share of one deal version's part in a month's commission, in minor units. `carriedMinor`: the
 * loss that entered the month, as revenue or as commission, never above zero. `reached`: the sum of
 * the whole month that the rate applies to, after revenue carried over. `whole`: the month's sums
 * and what its earlier parts hold; null for a month of one part.
 */
export type MonthShare = {
  minor: bigint;
  carriedMinor: bigint;
  reached: bigint;
  whole: { sums: SlotSums; beforeMinor: bigint } | null;
};

/**
 * Commission that a month leaves to one ranked slot, in minor units. `place` is the slot's place in
 * the month, from 1; `reached` is the month's total in the units of the tiers. Both are null for a
 * slot without a place.
 */
export type Allotment = { minor: bigint; place: bigint | null; reached: bigint | null };

/**
 * Commission of a slot of a customer or an event before caps, in minor units, with the conversion
 * that earns it. `hasRemainder`: reversals left something of that conversion.
 */
export type UncappedCommission = { minor: bigint; conversion: Group | null; hasRemainder: boolean };

/** Commission of a slot without a conversion that earns. */
export const NO_COMMISSION: UncappedCommission = { minor: 0n, conversion: null, hasRemainder: false };

/** Commission of a single conversion less the reversed share; never below zero. */
export function netOfReversals(
  conversion: Group,
  grossMinor: bigint,
  rounding: Rounding,
): UncappedCommission {
  const net = leftOf(grossMinor, reversedIn(conversion), rounding);
  return { minor: net < 0n ? 0n : net, conversion, hasRemainder: net > 0n };
}

/**
 * Parts of a slot's key, from one event. `month` is the event's month in the time zone of its time.
 * `parentsSince`: since when the affiliate's parents at the event stand above it; null: always.
 */
export type SlotScope = {
  eventId: string;
  subject: string;
  affiliateId: string;
  month: string;
  parentsSince: number | null;
};

/**
 * Formats minor units of the deal's currency for an explanation. `decimals`: how many more the
 * amount has than minor units.
 */
export type FormatMoney = (minor: bigint, decimals?: number) => string;

type Kind = Component['kind'];

type KindRules<K extends Kind, F extends Fields> = {
  kind: K;
  /** The event's field that is the basis: the amount, or the payout that the operator computed. */
  basis: 'amount' | 'payout';
  /** Metric that the kind's slots sum. Tiers by any other metric read the deal's month. */
  ownMetric: Tiers['metric'] | null;
  /** Whether the component has `negative` and `carryBy`, which carry losses into later months. */
  supportsCarryover: boolean;
  /** Wire form in a deal's `components`; null for a kind that other terms add. */
  form: KindForm<K, F> | null;
  /**
   * Permanent key of the slot. It names the affiliate, since a conversion may come to another one
   * who earns by the same deal. A kind whose keys change would open new slots and book past
   * commission twice.
   */
  slotKey(deal: { dealId: string; version: number }, label: string, of: SlotScope): string;
  /** Whether the commission depends on the event's amount, so that its currency must be known. */
  needsAmount(component: Component & { kind: K }): boolean;
  /** The trades that a component names, null for none; missing where symbols mean nothing. */
  symbolsOf?(component: Component & { kind: K }): SymbolRule | null;
  /** The rule in words, for partners. */
  formulaOf(component: Component & { kind: K }, money: FormatMoney): string;
};

/** Wire form of a kind: decimal text and percents. */
type KindForm<K extends Kind, F extends Fields> = {
  /** Fields besides `kind`, `on`, `tiers` and `cap`. */
  fields: F;
  /** Event types that earn when `on` is absent. */
  defaultOn: readonly EventType[];
  /** Field of a tier's step, which replaces the component's own; null for a kind without tiers. */
  tierField: 'amount' | 'percent' | null;
  /** Whether the amounts of tiers are rates per lot, which have more decimals. */
  hasLotRates?: true;
  /** What tells two components with the same events apart, as a part of their labels. */
  labelOf?(wire: WireOf<F>): string;
  /** Adds problems to `context.problems`; the caller then discards the returned component. */
  compile(wire: WireOf<F>, common: CommonFields, context: FormContext): Component & { kind: K };
};

/**
 * What the conversions of a customer must come to, null where nothing is asked. `counts`: whether
 * the first conversion alone counts. `withinDays`: of the first one.
 */
export type Conditions = {
  counts: 'first' | 'all';
  minAmountMinor: bigint | null;
  minVolumeE4: bigint | null;
  withinDays: number | null;
};

/**
 * A kind with a slot per customer or per event. A slot per event exists only once that event is
 * settled.
 * The audit recounts a slot with a single conversion and no reversal from basis and volume alone.
 */
export type SingleKind<K extends Kind = Kind, F extends Fields = Fields> = KindRules<K, F> & {
  slotPer: 'customer' | 'event';
  /** The customer in a key that `slotKey` made; null for a slot per event. */
  subjectIn(key: string): string | null;
  /** What a customer must reach; missing where every conversion earns. */
  conditionsOf?(component: Component & { kind: K }): Conditions;
  /**
   * Commission before caps; never below zero. Tiers pay by the slot's `place` in the month, from 1,
   * or by the total that the month `reached`.
   */
  uncappedCommissionOf(
    component: Component & { kind: K },
    terms: Terms,
    groups: Iterable<Group>,
    place: bigint,
    reached: bigint,
  ): UncappedCommission;
};

/**
 * A kind with a slot per affiliate, deal version and month. The slots of a month are rated
 * together, in `month.ts`, and rounded once.
 * Settling and audit compute their targets from the slots' sums, without the facts.
 */
export type MonthlyKind<K extends Kind = Kind, F extends Fields = Fields> = KindRules<K, F> & {
  slotPer: 'month';
  /** Divisor that turns a sum times a rate into minor units. */
  unit: bigint;
  /** The component's own rate, below the first step of tiers. */
  rateOf(component: Component & { kind: K }): bigint;
  /** The sum that the rate applies to. */
  sumOf(sums: SlotSums): bigint;
  /** The same sum by its name, for the explanation. */
  sumInputOf(sums: SlotSums, money: FormatMoney): { name: string; value: string };
};

export type ComponentKind<K extends Kind = Kind, F extends Fields = Fields> =
  SingleKind<K, F> | MonthlyKind<K, F>;
