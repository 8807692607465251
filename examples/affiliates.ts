// The twelve affiliates of the example and their deals: every kind of deal the data can feed, every
// rounding, and the operator's default deal.
import type { EarningEvent } from './story.ts';

/**
 * One component of a deal in the API's form. Amounts are dollars; percents may have four decimals.
 */
export type Component =
  | { kind: 'cpa'; on: EarningEvent; amount: string; min_amount?: string }
  | { kind: 'percent' | 'revshare'; on: EarningEvent[]; percent: string };

/** Deal terms in the API's form. */
export interface Terms {
  components: Component[];
  rounding?: 'half_even' | 'half_up' | 'down';
}

export interface Affiliate {
  name: string;
  /** Without terms the operator's default deal holds. */
  terms?: Terms;
  /** HTTP method of this affiliate's postbacks. */
  method: 'POST' | 'GET';
}

/**
 * Days before a chargeback without a reference within which its customer's conversions are
 * reversed; the API's default.
 */
export const CLAWBACK_DAYS = 90;

/** Deal of every affiliate without a deal of its own. */
export const DEFAULT_TERMS: Terms = {
  components: [{ kind: 'percent', on: ['ftd', 'deposit'], percent: '10' }],
};

const PURCHASES: EarningEvent[] = ['ftd', 'deposit'];

export const AFFILIATES: readonly Affiliate[] = [
  {
    name: 'Bounty',
    method: 'POST',
    terms: { components: [{ kind: 'cpa', on: 'ftd', amount: '15.00', min_amount: '20.00' }] },
  },
  {
    name: 'Loyal',
    method: 'GET',
    terms: { components: [{ kind: 'percent', on: ['deposit'], percent: '7.5' }] },
  },
  {
    name: 'Share',
    method: 'POST',
    terms: { components: [{ kind: 'revshare', on: PURCHASES, percent: '25' }] },
  },
  {
    name: 'Welcome',
    method: 'GET',
    terms: {
      components: [
        { kind: 'cpa', on: 'registration', amount: '2.00' },
        { kind: 'percent', on: ['deposit'], percent: '5' },
      ],
    },
  },
  {
    name: 'Hybrid',
    method: 'POST',
    terms: {
      components: [
        { kind: 'cpa', on: 'ftd', amount: '10.00', min_amount: '10.00' },
        { kind: 'revshare', on: ['deposit'], percent: '12.5' },
      ],
    },
  },
  {
    name: 'Even',
    method: 'POST',
    terms: { components: [{ kind: 'percent', on: PURCHASES, percent: '12.5' }] },
  },
  {
    name: 'Up',
    method: 'GET',
    terms: { components: [{ kind: 'percent', on: PURCHASES, percent: '12.5' }], rounding: 'half_up' },
  },
  {
    name: 'Down',
    method: 'POST',
    terms: { components: [{ kind: 'percent', on: PURCHASES, percent: '33.3333' }], rounding: 'down' },
  },
  {
    name: 'Winback',
    method: 'GET',
    terms: {
      components: [
        { kind: 'cpa', on: 'ftd', amount: '8.00' },
        { kind: 'percent', on: ['reactivation'], percent: '20' },
      ],
    },
  },
  { name: 'Default one', method: 'POST' },
  { name: 'Default two', method: 'GET' },
  { name: 'Default three', method: 'POST' },
];

/** Index of the affiliate that brought a customer: invented, but always the same. */
export function affiliateIndexOf(customerId: string): number {
  return Number(customerId) % AFFILIATES.length;
}
