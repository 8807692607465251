// Hashes the content of an event, which tells a repeat from other content under the same key.
import { hash } from 'node:crypto';
import { SUBS, type ConversionEvent } from '../../domain/types.ts';
import type { IncomingEvent } from '../../store/intake/event-inbox.ts';

/**
 * An event as sent. `isTimed`: it named its own time; else `occurredAt` is a default, no content.
 */
export type Content = { event: ConversionEvent; isTimed: boolean; metadata: Record<string, unknown> | null };

type ContentField = readonly [name: string, valueOf: (content: Content) => unknown];

/** The first byte of a hash names its form. Hashes of the first form are bare, of 32 bytes. */
const FORM = Buffer.of(2);
const FIRST_FORM_BYTES = 32;

/**
 * The fields that are content, by name: values in our units, null where not given. An event without
 * a field hashes the same before and after the field exists, so fields may be added. Renaming or
 * removing one needs a new form.
 */
export const CONTENT_FIELDS: readonly ContentField[] = [
  ['amount', ({ event }) => textOf(event.amountMinor)],
  ['click_id', ({ event }) => event.clickId],
  ['coupon', ({ event }) => event.coupon],
  ['currency', ({ event }) => event.currency],
  ['customer_id', ({ event }) => event.customerId],
  ['event', ({ event }) => event.type],
  ['metadata', ({ metadata }) => sortedKeys(metadata)],
  ['occurred_at', ({ event, isTimed }) => (isTimed ? event.occurredAt : null)],
  ['payout', ({ event }) => textOf(event.operatorPayoutMinor)],
  ['payout_currency', ({ event }) => event.operatorPayoutCurrency],
  ['reference', ({ event }) => event.reference],
  ['reference_event', ({ event }) => event.referenceType],
  ...SUBS.map((name, index): ContentField => [name, ({ event }) => event.subs[index]]),
  ['symbol', ({ event }) => event.symbol],
  ['symbol_group', ({ event }) => event.symbolGroup],
  ['transaction_id', ({ event }) => event.transactionId],
  ['volume', ({ event }) => textOf(event.volumeE4)],
];

/**
 * The form's byte, and SHA-256 over the given fields: one hash, however the content was written.
 */
export function contentHashOf(content: Content, fields = CONTENT_FIELDS): Buffer {
  const given: [string, unknown][] = [];
  for (const [name, valueOf] of fields) {
    const value = valueOf(content);
    if (value !== null) given.push([name, value]);
  }
  return Buffer.concat([FORM, hash('sha256', JSON.stringify(given), 'buffer')]);
}

/**
 * Whether a stored hash, of either form, is that of this event. An event whose key is its content
 * is looked up by the present form alone: a repeat of one kept with the first form is a new event.
 */
export function isSameContent(
  stored: Buffer,
  incoming: Pick<IncomingEvent, 'event' | 'metadata' | 'contentHash'> & { isTimed: boolean },
): boolean {
  if (stored.length !== FIRST_FORM_BYTES) return stored.equals(incoming.contentHash);
  const { event, isTimed } = incoming;
  const metadata =
    incoming.metadata === null ? null : (JSON.parse(incoming.metadata) as Record<string, unknown>);
  return stored.equals(firstFormOf({ event, isTimed, metadata }));
}

/** The first form: values by position, absent ones as null, by which stored events are compared. */
function firstFormOf({ event, isTimed, metadata }: Content): Buffer {
  const values = [
    event.type,
    event.transactionId,
    event.clickId,
    event.customerId,
    textOf(event.amountMinor),
    event.currency,
    textOf(event.volumeE4),
    event.reference,
    event.referenceType,
    textOf(event.operatorPayoutMinor),
    event.subs,
    event.coupon,
    isTimed ? event.occurredAt : null,
    sortedKeys(metadata),
  ];
  return hash('sha256', JSON.stringify(values), 'buffer');
}

/** Whether metadata says the same as stored JSON text, in whatever order its fields are. */
export function isSameMetadata(stored: string | null, metadata: Record<string, unknown>): boolean {
  if (stored === null) return false;
  const [before, after] = [JSON.parse(stored) as unknown, metadata].map(sortedKeys);
  return JSON.stringify(before) === JSON.stringify(after);
}

function textOf(value: bigint | null): string | null {
  return value === null ? null : String(value);
}

/** The order of an object's fields says nothing. */
function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return { fields: fields.map(([key, item]) => [key, sortedKeys(item)]) };
}
