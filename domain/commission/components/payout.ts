// Kind `payout`: the commission that the operator computed and sent with the event.
// The terms' `payout` adds this component; deals cannot list it. For events with a payout it
// replaces all other components.
import type { Component } from '../../types.ts';
import { netOfReversals, NO_COMMISSION, type SingleKind } from '../component-kind.ts';

/** The component that terms add. It names no event types: a payout on the event selects it. */
export const PAYOUT: Component = {
  label: 'payout',
  line: 'payout',
  kind: 'payout',
  on: [],
  tiers: null,
  cap: null,
};

export const payout = {
  kind: 'payout',
  slotPer: 'event',
  basis: 'payout',
  ownMetric: null,
  supportsCarryover: false,
  form: null,
  slotKey: ({ dealId }, _label, { affiliateId, eventId }) => `payout/${dealId}/${affiliateId}/${eventId}`,
  subjectIn: () => null,
  needsAmount: () => false,
  uncappedCommissionOf(_component, { rounding }, groups) {
    const [conversion] = groups;
    return conversion ? netOfReversals(conversion, conversion.accrual.basisMinor, rounding) : NO_COMMISSION;
  },
  formulaOf: () => 'the sum that the operator computed, less the reversed share',
} as const satisfies SingleKind<'payout'>;
