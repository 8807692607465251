// What an affiliate's server is told: the body of a postback, fixed when it is planned, and which endpoints listen to it.
import { formatMoney } from '../ledger/money.ts';
import type { ConversionEvent, EventType, Subs } from '../types.ts';

/** An endpoint as planning sees it. No affiliate: the operator's own webhook, which hears of everybody. */
export type Listener = { affiliateId: string | null; events: readonly string[]; shareCustomerId: boolean };

/** Whether an endpoint wants a message: by its type (`conversion.reversed`), by the event's name (`ftd`), or all of them (`*`). */
export function listens(
  listener: Listener,
  message: Pick<Message, 'type' | 'affiliateId' | 'event' | 'conversion'>,
): boolean {
  if (listener.affiliateId !== null && listener.affiliateId !== message.affiliateId) return false;
  const { type } = message.event ?? message.conversion;
  return listener.events.some((wanted) => wanted === '*' || wanted === message.type || wanted === type);
}

/** The postback's JSON. Amounts are decimal text; the customer's id is only shared with endpoints that were given it on purpose. */
export function bodyOf(message: Message, listener: Listener, timestamp: Date): string {
  const { conversion, currency } = message;
  // What no event caused speaks of the conversion alone.
  const event = message.event ?? conversion;
  const isAbout = message.event?.id !== conversion.id;
  const data: Record<string, string | null | undefined> = {
    event: event.type,
    event_id: message.event?.id,
    transaction_id: event.transactionId,
    click_id: message.clickId,
    affiliate_id: message.affiliateId,
    customer_id: listener.shareCustomerId ? (event.customerId ?? conversion.customerId) : undefined,
    original_event_id: isAbout ? conversion.id : undefined,
    reason: isAbout ? (message.event?.type ?? message.reason ?? undefined) : undefined,
    via: message.via ?? undefined,
    amount:
      event.amountMinor === null || event.currency === null
        ? null
        : formatMoney(event.amountMinor, event.currency),
    currency: event.currency,
    payout: formatMoney(message.payoutMinor, currency),
    payout_delta: formatMoney(message.deltaMinor, currency),
    payout_currency: currency,
    status: message.type === 'conversion.reversed' && message.payoutMinor === 0n ? 'reversed' : 'pending',
    occurred_at: new Date(event.occurredAt).toISOString(),
  };
  addSubs(data, message.subs);
  return JSON.stringify({ type: message.type, timestamp: timestamp.toISOString(), data });
}

/** Only the subs there are. */
function addSubs(data: Record<string, string | null | undefined>, subs: Subs): void {
  for (const [index, sub] of subs.entries()) if (sub !== null) data[`sub${index + 1}`] = sub;
}

/** Messages that only an endpoint which names them hears; `*` does not ask for them. */
const OPT_IN = ['conversion.released', 'payout.paid'] as const;

/**
 * What an affiliate is told that no event caused. `about` is what it speaks of, the conversion where there is one: to one endpoint, such
 * postbacks go out in order.
 */
export type Announcement = {
  type: (typeof OPT_IN)[number] | 'conversion.adjusted';
  affiliateId: string;
  about: string;
  data: Record<string, string | null | undefined>;
};

/** Whether an endpoint wants an announcement. */
export function wants(
  listener: Pick<Listener, 'affiliateId' | 'events'>,
  { type, affiliateId }: Announcement,
): boolean {
  if (listener.affiliateId !== null && listener.affiliateId !== affiliateId) return false;
  const isOptIn = (OPT_IN as readonly string[]).includes(type);
  return listener.events.includes(type) || (!isOptIn && listener.events.includes('*'));
}

/** The conversion that a commission is told by; a monthly share has none. `payoutMinor` is the sum told for it so far. */
export type ToldConversion = {
  id: string;
  type: EventType;
  transactionId: string | null;
  clickId: string | null;
  amountMinor: bigint | null;
  currency: string | null;
  subs: Subs;
  occurredAt: Date;
  payoutMinor: bigint;
};

/** A commission as announcements speak of it. */
export type ToldCommission = {
  id: string;
  affiliateId: string;
  currency: string;
  period: string | null;
  /** The affiliate of whose commission a parent is paid a part. */
  via: string | null;
  conversion: ToldConversion | null;
};

/** A commission became payable: this much of it now. */
export function releasedOf(commission: ToldCommission, releasedMinor: bigint): Announcement {
  const { affiliateId, currency, conversion } = commission;
  const payout = conversion && {
    event_id: conversion.id,
    payout: formatMoney(conversion.payoutMinor, currency),
    payout_delta: formatMoney(0n, currency),
  };
  const data = {
    ...commissionFields(commission),
    ...payout,
    commission: formatMoney(releasedMinor, currency),
    status: 'payable',
  };
  return { type: 'conversion.released', affiliateId, about: conversion?.id ?? commission.id, data };
}

/** A commission was rejected, which took this much back. `conversion.payoutMinor` is what is left for the conversion. */
export function rejectedOf(commission: ToldCommission, takenMinor: bigint, reason: string): Announcement {
  const { affiliateId, currency, conversion } = commission;
  const payout = conversion && {
    original_event_id: conversion.id,
    payout: formatMoney(conversion.payoutMinor, currency),
  };
  const data = {
    ...commissionFields(commission),
    ...payout,
    payout_delta: formatMoney(-takenMinor, currency),
    status: 'rejected',
    reason,
  };
  return { type: 'conversion.adjusted', affiliateId, about: conversion?.id ?? commission.id, data };
}

function commissionFields({
  id,
  affiliateId,
  currency,
  period,
  via,
  conversion,
}: ToldCommission): Announcement['data'] {
  const of = {
    affiliate_id: affiliateId,
    ...(via !== null && { via }),
    commission_id: id,
    payout_currency: currency,
    ...(period !== null && { period }),
  };
  if (conversion === null) return of;
  const { amountMinor, currency: paidIn } = conversion;
  const data = {
    event: conversion.type,
    transaction_id: conversion.transactionId,
    click_id: conversion.clickId,
    ...of,
    amount: amountMinor === null || paidIn === null ? null : formatMoney(amountMinor, paidIn),
    currency: paidIn,
    occurred_at: conversion.occurredAt.toISOString(),
  };
  addSubs(data, conversion.subs);
  return data;
}

/** A payout arrived. */
export function paidOf(
  payout: {
    id: string;
    affiliateId: string;
    currency: string;
    amountMinor: bigint;
    externalReference: string | null;
  },
  at: Date,
): Announcement {
  const { id, affiliateId, currency, amountMinor, externalReference } = payout;
  const data = {
    payout_id: id,
    affiliate_id: affiliateId,
    amount: formatMoney(amountMinor, currency),
    currency,
    external_reference: externalReference,
    status: 'paid',
    occurred_at: at.toISOString(),
  };
  return { type: 'payout.paid', affiliateId, about: id, data };
}

/** An announcement's JSON. */
export function announcementBody({ type, data }: Announcement, timestamp: Date): string {
  return JSON.stringify({ type, timestamp: timestamp.toISOString(), data });
}

/** The body of an endpoint's test: every macro has a value, none of which can be taken for a conversion or for money. */
export function testBodyOf(
  listener: Pick<Listener, 'affiliateId' | 'shareCustomerId'>,
  { currency, timestamp }: { currency: string; timestamp: Date },
): string {
  const at = timestamp.toISOString();
  const zero = formatMoney(0n, currency);
  const names = [
    'event_id',
    'original_event_id',
    'transaction_id',
    'click_id',
    'commission_id',
    'payout_id',
    'external_reference',
    'period',
  ];
  const data = {
    event: 'test',
    ...Object.fromEntries(names.map((name) => [name, 'test'])),
    affiliate_id: listener.affiliateId ?? 'test',
    via: 'test',
    ...(listener.shareCustomerId && { customer_id: 'test' }),
    amount: zero,
    currency,
    payout: zero,
    payout_delta: zero,
    commission: zero,
    payout_currency: currency,
    status: 'test',
    reason: 'test',
    ...Object.fromEntries([1, 2, 3, 4, 5].map((number) => [`sub${number}`, 'test'])),
    occurred_at: at,
  };
  return JSON.stringify({ type: 'endpoint.test', timestamp: at, data });
}
/**
 * The body of a postback that follows one that was given up: it says so, so that its receiver knows what it was never told. Must be made before
 * its first try, since every try says the same.
 */
export function afterGivenUp(body: string, predecessor: { id: string; body: string }): string {
  const { data, ...envelope } = JSON.parse(body) as Body;
  const earlier = (JSON.parse(predecessor.body) as Body).data.previous_gave_up ?? [];
  const all = new Set([...(data.previous_gave_up ?? []), ...earlier, predecessor.id]);
  return JSON.stringify({ ...envelope, data: { ...data, previous_gave_up: [...all].toSorted() } });
}

type Body = { data: { previous_gave_up?: string[] } };

/**
 * Why somebody is told what no event caused: what was agreed is another, its operator amended the conversion, or another conversion took its place or
 * left it one.
 */
export type Unprompted = 'deal_changed' | 'amended' | 'recomputed';

/**
 * Something an affiliate is told about `conversion`, because of `event` or, without one, for `reason`. A parent is told of its part of
 * the commission of `via`. Amounts are minor units of `currency`.
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
  payoutMinor: bigint;
  deltaMinor: bigint;
  currency: string;
};
