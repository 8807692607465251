// Types of the domain, shared by every layer. Amounts are bigint minor units, volumes bigint
// ten-thousandths of a lot, rates bigint parts per million, rates per lot bigint millionths of a
// minor unit, times milliseconds since 1970 in UTC.
//
// Terms
//   click: a visitor followed an affiliate's link
//   conversion event: the operator reports what a customer did
//   attribution: decides which affiliate brought the customer of an event
//   binding: the lasting assignment of a customer to an affiliate
//   slot: one unit that can be earned, rounded once
//   commission: the amount a slot earned
//   hold: the time a commission stays pending
//   transfer: one row of the ledger
//   reversal: an event that cancels a conversion, such as a chargeback
//   clawback: a commission taken back after a reversal
//   postback: a message to an affiliate's server
//   endpoint: a server that receives postbacks
//   delivery: one postback to one endpoint
//   attempt: one try of a delivery

/** Conversions: events that report a customer did something of value. */
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

/** Reversals: events that report that credited value was not real. */
export const NEGATIVE_EVENTS = ['chargeback', 'refund', 'bonus_abuse', 'fraud', 'account_closure'] as const;

type PositiveEvent = (typeof POSITIVE_EVENTS)[number];
export type NegativeEvent = (typeof NEGATIVE_EVENTS)[number];
/** Event that undoes a chargeback. */
export const REINSTATING_EVENT = 'chargeback_won';

export type EventType = PositiveEvent | NegativeEvent | typeof REINSTATING_EVENT;

export const EVENT_TYPES: readonly EventType[] = [...POSITIVE_EVENTS, ...NEGATIVE_EVENTS, REINSTATING_EVENT];

/** Most of what an operator sends: found among the newest events, or not at all. */
export const BULK_EVENTS: readonly EventType[] = ['deposit', 'trade', 'volume', 'revenue'];

/** Events that happen once per customer, and so need no transaction id. */
export const ONE_OFF_EVENTS: ReadonlySet<EventType> = new Set<EventType>([
  'registration',
  'kyc',
  'ftd',
  'account_closure',
]);

/** Whether events of this type reverse a conversion. */
export function isNegative(type: EventType): type is NegativeEvent {
  return (NEGATIVE_EVENTS as readonly string[]).includes(type);
}

/** Events that report a figure of a period; the figures of a month add up. */
const CUMULATIVE_EVENTS: ReadonlySet<EventType> = new Set<EventType>(['volume', 'revenue']);

export const EVENT_CLASSES = ['once', 'repeatable', 'cumulative', 'negative', 'reinstating'] as const;
/** Repetition and sign of an event type. */
type EventClass = (typeof EVENT_CLASSES)[number];

export function eventClassOf(type: EventType): EventClass {
  if (type === REINSTATING_EVENT) return 'reinstating';
  if (isNegative(type)) return 'negative';
  if (ONE_OFF_EVENTS.has(type)) return 'once';
  return CUMULATIVE_EVENTS.has(type) ? 'cumulative' : 'repeatable';
}

/** Subs: five tracking values an affiliate adds to a link; names of columns, fields and macros. */
export const SUBS = ['sub1', 'sub2', 'sub3', 'sub4', 'sub5'] as const;
type SubName = (typeof SUBS)[number];

/** Values of the subs in the order of `SUBS`, carried through unchanged. */
export type Subs = Each<typeof SUBS, string | null>;
type Each<Items extends readonly unknown[], Value> = { readonly [Index in keyof Items]: Value };

/** The subs, each by its name. */
export function subsFrom(valueOf: (name: SubName) => string | null): Subs {
  return SUBS.map(valueOf) as unknown as Subs;
}

/** A record with one value per sub, made from the position of the sub in `SUBS`. */
export function bySub<Value>(valueOf: (index: 0 | 1 | 2 | 3 | 4) => Value): Record<SubName, Value> {
  return { sub1: valueOf(0), sub2: valueOf(1), sub3: valueOf(2), sub4: valueOf(3), sub5: valueOf(4) };
}

/** What settling made of an event; `accepted` is one that is not settled yet. */
export const EVENT_OUTCOMES = ['settled', 'orphaned', 'rejected', 'set_aside', 'voided'] as const;
export const EVENT_STATUSES = ['accepted', ...EVENT_OUTCOMES] as const;
export type EventStatus = (typeof EVENT_STATUSES)[number];

export const EVENT_KEY_KINDS = ['transaction', 'customer', 'click', 'content', 'each'] as const;

/** Deduplication key of an event; `kind` names the field that the value was made from. */
export type EventKey = { kind: (typeof EVENT_KEY_KINDS)[number]; value: string };

/** A conversion event as the operator sent it, in domain units. */
export type ConversionEvent = {
  operatorId: string;
  id: string;
  type: EventType;
  key: EventKey;
  transactionId: string | null;
  clickId: string | null;
  customerId: string | null;
  /** No customer was sent: it is the one whom the click bound. */
  isCustomerOfClick?: boolean;
  amountMinor: bigint | null;
  currency: string | null;
  volumeE4: bigint | null;
  /** What was traded, and the operator's group of such symbols. */
  symbol: string | null;
  symbolGroup: string | null;
  reference: string | null;
  referenceType: EventType | null;
  operatorPayoutMinor: bigint | null;
  /** Currency of the operator's payout where it named one; null: that of the amount. */
  operatorPayoutCurrency: string | null;
  subs: Subs;
  coupon: string | null;
  occurredAt: number;
  receivedAt: number;
};

/**
 * What attribution has to know of the affiliate of a piece of evidence: its id at the operator, and
 * since when it attributes nothing, in milliseconds since 1970. Left out where neither is known.
 */
export type Party = { affiliateExternalId?: string | null; affiliateClosedAt?: number | null };

/** Currency of the payout that the operator computed: its own, or else that of the amount. */
export function payoutCurrencyOf({
  operatorPayoutCurrency,
  currency,
}: Pick<ConversionEvent, 'operatorPayoutCurrency' | 'currency'>): string | null {
  return operatorPayoutCurrency ?? currency;
}

/** Currencies of the amounts of an event, each once. */
export function currenciesOf(event: Pick<ConversionEvent, 'operatorPayoutCurrency' | 'currency'>): string[] {
  return [...new Set([event.currency, payoutCurrencyOf(event)])].filter((code) => code !== null);
}

/** A click, as far as attribution needs it. */
export type Click = Party & {
  id: string;
  affiliateId: string;
  linkId: string | null;
  subs: Subs;
  clickedAt: number;
};

/**
 * A coupon: attributes events that occurred from `startsAt` to before `endsAt` to an affiliate. A
 * null bound is open.
 */
export type Coupon = Party & {
  affiliateId: string;
  bindsCustomer: boolean;
  startsAt: number | null;
  endsAt: number | null;
};

/**
 * Affiliate that a person assigned to an orphan. `from`: since when the customer belongs to the
 * affiliate; without it, since the orphan occurred.
 */
export type Assignment = Party & { affiliateId: string; from?: number };

/** A person moved a customer to another affiliate, for events that occur from `from` on. */
export type Reassignment = Party & { affiliateId: string; from: number };

/**
 * Lasting assignment of a customer to an affiliate, with the event and the click that led to it. It
 * counts for events that occurred since `since`, in any order of arrival.
 */
export type Binding = Party & {
  customerId: string;
  affiliateId: string;
  eventId: string;
  /** When the event that bound the customer occurred. */
  occurredAt: number;
  click: Click | null;
  since: number;
};

/**
 * Tiers of a component: rates by the total of a calendar month. Steps are half-open, [from, next
 * from), and rise.
 */
export type Tiers = {
  /** Counted total: minor units of revenue, ten-thousandths of a lot, or first deposits. */
  metric: 'revenue' | 'volume' | 'ftd_count';
  /**
   * `marginal`: each part of the total at the rate of its own step. `retroactive`: the whole total
   * at the rate of the reached step.
   */
  mode: 'marginal' | 'retroactive';
  /** `rate`: parts per million for a share, minor units for a CPA, millionths of them for a lot. */
  steps: readonly { from: bigint; rate: bigint }[];
};

/**
 * Limit of a component per calendar month, by number or by amount. The earliest by (occurred_at,
 * id) are paid.
 */
export type Cap = { count: number | null; amountMinor: bigint | null };

/**
 * Deposits that earn a CPA: the first alone, or all deposits of a customer within some days of the
 * first.
 */
export type Qualify =
  { by: 'first' } | { by: 'cumulative'; minVolumeE4: bigint | null; withinDays: number | null };

/**
 * Trades that a component takes: those of a group, and those whose symbol is in a list, in upper
 * case. A symbol that ends with `*` stands for all that begin so.
 */
export type SymbolRule = { group: string | null; symbols: readonly string[] };

/**
 * One component of a deal: a rate for some events. Rates are parts per million.
 * The label ("cpa:ftd") names the component in its version and in the keys of its slots; the line
 * is what it has in common with the components that it continues in other versions.
 * A `payout` component pays the amount that the operator computed, in place of the other
 * components.
 * The rules of each kind are in `commission/components/`.
 */
export type Component = {
  label: string;
  line: string;
  on: readonly EventType[];
  tiers: Tiers | null;
  cap: Cap | null;
} & (
  | { kind: 'cpa'; amountMinor: bigint; minAmountMinor: bigint | null; qualify: Qualify }
  | { kind: 'percent'; ratePpm: bigint }
  | { kind: 'revshare'; ratePpm: bigint; negative: 'reset' | 'carry'; carryBy: 'ngr' | 'commission' }
  | { kind: 'per_lot'; perLotMinorE6: bigint; takes: SymbolRule | null }
  | { kind: 'payout' }
);

/** Part of the commission that a negative event takes back. */
export type ClawbackPolicy = 'full' | 'proportional' | 'none';

/** Terms of a deal version, in domain units. */
export type Terms = {
  currency: string;
  components: readonly Component[];
  holdDays: number;
  rounding: Rounding;
  clawback: { days: number } & Record<NegativeEvent, ClawbackPolicy>;
  /** Commission that the operator computed: ignored, paid when sent, or required. */
  payout: 'ignore' | 'accept' | 'require';
  /** Shares of parents in the commission of the affiliate, nearest first, in parts per million. */
  overrides: readonly bigint[];
};

/** A deal version and its terms, which never change. */
export type DealVersion = {
  dealId: string;
  version: number;
  affiliateId: string | null;
  effectiveFrom: number;
  /** `new_customers`: rates only events of customers who came since `effectiveFrom`. */
  appliesTo?: 'events' | 'new_customers';
  /** From then on no version of the deal is in force; null or missing: it goes on. */
  endedAt?: number | null;
  terms: Terms;
};

/** Rounding of a ratio to whole minor units; fixed per deal version. */
export type Rounding = 'half_even' | 'half_up' | 'down';

/** Whether events of this type can earn commission. */
export function isConversion(type: EventType): boolean {
  return (POSITIVE_EVENTS as readonly string[]).includes(type);
}

/** A customer who is erased. `erasedId`: what its events are kept under. */
export type ErasedCustomer = { operatorId: string; customerId: string; erasedId: string };
