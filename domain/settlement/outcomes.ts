// Events with all that is known about them, and what became of each.
import type { Evidence, Method } from '../attribution/attribution.ts';
import type { DealVersion, ConversionEvent } from '../types.ts';

/** What became of an event. */
export type Outcome = {
  eventId: string;
  status: 'settled' | 'orphaned' | 'rejected' | 'set_aside';
  reason: string | null;
  affiliateId: string | null;
  method: Method | null;
  clickId: string | null;
  version: DealVersion | null;
};

/** What earlier batches decided about an event. */
export type KnownOutcome = Pick<Outcome, 'status' | 'reason' | 'affiliateId'>;

/** An event with all that is known about it; no outcome means that it was not settled yet. */
export type Loaded = { event: ConversionEvent; outcome: KnownOutcome | null } & Evidence;
