// The words of the trade, as types. Amounts are bigint minor units, volumes bigint ten-thousandths of a lot, times milliseconds since 1970 in UTC.
//
// click: a visitor followed an affiliate's link. conversion event: the operator says what a customer did. attribution: which affiliate brought
// that customer. slot: one thing that can be earned and is rounded once. commission: what a slot earned. transfer: one row of the ledger.
// clawback: a commission taken back because the money was not real. postback: a message to an affiliate's server. delivery: one postback to one
// endpoint. attempt: one try of a delivery. endpoint: a server that receives postbacks. hold: the time a commission stays pending.

/** Events that say a customer did something of value. */
export const POSITIVE_EVENTS = [
  'registration',
  'kyc',
  'ftd',
  'deposit',
  'trade',
  'volume',
  'revenue',
  'challenge_purchase',
  'sale',
  'vip_upgrade',
  'reactivation',
] as const;

/** Events that say value already credited was not real. */
export const NEGATIVE_EVENTS = ['chargeback', 'refund', 'bonus_abuse', 'fraud', 'account_closure'] as const;

export type PositiveEvent = (typeof POSITIVE_EVENTS)[number];
export type NegativeEvent = (typeof NEGATIVE_EVENTS)[number];
export type EventType = PositiveEvent | NegativeEvent | 'chargeback_won';

export const EVENT_TYPES: readonly EventType[] = [...POSITIVE_EVENTS, ...NEGATIVE_EVENTS, 'chargeback_won'];

/** Events that happen once in a customer's life and so need no transaction id. */
export const ONE_OFF_EVENTS: ReadonlySet<EventType> = new Set<EventType>([
  'registration',
  'kyc',
  'ftd',
  'account_closure',
]);

export function isNegative(type: EventType): type is NegativeEvent {
  return (NEGATIVE_EVENTS as readonly string[]).includes(type);
}

/** Events that give a figure of some time, so that those of a month add up. */
const CUMULATIVE_EVENTS: ReadonlySet<EventType> = new Set<EventType>(['volume', 'revenue']);

export const EVENT_CLASSES = ['once', 'repeatable', 'cumulative', 'negative', 'reinstating'] as const;
/** What an event's type says about its repetition and its sign. */
export type EventClass = (typeof EVENT_CLASSES)[number];

export function eventClassOf(type: EventType): EventClass {
  if (type === 'chargeback_won') return 'reinstating';
  if (isNegative(type)) return 'negative';
  if (ONE_OFF_EVENTS.has(type)) return 'once';
  return CUMULATIVE_EVENTS.has(type) ? 'cumulative' : 'repeatable';
}

/** An affiliate's own marks, carried through unchanged: sub1 to sub5. */
export type Subs = readonly [string | null, string | null, string | null, string | null, string | null];

/** What makes two events the same one; the kind says what the key was made of. */
export type EventKey = { kind: 'transaction' | 'customer' | 'click' | 'content' | 'each'; value: string };

/** A conversion event as the operator sent it, in our units. */
export type ConversionEvent = {
  operatorId: string;
  id: string;
  type: EventType;
  key: EventKey;
  transactionId: string | null;
  clickId: string | null;
  customerId: string | null;
  amountMinor: bigint | null;
  currency: string | null;
  volumeE4: bigint | null;
  reference: string | null;
  referenceType: EventType | null;
  payoutMinor: bigint | null;
  subs: Subs;
  coupon: string | null;
  occurredAt: number;
  receivedAt: number;
};

/** A click as attribution sees it. */
export type Click = { id: string; affiliateId: string; linkId: string | null; subs: Subs; clickedAt: number };

/** A code that names an affiliate, for events that occurred within its time. Null ends are open; the later end is not included. */
export type Coupon = {
  affiliateId: string;
  affiliateExternalId: string | null;
  bindsCustomer: boolean;
  startsAt: number | null;
  endsAt: number | null;
};

/** An orphan's affiliate, by a person's word. */
export type Assignment = { affiliateId: string; affiliateExternalId: string | null };

/** Whose customer somebody is, for ever; carries the click it was made from. */
export type Binding = { customerId: string; affiliateId: string; eventId: string; click: Click | null };

/** Lets a component pay by how much came together in a calendar month. Steps are half-open, [from, next from), and rise. */
export type Tiers = {
  /** What is counted: minor units of revenue, ten-thousandths of a lot, or first deposits. */
  metric: 'revenue' | 'volume' | 'ftd_count';
  /** `marginal`: each part by the step it lies in. `retroactive`: everything by the step that was reached. */
  mode: 'marginal' | 'retroactive';
  /** The rate is what the component pays: parts per million for a share, minor units for a CPA or a lot. */
  steps: readonly { from: bigint; rate: bigint }[];
};

/** The most a component pays in a calendar month: to how many, or how much in all. The earliest by (occurred_at, id) are paid. */
export type Cap = { count: number | null; amountMinor: bigint | null };

/** By which deposits a CPA is earned: the first alone, or all of a customer's together within some days of the first. */
export type Qualify =
  { by: 'first' } | { by: 'cumulative'; minVolumeE4: bigint | null; withinDays: number | null };

/**
 * One component of a deal: what is paid for which events. Rates are parts per million.
 * The label ("cpa:ftd") says which component of the next version continues it.
 * A `payout` pays what the operator computed, in place of what the other components give.
 * The rules of each kind are in `commission/components/`.
 */
export type Component = { label: string; on: readonly EventType[]; tiers: Tiers | null; cap: Cap | null } & (
  | { kind: 'cpa'; amountMinor: bigint; minAmountMinor: bigint | null; qualify: Qualify }
  | { kind: 'percent'; ratePpm: bigint }
  | { kind: 'revshare'; ratePpm: bigint; negative: 'reset' | 'carry'; carryBy: 'ngr' | 'commission' }
  | { kind: 'per_lot'; perLotMinor: bigint }
  | { kind: 'payout' }
);

/** What a kind of negative event takes back. */
export type ClawbackPolicy = 'full' | 'proportional' | 'none';

/** The terms of a deal version, in our units. */
export type Terms = {
  currency: string;
  components: readonly Component[];
  holdDays: number;
  rounding: Rounding;
  clawback: { days: number } & Record<NegativeEvent, ClawbackPolicy>;
  /** What becomes of a commission that the operator computed: left alone, taken where it was sent, or awaited. */
  payout: 'ignore' | 'accept' | 'require';
  /** What parents get of the affiliate's commission, the nearest first, in parts per million. */
  overrides: readonly bigint[];
};

/** A deal version with the terms it pins. */
export type DealVersion = {
  dealId: string;
  version: number;
  affiliateId: string | null;
  effectiveFrom: number;
  terms: Terms;
};

/** How a ratio becomes whole minor units; fixed in the deal version. */
export type Rounding = 'half_even' | 'half_up' | 'down';

export function earns(type: EventType): boolean {
  return (POSITIVE_EVENTS as readonly string[]).includes(type);
}
