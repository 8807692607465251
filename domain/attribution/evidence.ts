// What was considered when an event was attributed, told from what came of it: each piece of evidence about whose it was, and whether it
// decided or why it did not.
import type { Method } from './attribution.ts';

export const EVIDENCE_KINDS = ['binding', 'assignment', 'click', 'coupon'] as const;

/** A piece of evidence as it is known by now; the event names it, or its customer or a person brought it. */
export type AttributionCandidate = {
  kind: (typeof EVIDENCE_KINDS)[number];
  /** The event that bound the customer, the API key by which it was assigned, the click's id, the coupon's code. */
  id: string;
  /** Null where nothing is known under this id. */
  affiliateId: string | null;
  /** When it happened; null for a coupon. */
  at: Date | null;
  /** Whether it became known only after the event was attributed. */
  isLater: boolean;
  /** Whether it held when the event occurred. */
  isValid: boolean;
  /** Whether its affiliate is the event's own customer. */
  isOwn: boolean;
};

/**
 * `decided`; `agreed`: it names the same affiliate; `outranked`: something stronger decided, in the order of `EVIDENCE`. Why it could not decide:
 * `expired` (the click window), `not_valid` (the coupon's time), `own_referral`, `came_later`, `not_found`.
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
export type Verdict = (typeof VERDICTS)[number];

export type JudgedCandidate = Pick<AttributionCandidate, 'kind' | 'id' | 'affiliateId' | 'at'> & {
  verdict: Verdict;
};

/** What attribution came to, as it was kept. */
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

/** The pieces with their verdicts, in their order; none for an event that was not attributed yet, or failed for another reason. */
export function judgeCandidates(
  pieces: readonly AttributionCandidate[],
  outcome: AttributionOutcome,
): JudgedCandidate[] {
  const { status, reason, method } = outcome;
  if (method === null && status !== 'orphaned' && reason !== 'click_expired' && reason !== 'own_referral')
    return [];
  return pieces.map((piece) => {
    const verdict = verdictOf(piece, pieces, outcome);
    // A click may have been dropped with its month; whose it was is known all the same.
    const affiliateId = verdict === 'decided' ? outcome.affiliateId : piece.affiliateId;
    return { kind: piece.kind, id: piece.id, affiliateId, at: piece.at, verdict };
  });
}

function verdictOf(
  piece: AttributionCandidate,
  pieces: readonly AttributionCandidate[],
  { reason, method, affiliateId }: AttributionOutcome,
): Verdict {
  if (method !== null && DECIDING_KIND[method] === piece.kind) return 'decided';
  if (piece.affiliateId === null) return 'not_found';
  if (piece.isLater) return 'came_later';
  if (!piece.isValid) return 'not_valid';
  if (reason === 'own_referral') return ownReferralVerdict(piece, pieces);
  // A click that is there and yields to a coupon, or to nothing, is too old.
  if (piece.kind === 'click' && (method === 'coupon' || reason === 'click_expired')) return 'expired';
  // Nothing was found: it came while the event was being attributed.
  if (method === null) return 'came_later';
  return piece.affiliateId === affiliateId ? 'agreed' : 'outranked';
}

/** The strongest piece by which the customer refers itself ended it; only a click that was too old can have stood before that. */
function ownReferralVerdict(piece: AttributionCandidate, pieces: readonly AttributionCandidate[]): Verdict {
  const guilty = pieces.find(({ isOwn, isLater }) => isOwn && !isLater);
  if (piece === guilty) return 'own_referral';
  const isStronger =
    guilty !== undefined && EVIDENCE_KINDS.indexOf(piece.kind) < EVIDENCE_KINDS.indexOf(guilty.kind);
  return isStronger ? 'expired' : 'outranked';
}
