// Which affiliate brought the customer of an event, by which evidence, and why other evidence was refused.
import type { Assignment, Binding, Click, ConversionEvent, Coupon } from '../types.ts';
import { DAY_MS } from '../units.ts';

/** What is known when an event is attributed. The click and the coupon are those the event names, if they exist. */
export type Evidence = {
  click: Click | null;
  binding: Binding | null;
  /** The operator's own id of the affiliate that the binding, or else the click, names. */
  affiliateExternalId: string | null;
  coupon?: Coupon;
  assignment?: Assignment;
};

export type Method = 'click' | 'binding' | 'coupon' | 'manual';

export type Attribution =
  | { kind: 'attributed'; affiliateId: string; method: Method; click: Click | null; binds: Binding | null }
  | { kind: 'orphaned'; reason: 'no_evidence' | 'unknown_click' | 'unknown_coupon' }
  | { kind: 'rejected'; reason: 'click_expired' | 'own_referral' };

/**
 * A customer belongs for ever to the affiliate who bound them first, so a binding decides, and a later click or coupon of somebody else never
 * replaces it. Without a binding the named click decides, if it is at most `clickWindowDays` older than the event; then a coupon that was valid
 * at the time. A person's word decides for an orphan, before a click or coupon that turns up later.
 * With none of them the event is an orphan: kept, and matched again when evidence arrives.
 * Example: registration with a click of A binds the customer; a deposit a year later without any click is A's, by the binding.
 */
export function attribute(event: ConversionEvent, evidence: Evidence, clickWindowDays: number): Attribution {
  const { click, binding } = evidence;
  if (binding !== null) {
    if (isOwn(event, evidence.affiliateExternalId)) return { kind: 'rejected', reason: 'own_referral' };
    const { affiliateId } = binding;
    const named = click?.affiliateId === affiliateId ? click : null;
    return {
      kind: 'attributed',
      affiliateId,
      method: named ? 'click' : 'binding',
      click: named ?? binding.click,
      binds: null,
    };
  }
  const found = firstEvidence(event, evidence, clickWindowDays);
  if (found !== null) {
    const { affiliateId, method } = found;
    if (isOwn(event, found.affiliateExternalId)) return { kind: 'rejected', reason: 'own_referral' };
    const shown = method === 'click' ? click : null;
    const binds =
      event.customerId === null || !found.bindsCustomer
        ? null
        : { customerId: event.customerId, affiliateId, eventId: event.id, click: shown };
    return { kind: 'attributed', affiliateId, method, click: shown, binds };
  }
  if (click !== null) return { kind: 'rejected', reason: 'click_expired' };
  if (event.clickId !== null) return { kind: 'orphaned', reason: 'unknown_click' };
  return { kind: 'orphaned', reason: event.coupon === null ? 'no_evidence' : 'unknown_coupon' };
}

type Decision = {
  affiliateId: string;
  affiliateExternalId: string | null;
  method: Method;
  bindsCustomer: boolean;
};

/** The evidence that decides where there is no binding. */
function firstEvidence(event: ConversionEvent, evidence: Evidence, clickWindowDays: number): Decision | null {
  const { click, coupon, assignment, affiliateExternalId } = evidence;
  if (assignment !== undefined) return { ...assignment, method: 'manual', bindsCustomer: true };
  if (click !== null && event.occurredAt - click.clickedAt <= clickWindowDays * DAY_MS)
    return { affiliateId: click.affiliateId, affiliateExternalId, method: 'click', bindsCustomer: true };
  return coupon !== undefined && isValidAt(coupon, event.occurredAt) ? { ...coupon, method: 'coupon' } : null;
}

function isValidAt({ startsAt, endsAt }: Coupon, moment: number): boolean {
  return (startsAt === null || startsAt <= moment) && (endsAt === null || moment < endsAt);
}

/** Nobody earns by their own customer account. */
function isOwn(event: ConversionEvent, affiliateExternalId: string | null): boolean {
  return event.customerId !== null && event.customerId === affiliateExternalId;
}

/** The deal version that rates an affiliate's event: of the affiliate's own deal if there is one, else of the operator's default; the latest in force. */
export function versionInForce<
  V extends { affiliateId: string | null; effectiveFrom: number; dealId: string },
>(versions: readonly V[], affiliateId: string, occurredAt: number): V | null {
  let best: V | null = null;
  for (const version of versions) {
    if (version.effectiveFrom > occurredAt) continue;
    if (version.affiliateId !== null && version.affiliateId !== affiliateId) continue;
    if (best === null || outranks(version, best)) best = version;
  }
  return best;
}

/** Of two versions that may rate a conversion, the one that does. */
export function higherRanked<V extends { affiliateId: string | null; effectiveFrom: number; dealId: string }>(
  a: V,
  b: V,
): V {
  return outranks(b, a) ? b : a;
}

/** An own deal outranks the default; then the later date; then the later deal, so that the answer never depends on reading order. */
function outranks<V extends { affiliateId: string | null; effectiveFrom: number; dealId: string }>(
  a: V,
  b: V,
): boolean {
  if ((a.affiliateId === null) !== (b.affiliateId === null)) return a.affiliateId !== null;
  if (a.effectiveFrom !== b.effectiveFrom) return a.effectiveFrom > b.effectiveFrom;
  return a.dealId > b.dealId;
}
