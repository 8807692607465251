// Kinds of slots: one for each kind of component, and those that no component rates.
import type { Component } from '../types.ts';
import { ALL_KINDS } from './components/index.ts';

/**
 * `month` earns nothing and counts what tiers of other slots go by. `override` pays a parent a part
 * of another slot.
 * `manual` holds an adjustment by hand, outside of any deal.
 */
const OTHER_KINDS = ['month', 'override', 'manual'] as const;

type ComponentKindName = Component['kind'];

/** The kind of a slot that settling knows. */
export type SlotKind = ComponentKindName | Exclude<(typeof OTHER_KINDS)[number], 'manual'>;

const namesOf = (kinds: typeof ALL_KINDS): ComponentKindName[] => kinds.map(({ kind }) => kind);

/** Every kind of slot that the database may hold. */
export const SLOT_KINDS: readonly string[] = [...namesOf(ALL_KINDS), ...OTHER_KINDS];
/** Kinds whose slots hold commission, as lists of commissions show them. */
export const COMMISSION_KINDS = SLOT_KINDS.filter((kind) => kind !== 'month');
/** Kinds of components with a slot per month. */
export const MONTHLY_KINDS = namesOf(ALL_KINDS.filter(({ slotPer }) => slotPer === 'month'));
/** Kinds whose slots are paid for one conversion: those with a slot per customer or per event. */
export const SINGLE_KINDS = namesOf(ALL_KINDS.filter(({ slotPer }) => slotPer !== 'month'));
/** Kinds in whose slots several conversions of a customer compete. */
export const CUSTOMER_KINDS = namesOf(ALL_KINDS.filter(({ slotPer }) => slotPer === 'customer'));
/** Kinds whose basis is the payout that the operator computed. */
export const COMPUTED_KINDS = namesOf(ALL_KINDS.filter(({ basis }) => basis === 'payout'));
/** Kinds of components whose losses may be carried from month to month. */
export const CHAINED_KINDS = namesOf(ALL_KINDS.filter(({ isChained }) => isChained));

const monthly: ReadonlySet<SlotKind> = new Set<SlotKind>([...MONTHLY_KINDS, 'month']);
const perCustomer: ReadonlySet<SlotKind> = new Set<SlotKind>(CUSTOMER_KINDS);
const perEvent: ReadonlySet<SlotKind> = new Set<SlotKind>(
  SINGLE_KINDS.filter((kind) => !CUSTOMER_KINDS.includes(kind)),
);
const chained: ReadonlySet<SlotKind> = new Set<SlotKind>(CHAINED_KINDS);
const computed: ReadonlySet<SlotKind> = new Set<SlotKind>(COMPUTED_KINDS);

/** Whether a slot is a sum over a month, of which only the running sums are loaded. */
export const isMonthly = (kind: SlotKind): boolean => monthly.has(kind);
/** Whether several conversions of a customer share a slot, of which one qualifies the customer. */
export const isPerCustomer = (kind: SlotKind): boolean => perCustomer.has(kind);
/** Whether a slot belongs to one event, so that it cannot be there before that event is settled. */
export const isPerEvent = (kind: SlotKind): boolean => perEvent.has(kind);
/** Whether a loss of a slot may be carried into the slots of the following months. */
export const isChainedKind = (kind: SlotKind): boolean => chained.has(kind);
/**
 * Whether a slot's basis is the payout that the operator computed, in place of the event's amount.
 */
export const isComputed = (kind: SlotKind): boolean => computed.has(kind);
