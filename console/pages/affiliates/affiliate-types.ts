// Names for what the pages of affiliates read, and their states in words.
import type { Answer } from '../../wire/types.ts';

export type Affiliate = Answer<'/v1/affiliates/{id}'>;
export type AffiliateState = Affiliate['state'];

export const STATES = [
  ['active', 'Active'],
  ['suspended', 'Suspended'],
  ['closed', 'Closed'],
] as const satisfies readonly (readonly [AffiliateState, string])[];

/** What a state means for what comes in and what is paid. */
export const MEANING: Readonly<Record<AffiliateState, string>> = {
  active: 'Events are attributed to it, it earns, and it is paid.',
  suspended: 'It goes on earning, and is not paid: payouts are refused, and payout runs leave it out.',
  closed: 'Nothing new is attributed to it. Its customers stay its own, and it is paid what it has.',
};
