// Attribution candidates: explains for each piece of evidence whether it decided the attribution of
// an event, or why not.
import { isToBeJudgedAnew, type Method } from './attribution.ts';

/** Kinds of evidence, strongest first. */
export const EVIDENCE_KINDS = ['reassignment', 'binding', 'assignment', 'click', 'coupon'] as const;

/**
 * An attribution candidate as known now: evidence that the event names, or that its customer or a
 * person provides.
 */
export type AttributionCandidate = {
  kind: (typeof EVIDENCE_KINDS)[number];
  /**
   * Id of the reassignment, of the binding event, of the assigning API key, or of the click; code
   * of the coupon.
   */
  id: string;
  /** Null when no record has this id. */
  affiliateId: string | null;
  /** When the evidence began; null for a coupon. */
  at: Date | null;
  /** Whether the evidence arrived after the attribution of the event. */
  isLater: boolean;
  /** Whether the evidence was valid when the event occurred. */
  isValid: boolean;
  /** Whether the evidence began after the event occurred, beyond the tolerance for clocks. */
  isAfterEvent: boolean;
  /** Whether the affiliate was closed when the event occurred. */
  isClosed: boolean;
  /** Whether the customer was known before, and the operator ignores such customers. */
  isKnownCustomer: boolean;
  /** Whether the affiliate is the customer of the event. */
  isOwn: boolean;
};

/**
 * `decided`: the candidate decided the attribution. `agreed`: it names the same affiliate.
 * `outranked`: a stronger candidate decided, in the order of `EVIDENCE_KINDS`.
 * Reasons that excluded a candidate: `before_click` (the event occurred before the evidence began),
 * `affiliate_closed`, `existing_customer`, `expired` (click window), `not_valid` (dates of the
 * coupon), `own_referral`, `came_later`, `not_found`.
 */
export const VERDICTS = [
  'decided',
  'agreed',
  'outranked',
  'before_click',
  'affiliate_closed',
  'existing_customer',
  'expired',
  'not_valid',
  'own_referral',
  'came_later',
  'not_found',
] as const;
type Verdict = (typeof VERDICTS)[number];

export type JudgedCandidate = Pick<AttributionCandidate, 'kind' | 'id' | 'affiliateId' | 'at'> & {
  verdict: Verdict;
};

/** Stored result of attribution. */
export type AttributionOutcome = {
  status: string;
  reason: string | null;
  method: Method | null;
  affiliateId: string | null;
};

const DECIDING_KIND: Record<Method, AttributionCandidate['kind']> = {
  reassigned: 'reassignment',
  binding: 'binding',
  manual: 'assignment',
  click: 'click',
  coupon: 'coupon',
};

/**
 * Adds a verdict to each candidate, in their order. Returns none for an event that attribution has
 * not judged, or that failed for another reason.
 */
export function judgeCandidates(
  candidates: readonly AttributionCandidate[],
  outcome: AttributionOutcome,
): JudgedCandidate[] {
  const { status, reason, method } = outcome;
  if (status === 'orphaned' && isToBeJudgedAnew(reason)) return [];
  if (method === null && status !== 'orphaned' && reason !== 'click_expired' && reason !== 'own_referral')
    return [];
  return candidates.map((candidate) => {
    const verdict = verdictOf(candidate, candidates, outcome);
    // The partition of the click may have expired; the outcome still names the affiliate.
    const affiliateId = verdict === 'decided' ? outcome.affiliateId : candidate.affiliateId;
    return { kind: candidate.kind, id: candidate.id, affiliateId, at: candidate.at, verdict };
  });
}

function verdictOf(
  candidate: AttributionCandidate,
  candidates: readonly AttributionCandidate[],
  { reason, method, affiliateId }: AttributionOutcome,
): Verdict {
  if (method !== null && DECIDING_KIND[method] === candidate.kind) return 'decided';
  const excluded = exclusionOf(candidate);
  if (excluded !== null) return excluded;
  if (reason === 'own_referral') return ownReferralVerdict(candidate, candidates);
  const hasOwner = candidates.some((one) => isOwner(one) && one !== candidate);
  if (method === null && !(hasOwner && reason === 'affiliate_closed')) {
    const isPassedOver = candidate.kind === 'click' && REASONS_PAST_CLICK.has(reason);
    // What attribution did not pass over arrived while it ran.
    return isPassedOver || candidate.isKnownCustomer ? passedOver(candidate) : 'came_later';
  }
  if (candidate.kind === 'click' && method === 'coupon') return passedOver(candidate);
  return candidate.affiliateId === affiliateId ? 'agreed' : 'outranked';
}

/** Reasons that attribution gives only after it passed over a known click, where there is one. */
const REASONS_PAST_CLICK: ReadonlySet<string | null> = new Set([
  'click_expired',
  'existing_customer',
  'affiliate_closed',
]);

/** Why a candidate does not count, whatever other evidence there is; null: it may count. */
function exclusionOf(candidate: AttributionCandidate): Verdict | null {
  if (candidate.affiliateId === null) return 'not_found';
  if (candidate.isLater) return 'came_later';
  if (!candidate.isValid) return 'not_valid';
  if (candidate.isAfterEvent) return 'before_click';
  return candidate.isClosed ? 'affiliate_closed' : null;
}

/** Whether the candidate says whose the customer was, even if that affiliate was closed. */
function isOwner({ kind, isLater, isAfterEvent }: AttributionCandidate): boolean {
  return (kind === 'reassignment' || kind === 'binding') && !isLater && !isAfterEvent;
}

/** Why a click in time yielded to a coupon. */
function passedOver({ isKnownCustomer }: AttributionCandidate): Verdict {
  return isKnownCustomer ? 'existing_customer' : 'expired';
}

/** The strongest own referral ended attribution; only a click that did not count can precede it. */
function ownReferralVerdict(
  candidate: AttributionCandidate,
  candidates: readonly AttributionCandidate[],
): Verdict {
  const ownCandidate = candidates.find(
    (one) => one.isOwn && !one.isKnownCustomer && exclusionOf(one) === null,
  );
  if (candidate === ownCandidate) return 'own_referral';
  const isStronger =
    ownCandidate !== undefined &&
    EVIDENCE_KINDS.indexOf(candidate.kind) < EVIDENCE_KINDS.indexOf(ownCandidate.kind);
  return isStronger ? passedOver(candidate) : 'outranked';
}
