// What an affiliate's server is told: the body of a postback, fixed when it is planned, and which endpoints listen to it.
import { formatMoney } from './money.ts';
import type { Message } from './settlement.ts';

/** An endpoint as planning sees it. No affiliate: the operator's own webhook, which hears of everybody. */
export type Listener = { affiliateId: string | null; events: readonly string[]; shareCustomerId: boolean };

/** Whether an endpoint wants a message: by its type (`conversion.reversed`), by the event's name (`ftd`), or all of them (`*`). */
export function listens(listener: Listener, message: Pick<Message, 'type' | 'affiliateId' | 'event' | 'conversion'>): boolean {
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
    reason: isAbout ? (message.event?.type ?? 'deal_changed') : undefined,
    via: message.via ?? undefined,
    amount: event.amountMinor === null || event.currency === null ? null : formatMoney(event.amountMinor, event.currency),
    currency: event.currency,
    payout: formatMoney(message.payoutMinor, currency),
    payout_delta: formatMoney(message.deltaMinor, currency),
    payout_currency: currency,
    status: message.type === 'conversion.reversed' && message.payoutMinor === 0n ? 'reversed' : 'pending',
    occurred_at: new Date(event.occurredAt).toISOString(),
  };
  message.subs.forEach((sub, index) => {
    if (sub !== null) data[`sub${index + 1}`] = sub;
  });
  return JSON.stringify({ type: message.type, timestamp: timestamp.toISOString(), data });
}

/** The body of an endpoint's test: every macro has a value, none of which can be taken for a conversion or for money. */
export function testBodyOf(
  listener: Pick<Listener, 'affiliateId' | 'shareCustomerId'>,
  { currency, timestamp }: { currency: string; timestamp: Date },
): string {
  const at = timestamp.toISOString();
  const zero = formatMoney(0n, currency);
  const ids = { event_id: 'test', original_event_id: 'test', transaction_id: 'test', click_id: 'test' };
  const data = {
    event: 'test',
    ...ids,
    affiliate_id: listener.affiliateId ?? 'test',
    via: 'test',
    ...(listener.shareCustomerId && { customer_id: 'test' }),
    amount: zero,
    currency,
    payout: zero,
    payout_delta: zero,
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
