// Which affiliate brought the customer of an event, by which evidence, and why other evidence was refused.
import type { Binding, Click, ConversionEvent } from './types.ts';

/** What is known when an event is attributed. The click is the one the event names, if it exists. */
export type Evidence = { click: Click | null; binding: Binding | null; affiliateExternalId: string | null };

export type Attribution =
  | { kind: 'attributed'; affiliateId: string; method: 'click' | 'binding'; click: Click | null; binds: Binding | null }
  | { kind: 'orphaned'; reason: 'no_evidence' | 'unknown_click' }
  | { kind: 'rejected'; reason: 'click_expired' | 'own_referral' };

const DAY_MS = 86_400_000;

/**
 * A customer belongs for ever to the affiliate whose click bound them first, so a binding decides and a later click of somebody else
 * never replaces it. Without a binding the named click decides, if it is at most `clickWindowDays` older than the event.
 * With neither the event is an orphan: kept, and matched again when evidence arrives.
 * Example: registration with a click of A binds the customer; a deposit a year later without any click is A's, by the binding.
 */
export function attribute(event: ConversionEvent, evidence: Evidence, clickWindowDays: number): Attribution {
  const { click, binding } = evidence;
  const affiliateId = binding?.affiliateId ?? click?.affiliateId;
  if (affiliateId === undefined) return { kind: 'orphaned', reason: event.clickId === null ? 'no_evidence' : 'unknown_click' };
  if (event.customerId !== null && event.customerId === evidence.affiliateExternalId)
    return { kind: 'rejected', reason: 'own_referral' };
  if (binding !== null) {
    const named = click?.affiliateId === binding.affiliateId ? click : null;
    return { kind: 'attributed', affiliateId, method: named ? 'click' : 'binding', click: named ?? binding.click, binds: null };
  }
  if (click === null) return { kind: 'orphaned', reason: 'no_evidence' };
  if (event.occurredAt - click.clickedAt > clickWindowDays * DAY_MS) return { kind: 'rejected', reason: 'click_expired' };
  const binds = event.customerId === null ? null : { customerId: event.customerId, affiliateId, eventId: event.id, click };
  return { kind: 'attributed', affiliateId, method: 'click', click, binds };
}

/** The deal version that rates an affiliate's event: of the affiliate's own deal if there is one, else of the operator's default; the latest in force. */
export function versionInForce<V extends { affiliateId: string | null; effectiveFrom: number; dealId: string }>(
  versions: readonly V[],
  affiliateId: string,
  occurredAt: number,
): V | null {
  let best: V | null = null;
  for (const version of versions) {
    if (version.effectiveFrom > occurredAt) continue;
    if (version.affiliateId !== null && version.affiliateId !== affiliateId) continue;
    if (best === null || outranks(version, best)) best = version;
  }
  return best;
}

/** Of two versions that may rate a conversion, the one that does. */
export function outranking<V extends { affiliateId: string | null; effectiveFrom: number; dealId: string }>(a: V, b: V): V {
  return outranks(b, a) ? b : a;
}

/** An own deal outranks the default; then the later date; then the later deal, so that the answer never depends on reading order. */
function outranks<V extends { affiliateId: string | null; effectiveFrom: number; dealId: string }>(a: V, b: V): boolean {
  if ((a.affiliateId === null) !== (b.affiliateId === null)) return a.affiliateId !== null;
  if (a.effectiveFrom !== b.effectiveFrom) return a.effectiveFrom > b.effectiveFrom;
  return a.dealId > b.dealId;
}
