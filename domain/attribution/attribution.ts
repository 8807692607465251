// Attribution: decides which affiliate brought the customer of an event, and which deal version
// rates the event.
import type {
  Assignment,
  Binding,
  Click,
  ConversionEvent,
  Coupon,
  Party,
  Reassignment,
  DealVersion,
} from '../types.ts';
import { DAY_MS, HOUR_MS } from '../units.ts';

/**
 * How much earlier than its evidence an event may have occurred, in milliseconds: the clocks that
 * time clicks and events differ.
 */
export const CLOCK_TOLERANCE_MS = HOUR_MS;

/** Evidence for one event. Click and coupon are the ones that the event names, when they exist. */
export type Evidence = {
  click: Click | null;
  binding: Binding | null;
  coupon?: Coupon;
  assignment?: Assignment;
  /** Moves of the customer by a person, oldest first; of equal `from` the last one counts. */
  reassignments?: readonly Reassignment[];
  /**
   * When the earliest known event of the customer occurred. Given only where the operator pays for
   * no customer who was there before the click or coupon.
   */
  knownSince?: number;
};

export const METHODS = ['click', 'binding', 'coupon', 'manual', 'reassigned'] as const;
export type Method = (typeof METHODS)[number];

/** Reasons for which an event has no affiliate, apart from a reversal that lacks its conversion. */
export const ORPHAN_REASONS = [
  'no_evidence',
  'unknown_click',
  'unknown_coupon',
  'before_click',
  'existing_customer',
  'affiliate_closed',
] as const;
type OrphanReason = (typeof ORPHAN_REASONS)[number];

/**
 * Reason of events that named a click too old for them. They are rejected until other evidence
 * counts for them, as an orphan waits.
 */
export const CLICK_EXPIRED = 'click_expired';

/**
 * Reasons of orphans that were judged before and wait until they are judged anew: `unvoided` ones
 * were put back into the books, and of `unbound` ones the event that bound their customer was taken
 * out.
 */
export const ANEW_REASONS = ['unvoided', 'unbound'] as const;

/** Whether an event with this reason waits to be judged anew. */
export function isToBeJudgedAnew(reason: string | null): boolean {
  return (ANEW_REASONS as readonly (string | null)[]).includes(reason);
}

/** `from`: since when the customer is the affiliate's. */
export type Attribution =
  | {
      kind: 'attributed';
      affiliateId: string;
      method: Method;
      click: Click | null;
      from: number;
      binds: Binding | null;
    }
  | { kind: 'orphaned'; reason: OrphanReason }
  | { kind: 'rejected'; reason: typeof CLICK_EXPIRED | 'own_referral' };

/**
 * Attributes an event to an affiliate, or returns why it cannot.
 * Evidence counts only for events that occurred since it began, less `CLOCK_TOLERANCE_MS`. It
 * decides in this order:
 *   1. the latest reassignment of the customer by a person, from its very moment on;
 *   2. the binding of the customer, so that the affiliate whose event was first keeps it;
 *   3. an assignment of the event by a person;
 *   4. the named click, when it is at most `clickWindowDays` older than the event;
 *   5. a coupon that was valid at the time.
 * Only the last three bind a customer: of all events that one of them attributes, the one that
 * occurred first, whatever arrives first. So an event from before the one that bound its customer
 * binds the customer instead.
 * A closed affiliate keeps its customers: their events are nobody's, unless a person assigns them
 * to an affiliate that is open. Where the customer is not its own, weaker evidence decides.
 * Without evidence that counts the event is stored and matched again when evidence arrives. The
 * first row that applies says why, which does not depend on the order of arrival:
 *
 *   | evidence that does not count                 | outcome                     |
 *   |----------------------------------------------|-----------------------------|
 *   | of an affiliate that was closed by then      | orphaned, affiliate_closed  |
 *   | click or coupon of an existing customer      | orphaned, existing_customer |
 *   | click later than the event                   | orphaned, before_click      |
 *   | click too old                                | rejected, click_expired     |
 *   | click that nobody knows                      | orphaned, unknown_click     |
 *   | coupon that nobody knows, or not valid then  | orphaned, unknown_coupon    |
 *   | binding later than the event                 | orphaned, before_click      |
 *   | none                                         | orphaned, no_evidence       |
 *
 * Example: a registration with a click of A binds the customer; a deposit a year later without a
 * click belongs to A by the binding; a deposit of the day before the click belongs to nobody.
 */
export function attribute(event: ConversionEvent, evidence: Evidence, clickWindowDays: number): Attribution {
  const isOpen = (one: Decision): boolean => !isClosed(one, event.occurredAt);
  const counting = evidenceOf(event, evidence, clickWindowDays);
  const own = counting.find(isOpen);
  const binds = own !== undefined && isFirst(event, evidence.binding) ? bindingBy(event, own) : null;
  const moved = movedTo(event, evidence);
  if (binds !== null && moved === null) return decided(event, own!, binds);
  const owner = moved ?? boundTo(event, evidence);
  if (owner !== null && isOpen(owner)) return decided(event, owner, binds);
  const found = counting.find((one) => isOpen(one) && (owner === null || one.method === 'manual'));
  if (found !== undefined) return decided(event, found, binds);
  if (owner !== null || counting.length > 0) return { kind: 'orphaned', reason: 'affiliate_closed' };
  return withoutEvidence(event, evidence, clickWindowDays);
}

/** Affiliates earn nothing from their own accounts. */
function decided({ customerId }: ConversionEvent, found: Decision, binds: Binding | null): Attribution {
  const { affiliateId, method, click, from } = found;
  if (customerId !== null && customerId === found.affiliateExternalId)
    return { kind: 'rejected', reason: 'own_referral' };
  return { kind: 'attributed', affiliateId, method, click, from, binds };
}

/**
 * Evidence that counts for an event. `from`: since when the customer is the affiliate's by it.
 * `since`: from when on it binds the customer; null: never.
 */
type Decision = Party & {
  affiliateId: string;
  method: Method;
  click: Click | null;
  from: number;
  since: number | null;
};

/** Whether evidence that began at a moment counts for an event: see `CLOCK_TOLERANCE_MS`. */
export function reaches(since: number, { occurredAt }: Pick<ConversionEvent, 'occurredAt'>): boolean {
  return occurredAt >= since - CLOCK_TOLERANCE_MS;
}

/** Whether an event occurred before the one that bound its customer, if another one did. */
export function isFirst({ id, occurredAt }: ConversionEvent, binding: Binding | null): boolean {
  if (binding === null) return true;
  return occurredAt === binding.occurredAt ? id < binding.eventId : occurredAt < binding.occurredAt;
}

/** The click that an event names, if it is the affiliate's and counts. */
function shownFor(event: ConversionEvent, { click }: Evidence, affiliateId: string): Click | null {
  return click?.affiliateId === affiliateId && reaches(click.clickedAt, event) ? click : null;
}

/** The affiliate, open or closed, to whom a person had moved the customer by then; null: none. */
function movedTo(event: ConversionEvent, evidence: Evidence): Decision | null {
  const moved = lastMove(event, evidence.reassignments ?? []);
  if (moved === null) return null;
  const { affiliateId, from } = moved;
  const bound = evidence.binding?.affiliateId === affiliateId ? evidence.binding.click : null;
  return decision(moved, 'reassigned', shownFor(event, evidence, affiliateId) ?? bound, from, null);
}

/** The affiliate, open or closed, that the customer was bound to by then; null: none. */
function boundTo(event: ConversionEvent, evidence: Evidence): Decision | null {
  const { binding } = evidence;
  if (binding === null || !reaches(binding.since, event)) return null;
  const named = shownFor(event, evidence, binding.affiliateId);
  const method = named !== null ? 'click' : bindingMethod(event, evidence, binding);
  return decision(binding, method, named ?? binding.click, binding.since, null);
}

/** The last reassignment of the event's customer at or before the event; null without one. */
export function lastMove(
  { occurredAt }: Pick<ConversionEvent, 'occurredAt'>,
  moves: readonly Reassignment[],
): Reassignment | null {
  let last: Reassignment | null = null;
  for (const move of moves)
    if (move.from <= occurredAt && (last === null || move.from >= last.from)) last = move;
  return last;
}

/** An event that bound its customer and was set aside keeps the method by which it did. */
function bindingMethod({ id }: ConversionEvent, { assignment, coupon }: Evidence, binding: Binding): Method {
  if (binding.eventId !== id) return 'binding';
  if (assignment?.affiliateId === binding.affiliateId) return 'manual';
  return coupon?.affiliateId === binding.affiliateId ? 'coupon' : 'binding';
}

/** Evidence of the event itself that counts for it, strongest first, of closed affiliates too. */
function evidenceOf(event: ConversionEvent, evidence: Evidence, clickWindowDays: number): Decision[] {
  const { click, coupon, assignment } = evidence;
  const { occurredAt } = event;
  const counting: Decision[] = [];
  const assignedFrom = assignment?.from ?? occurredAt;
  if (assignment !== undefined && reaches(assignedFrom, event))
    counting.push(decision(assignment, 'manual', null, assignedFrom, assignedFrom));
  if (click !== null && isInTime(click, event, clickWindowDays) && !wasThere(evidence, click.clickedAt))
    counting.push(decision(click, 'click', click, click.clickedAt, click.clickedAt));
  if (coupon !== undefined && isValidAt(coupon, occurredAt) && !wasThere(evidence, occurredAt))
    counting.push(decision(coupon, 'coupon', null, occurredAt, coupon.bindsCustomer ? occurredAt : null));
  return counting;
}

function withoutEvidence(event: ConversionEvent, evidence: Evidence, clickWindowDays: number): Attribution {
  const { click, coupon, binding } = evidence;
  const isClickInTime = click !== null && isInTime(click, event, clickWindowDays);
  const isCouponValid = coupon !== undefined && isValidAt(coupon, event.occurredAt);
  // In time, and yet it does not count: the customer was there before.
  if (isClickInTime || isCouponValid) return { kind: 'orphaned', reason: 'existing_customer' };
  if (click !== null)
    return reaches(click.clickedAt, event)
      ? { kind: 'rejected', reason: CLICK_EXPIRED }
      : { kind: 'orphaned', reason: 'before_click' };
  if (event.clickId !== null) return { kind: 'orphaned', reason: 'unknown_click' };
  if (event.coupon !== null) return { kind: 'orphaned', reason: 'unknown_coupon' };
  return { kind: 'orphaned', reason: binding === null ? 'no_evidence' : 'before_click' };
}

function isInTime(click: Click, event: ConversionEvent, windowDays: number): boolean {
  return reaches(click.clickedAt, event) && event.occurredAt - click.clickedAt <= windowDays * DAY_MS;
}

function isValidAt({ startsAt, endsAt }: Coupon, moment: number): boolean {
  return (startsAt === null || startsAt <= moment) && (endsAt === null || moment < endsAt);
}

/** Whether the customer was known before evidence that began at a moment, less the tolerance. */
function wasThere({ knownSince }: Evidence, moment: number): boolean {
  return knownSince !== undefined && knownSince < moment - CLOCK_TOLERANCE_MS;
}

function isClosed({ affiliateClosedAt = null }: Party, moment: number): boolean {
  return affiliateClosedAt !== null && affiliateClosedAt <= moment;
}

function decision(
  { affiliateId, affiliateExternalId = null, affiliateClosedAt = null }: Party & { affiliateId: string },
  method: Method,
  click: Click | null,
  from: number,
  since: number | null,
): Decision {
  return { affiliateId, affiliateExternalId, affiliateClosedAt, method, click, from, since };
}

/**
 * The binding that evidence makes, null where the event names no customer or it binds none, as that
 * of an affiliate who is the customer.
 */
function bindingBy({ id, customerId, occurredAt }: ConversionEvent, found: Decision): Binding | null {
  const { affiliateId, affiliateExternalId = null, affiliateClosedAt = null, click, since } = found;
  if (customerId === null || since === null || customerId === affiliateExternalId) return null;
  const party = { affiliateId, affiliateExternalId, affiliateClosedAt };
  return { ...party, customerId, eventId: id, occurredAt, click, since };
}

type Ranked = Pick<DealVersion, 'affiliateId' | 'effectiveFrom' | 'dealId' | 'endedAt' | 'appliesTo'>;

/**
 * The deal version in force for an affiliate at a time: of the affiliate's own deal, or else of the
 * operator's default deal. `customerFrom`: since when the customer is the affiliate's. Null when no
 * version is in force.
 */
export function versionInForce<V extends Ranked>(
  versions: readonly V[],
  affiliateId: string,
  occurredAt: number,
  customerFrom: number = occurredAt,
): V | null {
  let best: V | null = null;
  for (const version of versions) {
    if (version.effectiveFrom > occurredAt) continue;
    if (version.endedAt != null && version.endedAt <= occurredAt) continue;
    if (version.affiliateId !== null && version.affiliateId !== affiliateId) continue;
    if (version.appliesTo === 'new_customers' && customerFrom < version.effectiveFrom) continue;
    if (best === null || outranks(version, best)) best = version;
  }
  return best;
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
