// Messages to affiliates and operators: the facts they are made from, their one envelope, and which
// endpoints subscribe to them. Their fields are in fields.ts, their text is made in bodies.ts.
import type { ConversionEvent, EventType, Subs } from '../types.ts';
import type { NoticeType } from './notices.ts';

/**
 * An endpoint as a subscriber. Without an affiliate it is the operator's own webhook, which
 * receives all affiliates' messages.
 */
export type Listener = { affiliateId: string | null; events: readonly string[]; shareCustomerId: boolean };

/** Messages that only an endpoint which names them receives; `*` does not ask for them. */
const OPT_IN = ['conversion.released', 'payout.paid'] as const;

/** Fields of a message by name; undefined ones are left out. */
export type MessageData = Readonly<Record<string, unknown>>;

/**
 * A message before it is planned for the endpoints that subscribe to it. `aboutId` is the
 * conversion where there is one, otherwise the commission, payout, endpoint or delivery: messages
 * about the same thing go to one endpoint in order.
 */
export type OutgoingMessage = {
  type: Message['type'] | (typeof OPT_IN)[number] | NoticeType;
  affiliateId: string | null;
  aboutId: string;
  eventId: string | null;
  /**
   * Type of the event that caused it or that it is about (`ftd`), by which endpoints may subscribe
   * too.
   */
  eventType: EventType | null;
  /**
   * Whether an earlier message about the same thing may be unfinished, which the planner looks up.
   */
  mayFollow: boolean;
  data: MessageData;
};

/**
 * Whether an endpoint receives a message: by the message's type, by the event's, or because it asks
 * for all (`*`).
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
 * Cause of a message that no event caused: another agreement, an amendment by the operator, or
 * another conversion that took this one's place or left it one.
 */
export type Unprompted = 'deal_changed' | 'amended' | 'recomputed';

/**
 * What an affiliate is told about `conversion`, because of `event` or, without one, for `reason`. A
 * parent is told of its part of the commission of `via`. `reportedMinor` is the sum reported for
 * the conversion so far, `deltaMinor` the change, in minor units of `currency`.
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
 * The conversion that a commission is reported for; a monthly share has none. `reportedMinor` is
 * the sum reported so far.
 */
export type ReportedConversion = {
  id: string;
  type: EventType;
  transactionId: string | null;
  clickId: string | null;
  amountMinor: bigint | null;
  currency: string | null;
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
  /** The affiliate of whose commission a parent is paid a part. */
  via: string | null;
  conversion: ReportedConversion | null;
};

/** A commission became payable (`released`), or was rejected; `amountMinor` of it. */
export type CommissionChange = {
  commission: ReportedCommission;
  change: 'released' | 'rejected';
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
