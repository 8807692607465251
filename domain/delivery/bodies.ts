// Builds messages from facts, and the JSON text of a postback from a message: `{ type, timestamp,
// api_version, data }`. The text is fixed when the postback is planned, so that all tries send the
// same text.
import { decimalsOf, formatMoney, parseDecimal } from '../ledger/money.ts';
import { dataOf, fieldsOf, PERSONAL_FIELDS } from './fields.ts';
import type {
  CommissionChange,
  Listener,
  Message,
  MessageData,
  OutgoingMessage,
  PaidPayout,
  ReportedCommission,
} from './messages.ts';
import { inVersion } from './versions.ts';

/**
 * Message about a conversion after it was settled or settled again. `isFirst`: the conversion was
 * never settled before, so that no earlier message is about it.
 */
export function conversionMessage(message: Message, isFirst = false): OutgoingMessage {
  const { type, affiliateId, event, conversion } = message;
  return {
    type,
    affiliateId,
    aboutId: conversion.id,
    eventId: event?.id ?? null,
    eventType: (event ?? conversion).type,
    mayFollow: !isFirst,
    data: dataOf('conversion', message),
  };
}

/** Message that `releasedMinor` of a commission became payable, in minor units. */
export function releasedOf(commission: ReportedCommission, releasedMinor: bigint): OutgoingMessage {
  const change = { commission, change: 'released', amountMinor: releasedMinor, reason: null } as const;
  return { ...aboutCommission(commission, 'conversion.released'), data: dataOf('commission', change) };
}

/**
 * Message that a commission was rejected, which reversed `takenMinor`, in minor units.
 * `conversion.reportedMinor` is the remaining sum of the conversion.
 */
export function rejectedOf(
  commission: ReportedCommission,
  takenMinor: bigint,
  reason: string,
): OutgoingMessage {
  const change = { commission, change: 'rejected', amountMinor: takenMinor, reason } as const;
  return { ...aboutCommission(commission, 'conversion.adjusted'), data: dataOf('commission', change) };
}

/** Message that a commission was given back after a rejection. */
export function reinstatedOf(change: CommissionChange): OutgoingMessage {
  const about = aboutCommission(change.commission, 'conversion.reinstated');
  return { ...about, data: dataOf('commission', change) };
}

function aboutCommission(
  { id, affiliateId, conversion }: ReportedCommission,
  type: OutgoingMessage['type'],
): Omit<OutgoingMessage, 'data'> {
  const aboutId = conversion?.id ?? id;
  return { type, affiliateId, aboutId, eventId: null, eventType: null, mayFollow: true };
}

/** Message that a payout arrived. */
export function paidOf(payout: PaidPayout, paidAt: Date): OutgoingMessage {
  return {
    type: 'payout.paid',
    affiliateId: payout.affiliateId,
    aboutId: payout.id,
    eventId: null,
    eventType: null,
    mayFollow: true,
    data: dataOf('payout', { ...payout, paidAt }),
  };
}

/**
 * JSON text of a postback. The customer id is included only for endpoints that opted in with
 * `share_customer_id`.
 */
export function bodyOf(
  { type, data }: Pick<OutgoingMessage, 'type' | 'data'>,
  { shareCustomerId, apiVersion }: Pick<Listener, 'shareCustomerId' | 'apiVersion'>,
  timestamp: Date,
): string {
  const shared = shareCustomerId ? data : { ...data, customer_id: undefined };
  return inEnvelope(type, shared, timestamp, apiVersion);
}

/** What a message reports to be earned or lost, as its body says it; null where it says nothing. */
export function payoutDeltaIn({ data }: Pick<OutgoingMessage, 'data'>): {
  minor: bigint;
  currency: string;
} | null {
  const { payout_delta: amount, payout_currency: currency } = data;
  if (typeof amount !== 'string' || typeof currency !== 'string') return null;
  const parsed = parseDecimal(amount, decimalsOf(currency));
  if (parsed.kind !== 'ok') throw new Error(`a body says ${amount} ${currency}: ${parsed.kind}`);
  return { minor: parsed.value, currency };
}

function inEnvelope(type: string, newest: MessageData, timestamp: Date, apiVersion: string): string {
  const { version, data } = inVersion(apiVersion, newest);
  return JSON.stringify({ type, timestamp: timestamp.toISOString(), api_version: version, data });
}

/**
 * Body of an endpoint test. Every field has a value that cannot be mistaken for a conversion or for
 * money.
 */
export function testBodyOf(
  listener: Pick<Listener, 'affiliateId' | 'shareCustomerId' | 'apiVersion'>,
  { currency, timestamp }: { currency: string; timestamp: Date },
): string {
  const values = { text: 'test', amount: formatMoney(0n, currency), currency, time: timestamp.toISOString() };
  const data: Record<string, string> = {};
  for (const [name, { kind }] of fieldsOf('test')) {
    if (name === 'customer_id' && !listener.shareCustomerId) continue;
    data[name] = name === 'affiliate_id' ? (listener.affiliateId ?? 'test') : values[kind];
  }
  return inEnvelope('endpoint.test', data, timestamp, listener.apiVersion);
}

/**
 * Body of a postback that follows given-up ones. `previous_gave_up` names the earlier deliveries
 * that the receiver never got. The body must be made before the first try, since all tries send the
 * same text.
 */
export function afterGivenUp(body: string, predecessor: { id: string; body: string }): string {
  const { data, ...envelope } = JSON.parse(body) as Body;
  const earlier = (JSON.parse(predecessor.body) as Body).data.previous_gave_up ?? [];
  const all = new Set([...(data.previous_gave_up ?? []), ...earlier, predecessor.id]);
  return JSON.stringify({ ...envelope, data: { ...data, previous_gave_up: [...all].toSorted() } });
}

/**
 * Body of a postback whose customer is erased. A field that held the customer's id, as a
 * transaction may, holds what the customer is known by now.
 */
export function withoutCustomer(body: string, customerId: string, erasedId: string): string {
  const { data, ...envelope } = JSON.parse(body) as { data: Record<string, unknown> };
  const kept = Object.entries(data).flatMap(([name, value]) => {
    if (PERSONAL_FIELDS.has(name)) return [];
    return [[name, value === customerId ? erasedId : value] as const];
  });
  return JSON.stringify({ ...envelope, data: Object.fromEntries(kept) });
}

type Body = { data: { previous_gave_up?: string[] } };
