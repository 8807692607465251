// Attribution: decides which affiliate brought the customer of an event, and which deal version
// rates the event.
import type { Assignment, Binding, Click, ConversionEvent, Coupon } from '../types.ts';
import { DAY_MS } from '../units.ts';

/** Evidence for one event. Click and coupon are the ones that the event names, when they exist. */
export type Evidence = {
  click: Click | null;
  binding: Binding | null;
  /** External id of the affiliate of the binding, or else of the click. */
  affiliateExternalId: string | null;
  coupon?: Coupon;
  assignment?: Assignment;
};

export const METHODS = ['click', 'binding', 'coupon', 'manual'] as const;
export type Method = (typeof METHODS)[number];

export type Attribution =
  | { kind: 'attributed'; affiliateId: string; method: Method; click: Click | null; binds: Binding | null }
  | { kind: 'orphaned'; reason: 'no_evidence' | 'unknown_click' | 'unknown_coupon' }
  | { kind: 'rejected'; reason: 'click_expired' | 'own_referral' };

/**
 * Attributes an event to an affiliate, or returns why it cannot.
 * The affiliate who bound a customer first keeps the customer, so a binding decides, and a later
 * click or coupon of another affiliate never replaces it. Without a binding, evidence decides in
 * this order: an assignment by a person, the named click when it is at most `clickWindowDays` older
 * than the event, a coupon that was valid at the time. Without evidence the event is an orphan:
 * stored, and matched again when evidence arrives.
 * Example: a registration with a click of A binds the customer; a deposit a year later without a
 * click belongs to A by the binding.
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

/** The strongest valid evidence without a binding; null without any. */
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

/**
 * Own referral: the customer of the event is the affiliate. Affiliates earn nothing from their own
 * accounts.
 */
function isOwn(event: ConversionEvent, affiliateExternalId: string | null): boolean {
  return event.customerId !== null && event.customerId === affiliateExternalId;
}

/** `endedAt`: from then on no version of the deal is in force; null or missing: it goes on. */
type Ranked = {
  affiliateId: string | null;
  effectiveFrom: number;
  dealId: string;
  endedAt?: number | null;
};

/**
 * The deal version in force for an affiliate at a time: of the affiliate's own deal, or else of the
 * operator's default deal. Null when no version is in force.
 */
export function versionInForce<V extends Ranked>(
  versions: readonly V[],
  affiliateId: string,
  occurredAt: number,
): V | null {
  let best: V | null = null;
  for (const version of versions) {
    if (version.effectiveFrom > occurredAt) continue;
    if (version.endedAt != null && version.endedAt <= occurredAt) continue;
    if (version.affiliateId !== null && version.affiliateId !== affiliateId) continue;
    if (best === null || outranks(version, best)) best = version;
  }
  return best;
}

/** The version that rates a conversion when two may. */
export function higherRanked<V extends Ranked>(a: V, b: V): V {
  return outranks(b, a) ? b : a;
}

/**
 * An own deal outranks a default deal, then the later date, then the greater deal id, so the result
 * never depends on reading order.
 */
function outranks(a: Ranked, b: Ranked): boolean {
  if ((a.affiliateId === null) !== (b.affiliateId === null)) return a.affiliateId !== null;
  if (a.effectiveFrom !== b.effectiveFrom) return a.effectiveFrom > b.effectiveFrom;
  return a.dealId > b.dealId;
}
