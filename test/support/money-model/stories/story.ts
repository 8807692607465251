// The form of a story: a rule in one sentence, the calls that try it, and the sums worked out by
// hand.
import type { ApiStep } from '../steps.ts';

/** The money rules, by number. */
export const RULES = {
  1: 'time decides whose an event is',
  2: 'one person is one customer',
  3: 'what is set aside still binds',
  4: 'one bounty per customer',
  5: 'a new version in mid-month continues the month',
  6: 'facts of a date stay with that date',
  7: 'disputes are single',
  8: 'a reversal with less than it needs does the least',
  9: 'every decision has a way back',
  10: 'a wrong rate can be corrected',
  11: 'people change',
  12: 'deals by cohort',
  13: 'no placeholders',
  14: 'finer money',
  15: 'what is only counted is not paid',
} as const;

export interface Story {
  readonly rule: keyof typeof RULES;
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
