// Messages to affiliates and operators: the facts of a message, the common envelope, and the rule
// by which endpoints subscribe. fields.ts lists the fields, bodies.ts makes the text.
import type { ConversionEvent, EventType, Subs } from '../types.ts';
import type { NoticeType } from './notices.ts';

/**
 * An endpoint as a subscriber. An endpoint without an affiliate is a webhook of the operator and
 * receives the messages of all affiliates.
 */
export type Listener = {
  affiliateId: string | null;
  events: readonly string[];
  shareCustomerId: boolean;
  apiVersion: string;
};

/** Message types that an endpoint receives only by naming them; `*` does not include them. */
const OPT_IN = ['conversion.released', 'payout.paid'] as const;

/** Fields of a message by name. Undefined fields are omitted. */
export type MessageData = Readonly<Record<string, unknown>>;

/**
 * A message before it is planned for the endpoints that subscribe to it. `aboutId` is the id of the
 * conversion or, without a conversion, of the commission, payout, endpoint or delivery. Each
 * endpoint receives messages with the same `aboutId` in order.
 */
export type OutgoingMessage = {
  type: Message['type'] | (typeof OPT_IN)[number] | NoticeType;
  affiliateId: string | null;
  aboutId: string;
  eventId: string | null;
  /**
   * Type of the event that caused the message or that the message is about (`ftd`). Endpoints may
   * subscribe by event type too.
   */
  eventType: EventType | null;
  /**
   * True when an earlier message with the same `aboutId` may be unfinished. The planner then looks
   * for one.
   */
  mayFollow: boolean;
  data: MessageData;
};

/**
 * Returns true when an endpoint subscribes to a message: by message type, by event type, or with
 * `*`.
 */
export function subscribes(
  listener: Pick<Listener, 'affiliateId' | 'events'>,
  { type, affiliateId, eventType }: Pick<OutgoingMessage, 'type' | 'affiliateId' | 'eventType'>,
): boolean {
  if (listener.affiliateId !== null && listener.affiliateId !== affiliateId) return false;
  const isOptIn = (OPT_IN as readonly string[]).includes(type);
  return listener.events.some(
    (event) => event === type || event === eventType || (event === '*' && !isOptIn),
  );
}

/**
 * Causes of messages without an event, with their meaning for affiliates.
 */
export const CHANGE_REASONS = {
  deal_changed: 'another agreement',
  amended: 'by its operator',
  recomputed: 'another conversion took its place, or left it one',
  voided: 'the operator took an event out of its books',
  unvoided: 'the operator put an event back',
  rejected: 'the operator rejected the conversion',
  unrejected: 'the operator took a rejection back',
  reassigned: 'the operator gave the customer to another affiliate',
  unbound: 'the event that brought the customer was taken out of the books',
  rate_corrected: 'the operator corrected an exchange rate',
  parent_changed: 'the affiliate has another parent',
  same_customer: 'the conversion turned out to be of a known customer',
} as const;

export type Unprompted = keyof typeof CHANGE_REASONS;

/**
 * A message to an affiliate about `conversion`, caused by `event` or, without an event, by
 * `reason`. A message to a parent reports the part of the commission of affiliate `via`.
 * `reportedMinor` is the sum reported for the conversion so far and `deltaMinor` the change, both
 * in minor units of `currency`.
 */
export type Message = {
  type: 'conversion.created' | 'conversion.reversed' | 'conversion.reinstated' | 'conversion.adjusted';
  affiliateId: string;
  via: string | null;
  event: ConversionEvent | null;
  reason: Unprompted | null;
  conversion: ConversionEvent;
  clickId: string | null;
  subs: Subs;
  reportedMinor: bigint;
  deltaMinor: bigint;
  currency: string;
};

/**
 * The conversion that a commission is reported for. A monthly share has no conversion.
 * `reportedMinor` is the sum reported so far, in minor units.
 */
export type ReportedConversion = {
  id: string;
  type: EventType;
  transactionId: string | null;
  clickId: string | null;
  amountMinor: bigint | null;
  currency: string | null;
  symbol: string | null;
  symbolGroup: string | null;
  subs: Subs;
  occurredAt: Date;
  reportedMinor: bigint;
};

/** A commission with the conversion it is reported for. */
export type ReportedCommission = {
  id: string;
  affiliateId: string;
  currency: string;
  period: string | null;
  /** The affiliate who earned the commission of which a parent receives a part. */
  via: string | null;
  conversion: ReportedConversion | null;
};

/**
 * A commission that became payable (`released`), was rejected, or was given back after a rejection
 * (`reinstated`). `amountMinor` is the part affected, in minor units.
 */
export type CommissionChange = {
  commission: ReportedCommission;
  change: 'released' | 'rejected' | 'reinstated';
  amountMinor: bigint;
  reason: string | null;
};

/** A payout that arrived. */
export type PaidPayout = {
  id: string;
  affiliateId: string;
  currency: string;
  amountMinor: bigint;
  externalReference: string | null;
};
