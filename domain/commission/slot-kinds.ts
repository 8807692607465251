// Kinds of slots: one for each kind of component, and three kinds that no component rates.
import type { Component } from '../types.ts';
import { ALL_KINDS } from './components/index.ts';

/**
 * Kinds that no component rates. `month` earns nothing and counts the metrics that tiers of other
 * slots read. `override` pays a parent affiliate a part of another slot's commission. `manual`
 * holds a manual adjustment, outside any deal.
 */
const KINDS_WITHOUT_COMPONENT = ['month', 'override', 'manual'] as const;

type ComponentKindName = Component['kind'];

/** Kinds of slots that settling opens and rates. */
export type SlotKind = ComponentKindName | Exclude<(typeof KINDS_WITHOUT_COMPONENT)[number], 'manual'>;

const namesOf = (kinds: typeof ALL_KINDS): ComponentKindName[] => kinds.map(({ kind }) => kind);

/** Every kind of slot in the database. */
export const SLOT_KINDS: readonly string[] = [...namesOf(ALL_KINDS), ...KINDS_WITHOUT_COMPONENT];
/** Kinds whose slots hold commission and appear in lists of commissions. */
export const COMMISSION_KINDS = SLOT_KINDS.filter((kind) => kind !== 'month');
/** Kinds with a slot per month. */
export const MONTHLY_KINDS = namesOf(ALL_KINDS.filter(({ slotPer }) => slotPer === 'month'));
/** Kinds with a slot per customer or per event, where one conversion earns the commission. */
export const SINGLE_KINDS = namesOf(ALL_KINDS.filter(({ slotPer }) => slotPer !== 'month'));
/** Kinds with a slot per customer, where several conversions compete for one commission. */
export const CUSTOMER_KINDS = namesOf(ALL_KINDS.filter(({ slotPer }) => slotPer === 'customer'));
/** Kinds whose basis is the payout that the operator computed. */
export const OPERATOR_PAYOUT_KINDS = namesOf(ALL_KINDS.filter(({ basis }) => basis === 'payout'));
/** Kinds whose losses can be carried from month to month. */
export const CARRYOVER_KINDS = namesOf(ALL_KINDS.filter(({ supportsCarryover }) => supportsCarryover));

const monthly: ReadonlySet<SlotKind> = new Set<SlotKind>([...MONTHLY_KINDS, 'month']);
const perCustomer: ReadonlySet<SlotKind> = new Set<SlotKind>(CUSTOMER_KINDS);
const perEvent: ReadonlySet<SlotKind> = new Set<SlotKind>(
  SINGLE_KINDS.filter((kind) => !CUSTOMER_KINDS.includes(kind)),
);
const carryover: ReadonlySet<SlotKind> = new Set<SlotKind>(CARRYOVER_KINDS);
/** Kinds of components that may be for some symbols. */
export const SYMBOL_KINDS = namesOf(ALL_KINDS.filter(({ symbolsOf }) => symbolsOf !== undefined));

const operatorPayout: ReadonlySet<SlotKind> = new Set<SlotKind>(OPERATOR_PAYOUT_KINDS);

/** Whether the slot sums a month. Settling loads the running sums of such a slot, not its facts. */
export const isMonthly = (kind: SlotKind): boolean => monthly.has(kind);
/** Whether the slot belongs to a customer, whose conversions share the slot. */
export const isPerCustomer = (kind: SlotKind): boolean => perCustomer.has(kind);
/** Whether the slot belongs to one event, and so does not exist before that event is settled. */
export const isPerEvent = (kind: SlotKind): boolean => perEvent.has(kind);
/** Whether a loss of the slot can be carried into later months. */
export const isCarryoverKind = (kind: SlotKind): boolean => carryover.has(kind);
/** Whether the slot's basis is the payout that the operator computed, not the event's amount. */
export const isOperatorPayout = (kind: SlotKind): boolean => operatorPayout.has(kind);
