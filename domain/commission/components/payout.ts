// Kind `payout`: the commission that the operator computed and sent with the event.
// Deals do not list it: the terms' `payout` adds it, and it then replaces the other components for
// such events.
import type { Component } from '../../types.ts';
import { NO_STANDING, type SingleKind } from '../component-kind.ts';
import { standingAfterReversals } from '../event-standing.ts';

/** The component itself. It listens to no event type: a payout on the event selects it. */
export const PAYOUT: Component = { label: 'payout', kind: 'payout', on: [], tiers: null, cap: null };

export const payout = {
  kind: 'payout',
  slotPer: 'event',
  basis: 'payout',
  ownMetric: null,
  isChained: false,
  form: null,
  slotKey: ({ dealId }, _label, { eventId }) => `payout/${dealId}/${eventId}`,
  needsAmount: () => false,
  standingOf(_component, { rounding }, groups) {
    const [by] = groups;
    return by ? standingAfterReversals(by, by.earned.basisMinor, rounding) : NO_STANDING;
  },
  formulaOf: () => 'the sum that the operator computed, less the reversed share',
} as const satisfies SingleKind<'payout'>;
