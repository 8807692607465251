// Outcomes of events, and events loaded with the evidence for attribution.
import { CLICK_EXPIRED, type Evidence, type Method } from '../attribution/attribution.ts';
import type { DealVersion, ConversionEvent, EVENT_OUTCOMES } from '../types.ts';

/** Outcome of an event. `detail`: of an event set aside, what it lacks or why it failed. */
export type Outcome = {
  eventId: string;
  status: (typeof EVENT_OUTCOMES)[number];
  reason: string | null;
  detail?: string;
  affiliateId: string | null;
  method: Method | null;
  clickId: string | null;
  version: DealVersion | null;
};

/** Outcome of an event in an earlier batch. */
export type KnownOutcome = Pick<Outcome, 'status' | 'reason' | 'affiliateId'>;

/** Whether evidence may still attribute an event with this outcome: see `CLICK_EXPIRED`. */
export function mayBeAttributed({ status, reason }: Pick<Outcome, 'status' | 'reason'>): boolean {
  return status === 'orphaned' || (status === 'rejected' && reason === CLICK_EXPIRED);
}

/**
 * An event with all that is known about it; no outcome means that it was not settled yet.
 * `isVoided`: a person took the event out of the books. `isRejected`: a person rejected the
 * conversion.
 */
export type Loaded = {
  event: ConversionEvent;
  outcome: KnownOutcome | null;
  isVoided?: boolean;
  isRejected?: boolean;
} & Evidence;
