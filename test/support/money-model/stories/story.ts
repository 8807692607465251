// The form of a story: a rule in one sentence, the calls that try it, and the sums worked out by
// hand.
import type { ApiStep } from '../steps.ts';

export interface Story {
  /** The rule's number in issue 13. */
  readonly rule: number;
  /** The rule, as a sentence that is true of these steps. */
  readonly name: string;
  readonly steps: readonly ApiStep[];
  /** By affiliate: its sum in USD, or its sums by currency. Zero where it has none. */
  readonly balances: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  /** By event: its status, and its reason where the rule names one. */
  readonly events?: Readonly<Record<string, string>>;
}

/** Terms of one component and no hold. */
export const terms = (
  component: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
) => ({
  hold_days: 0,
  components: [component],
  ...more,
});

export const CPA = { kind: 'cpa', on: 'ftd', amount: '200.00' };
export const PERCENT = { kind: 'percent', on: ['sale', 'deposit', 'ftd'], percent: '10' };
export const REVSHARE = { kind: 'revshare', on: ['revenue'], percent: '25' };
/** Sale by sale 10 %, taken back in proportion by chargebacks too. */
export const PROPORTIONAL = terms(PERCENT, { clawback: { chargeback: 'proportional' } });
