// Names for payout runs, and what becomes of an affiliate in words.
import type { Answer, RowOf } from '../../wire/types.ts';

export type Run = RowOf<'/v1/payout-runs'>;
export type WholeRun = Answer<'/v1/payout-runs/{id}'>;
export type RunItem = WholeRun['results'][number];
export type RunResult = RunItem['result'];

type Words = { label: string; why: string };

/** Of a dry run, nothing is made: `created` would be. */
export function wordsOf(result: RunResult, isDryRun: boolean): Words {
  switch (result) {
    case 'created':
      return isDryRun
        ? { label: 'Would be paid', why: 'a run would make this payout' }
        : { label: 'Paid out', why: 'a payout was made' };
    case 'nothing_due':
      return { label: 'Nothing due', why: 'what is payable only covers what it owes' };
    case 'below_minimum':
      return { label: 'Below the minimum', why: 'waits until the minimum is reached' };
    case 'suspended':
      return { label: 'Suspended', why: 'not paid until it is activated' };
    case 'no_payment_details':
      return { label: 'No payment details', why: 'not paid until it is known how' };
  }
}

export const RESULTS: readonly RunResult[] = [
  'created',
  'below_minimum',
  'no_payment_details',
  'suspended',
  'nothing_due',
];
