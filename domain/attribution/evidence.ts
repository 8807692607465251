// Attribution candidates: explains for each piece of evidence whether it decided the attribution of
// an event, or why not.
import type { Method } from './attribution.ts';

/** Kinds of evidence, strongest first. */
export const EVIDENCE_KINDS = ['binding', 'assignment', 'click', 'coupon'] as const;

/**
 * An attribution candidate as known now: evidence that the event names, or that its customer or a
 * person provides.
 */
export type AttributionCandidate = {
  kind: (typeof EVIDENCE_KINDS)[number];
  /** Id of the binding event, of the assigning API key, or of the click; code of the coupon. */
  id: string;
  /** Null when no record has this id. */
  affiliateId: string | null;
  /** Time of the evidence; null for a coupon. */
  at: Date | null;
  /** Whether the evidence arrived after the attribution of the event. */
  isLater: boolean;
  /** Whether the evidence was valid when the event occurred. */
  isValid: boolean;
  /** Whether the affiliate is the customer of the event. */
  isOwn: boolean;
};

/**
 * `decided`: the candidate decided the attribution. `agreed`: it names the same affiliate.
 * `outranked`: a stronger candidate decided, in the order of `EVIDENCE_KINDS`.
 * Reasons that excluded a candidate: `expired` (click window), `not_valid` (dates of the coupon),
 * `own_referral`, `came_later`, `not_found`.
 */
export const VERDICTS = [
  'decided',
  'agreed',
  'outranked',
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
  if (candidate.affiliateId === null) return 'not_found';
  if (candidate.isLater) return 'came_later';
  if (!candidate.isValid) return 'not_valid';
  if (reason === 'own_referral') return ownReferralVerdict(candidate, candidates);
  // A known click that yields to a coupon, or to nothing, is too old.
  if (candidate.kind === 'click' && (method === 'coupon' || reason === 'click_expired')) return 'expired';
  // Attribution found no evidence, so this candidate arrived while it ran.
  if (method === null) return 'came_later';
  return candidate.affiliateId === affiliateId ? 'agreed' : 'outranked';
}

/** The strongest own referral ended attribution; only an expired click can precede it. */
function ownReferralVerdict(
  candidate: AttributionCandidate,
  candidates: readonly AttributionCandidate[],
): Verdict {
  const ownCandidate = candidates.find(({ isOwn, isLater }) => isOwn && !isLater);
  if (candidate === ownCandidate) return 'own_referral';
  const isStronger =
    ownCandidate !== undefined &&
    EVIDENCE_KINDS.indexOf(candidate.kind) < EVIDENCE_KINDS.indexOf(ownCandidate.kind);
  return isStronger ? 'expired' : 'outranked';
}
