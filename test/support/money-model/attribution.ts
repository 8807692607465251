// Decides whose each conversion is: bindings in order of occurrence, then every event by the
// evidence of its own time. A click, coupon or binding never reaches back before itself, with an
// hour for clocks.
import { DAY, HOUR, timeOf } from './agreements.ts';
import { REVERSALS, type Affiliate, type EventOutcome, type World, type WorldEvent } from './world.ts';

export interface Whose {
  readonly affiliate: string;
  readonly method: 'click' | 'binding' | 'coupon' | 'manual' | 'reassigned';
  /** Since when the evidence counts: what "bound since" means for versions for new customers. */
  readonly since: number;
}

interface Binding extends Whose {
  readonly click?: string;
}

export interface Attributions {
  readonly whose: ReadonlyMap<string, Whose>;
  /**
   * The person an event is about: "customer X", or "click X" as long as the click bound no
   * customer.
   */
  readonly subject: ReadonlyMap<string, string>;
  /** Outcomes of conversions that have no affiliate. */
  readonly refused: ReadonlyMap<string, EventOutcome>;
}

export const isReversal = (event: WorldEvent): boolean =>
  event.event === 'chargeback_won' || (REVERSALS as readonly string[]).includes(event.event);

type Judged = { kind: 'valid'; whose: Binding; binds: boolean } | { kind: 'not'; outcome: EventOutcome };

const orphaned = (reason: string): Judged => ({ kind: 'not', outcome: { status: 'orphaned', reason } });
const rejected = (reason: string): Judged => ({ kind: 'not', outcome: { status: 'rejected', reason } });

/**
 * With `existing_customers: ignore`: an event of the customer is known from before the evidence.
 */
function isExisting(world: World, event: WorldEvent, since: number): boolean {
  if (world.operator.existing_customers === 'bind' || event.customer_id === undefined) return false;
  return world.events.some(
    (other) =>
      other.id !== event.id &&
      !other.voided &&
      other.customer_id === event.customer_id &&
      timeOf(other.occurred_at) < since - HOUR,
  );
}

/** An affiliate that may take the event: not the customer itself, and not closed by then. */
function given(world: World, event: WorldEvent, whose: Binding, binds: boolean): Judged {
  const affiliate = world.affiliates.find((each) => each.id === whose.affiliate)!;
  if (isOwn(affiliate, event)) return rejected('own_referral');
  if (isClosed(affiliate, event)) return orphaned('affiliate_closed');
  return { kind: 'valid', whose, binds };
}

const isOwn = (affiliate: Affiliate, event: WorldEvent): boolean =>
  affiliate.external_id !== undefined && affiliate.external_id === event.customer_id;

const isClosed = (affiliate: Affiliate, event: WorldEvent): boolean =>
  affiliate.closed_at !== undefined && timeOf(event.occurred_at) >= timeOf(affiliate.closed_at);

/** Judges the click that an event names. */
function byClick(world: World, event: WorldEvent): Judged | undefined {
  if (event.click_id === undefined) return undefined;
  const click = world.clicks.find((each) => each.id === event.click_id);
  if (click === undefined) return orphaned('unknown_click');
  const [at, since] = [timeOf(event.occurred_at), timeOf(click.clicked_at)];
  if (at < since - HOUR) return orphaned('before_click');
  if (at - since > world.operator.click_window_days * DAY) return rejected('click_expired');
  if (isExisting(world, event, since)) return orphaned('existing_customer');
  return given(world, event, { affiliate: click.affiliate, method: 'click', since, click: click.id }, true);
}

/** Judges a person's word about the event. */
function byAssignment(world: World, event: WorldEvent): Judged | undefined {
  const assignment = world.assignments.findLast((each) => each.event === event.id);
  if (assignment === undefined) return undefined;
  const at = timeOf(event.occurred_at);
  const since = assignment.from === undefined ? at : timeOf(assignment.from);
  if (at < since - HOUR) return orphaned('before_click');
  return given(world, event, { affiliate: assignment.affiliate, method: 'manual', since }, true);
}

/** Judges the coupon that an event names, by the event's time. */
function byCoupon(world: World, event: WorldEvent): Judged | undefined {
  const code = event.coupon?.toLowerCase();
  if (code === undefined) return undefined;
  const at = timeOf(event.occurred_at);
  const coupon = world.coupons.find(
    (each) =>
      each.code.toLowerCase() === code &&
      (each.starts_at === undefined || at >= timeOf(each.starts_at)) &&
      (each.ends_at === undefined || at < timeOf(each.ends_at)),
  );
  if (coupon === undefined) return orphaned('unknown_coupon');
  if (isExisting(world, event, at)) return orphaned('existing_customer');
  const whose: Binding = { affiliate: coupon.affiliate, method: 'coupon', since: at };
  return given(world, event, whose, coupon.binds_customer !== false);
}

/** Reasons that evidence itself decides: no other evidence stands in for it. */
const FINAL = ['own_referral', 'affiliate_closed'];
const REASONS = [...FINAL, 'before_click', 'existing_customer', 'click_expired'];

const isFinal = (judged: Judged): boolean =>
  judged.kind === 'valid' || FINAL.includes(judged.outcome.reason ?? '');

/**
 * The event's own evidence: the first of its kinds that is valid, or the weightiest reason why none
 * is.
 */
function byOwnEvidence(world: World, event: WorldEvent): Judged {
  const judged = [byClick(world, event), byAssignment(world, event), byCoupon(world, event)].filter(
    (each) => each !== undefined,
  );
  const decided = judged.find(isFinal);
  if (decided !== undefined) return decided;
  for (const reason of REASONS) {
    const found = judged.find((each) => each.kind === 'not' && each.outcome.reason === reason);
    if (found !== undefined) return found;
  }
  return judged[0] ?? orphaned('no_evidence');
}

/** The journal's word about a customer at a time: the entry of the latest date that has come. */
function byJournal(world: World, customer: string | undefined, at: number): Whose | undefined {
  let best: Whose | undefined;
  for (const entry of world.reassignments) {
    const since = timeOf(entry.from);
    if (entry.customer !== customer || since > at || (best !== undefined && since < best.since)) continue;
    best = { affiliate: entry.affiliate, method: 'reassigned', since };
  }
  return best;
}

/** The event that happened first of those with valid evidence binds its customer for ever. */
function bindingsOf(world: World, conversions: readonly WorldEvent[]): Map<string, Binding> {
  const bindings = new Map<string, Binding>();
  const byTime = [...conversions].sort((a, b) => timeOf(a.occurred_at) - timeOf(b.occurred_at));
  for (const event of byTime) {
    const customer = event.customer_id;
    if (customer === undefined || bindings.has(customer)) continue;
    const judged = byOwnEvidence(world, event);
    if (judged.kind === 'valid' && judged.binds) bindings.set(customer, judged.whose);
  }
  return bindings;
}

function judge(
  world: World,
  event: WorldEvent,
  customer: string | undefined,
  binding: Binding | undefined,
): Judged {
  const at = timeOf(event.occurred_at);
  const journaled = byJournal(world, customer, at);
  if (journaled !== undefined) return given(world, event, journaled, false);
  const own = byOwnEvidence(world, event);
  if (binding !== undefined && at >= binding.since - HOUR) {
    const isAgreed = own.kind === 'valid' && own.whose.affiliate === binding.affiliate;
    return given(world, event, { ...binding, method: isAgreed ? own.whose.method : 'binding' }, false);
  }
  const hasNone = own.kind === 'not' && own.outcome.reason === 'no_evidence';
  return binding !== undefined && hasNone ? orphaned('before_click') : own;
}

/** Whose every conversion is, and the person that every event is about. */
export function attribute(world: World): Attributions {
  const inBooks = world.events.filter((event) => !event.voided);
  const conversions = inBooks.filter((event) => !isReversal(event));
  const bindings = bindingsOf(world, conversions);
  const customerOfClick = new Map<string, string>();
  for (const [customer, { click }] of bindings) {
    if (click !== undefined && !customerOfClick.has(click)) customerOfClick.set(click, customer);
  }
  const customerOf = (event: WorldEvent) =>
    event.customer_id ?? (event.click_id === undefined ? undefined : customerOfClick.get(event.click_id));
  const whose = new Map<string, Whose>();
  const subject = new Map<string, string>();
  const refused = new Map<string, EventOutcome>();
  for (const event of inBooks) {
    const customer = customerOf(event);
    if (customer !== undefined) subject.set(event.id, `customer ${customer}`);
    else if (event.click_id !== undefined) subject.set(event.id, `click ${event.click_id}`);
    if (isReversal(event)) continue;
    const judged = judge(world, event, customer, customer === undefined ? undefined : bindings.get(customer));
    if (judged.kind === 'valid') whose.set(event.id, judged.whose);
    else refused.set(event.id, judged.outcome);
  }
  return { whose, subject, refused };
}
