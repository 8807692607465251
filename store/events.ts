// The inbox: events as they were sent, each exactly once per key, whatever is repeated and however many processes take part.
import type { ConversionEvent, EventKey } from '../domain/types.ts';
import type { Queryable } from './pool.ts';

/**
 * An event with what only the inbox needs: the hash of what was sent, and the operator's own notes. `sentAs`: the operator's own name of it.
 * `repeatableFrom`: where its key is its content, the moment (in milliseconds) from which the same again is another event.
 */
export type IncomingEvent = {
  event: ConversionEvent;
  metadata: string | null;
  contentHash: Buffer;
  sentAs?: string;
  repeatableFrom?: number;
};

/** What makes two events the same: operator, type and key. */
export function eventKeyOf({ event }: Pick<IncomingEvent, 'event'>): string {
  return identity(event.operatorId, event.key, event.type);
}

function identity(operatorId: string, key: EventKey, type: string): string {
  return `${operatorId} ${type} ${key.kind} ${key.value}`;
}

/** The columns of an event, and what `eventRow` is to PostgreSQL. */
export const EVENT_COLUMNS = `operator_id, id, type, key_kind, key, content_hash, transaction_id, click_id, customer_id, amount_minor, currency,
  volume_e4, reference, reference_type, payout_minor, sub1, sub2, sub3, sub4, sub5, coupon, metadata, occurred_at, received_at, sent_as`;
export const EVENT_RECORD = `("operatorId" text, id text, type text, "keyKind" text, key text, "contentHash" text, "transactionId" text,
  "clickId" text, "customerId" text, "amountMinor" bigint, currency text, "volumeE4" bigint, reference text, "referenceType" text,
  "payoutMinor" bigint, sub1 text, sub2 text, sub3 text, sub4 text, sub5 text, coupon text, metadata text, "occurredAt" timestamptz,
  "receivedAt" timestamptz, "sentAs" text, "repeatableFrom" timestamptz)`;

/** The values of those columns; `key` is an expression of its own. */
export function eventValues(key: string): string {
  return `"operatorId", id, type, "keyKind", ${key}, decode("contentHash", 'hex'), "transactionId", "clickId", "customerId", "amountMinor", currency,
    "volumeE4", reference, "referenceType", "payoutMinor", sub1, sub2, sub3, sub4, sub5, coupon, metadata::json, "occurredAt", "receivedAt",
    "sentAs"`;
}

/** An event as a row of `EVENT_RECORD`. */
export function eventRow({ event, metadata, contentHash, sentAs, repeatableFrom }: IncomingEvent) {
  return {
    ...event,
    key: event.key.value,
    keyKind: event.key.kind,
    contentHash: contentHash.toString('hex'),
    amountMinor: event.amountMinor?.toString(),
    volumeE4: event.volumeE4?.toString(),
    payoutMinor: event.payoutMinor?.toString(),
    subs: undefined,
    sub1: event.subs[0],
    sub2: event.subs[1],
    sub3: event.subs[2],
    sub4: event.subs[3],
    sub5: event.subs[4],
    metadata: metadata ?? undefined,
    occurredAt: new Date(event.occurredAt),
    receivedAt: new Date(event.receivedAt),
    sentAs,
    repeatableFrom: repeatableFrom === undefined ? undefined : new Date(repeatableFrom),
  };
}

/**
 * Inserts events with different keys, in the order of their unique key, so that two processes cannot wait for each other in a circle.
 * Gives the ids of those that were new; the others lost to an earlier event with their key.
 */
export async function insertEvents(db: Queryable, events: readonly IncomingEvent[]): Promise<Set<string>> {
  const { rows } = await db.query<{ id: string }>({
    name: 'insert-events',
    text: `insert into events (${EVENT_COLUMNS})
     select ${eventValues('key')} from json_to_recordset($1) as e ${EVENT_RECORD}
     order by "operatorId", key, type, "keyKind"
     on conflict (operator_id, key, type, key_kind) do nothing
     returning id`,
    values: [JSON.stringify(events.map(eventRow))],
  });
  return new Set(rows.map(({ id }) => id));
}

/** The events that hold these keys already, by `eventKeyOf`. A statement of its own: the insert that lost cannot see the winner. */
export async function readWinners(
  db: Queryable,
  losers: readonly IncomingEvent[],
): Promise<Map<string, { id: string; contentHash: Buffer }>> {
  const keys = losers.map(({ event }) => ({ o: event.operatorId, k: event.key.value, t: event.type, i: event.key.kind }));
  const { rows } = await db.query<{
    operatorId: string;
    id: string;
    type: string;
    kind: EventKey['kind'];
    value: string;
    contentHash: Buffer;
  }>(
    `select e.operator_id as "operatorId", e.id, e.type, e.key_kind as kind, e.key as value, e.content_hash as "contentHash"
     from json_to_recordset($1) as w (o text, k text, t text, i text)
     join events e on e.operator_id = w.o and e.key = w.k and e.type = w.t and e.key_kind = w.i`,
    [JSON.stringify(keys)],
  );
  return new Map(
    rows.map(({ operatorId, id, type, kind, value, contentHash }) => [
      identity(operatorId, { kind, value }, type),
      { id, contentHash },
    ]),
  );
}

/** Keeps what was sent under a key that another event holds already, for inspection. */
export async function insertConflicts(
  db: Queryable,
  conflicts: readonly { id: string; eventId: string; incoming: IncomingEvent }[],
): Promise<void> {
  const rows = conflicts.map(({ id, eventId, incoming: { event, metadata, contentHash } }) => ({
    operatorId: event.operatorId,
    id,
    eventId,
    contentHash: contentHash.toString('hex'),
    sent: {
      ...event,
      metadata,
      amountMinor: event.amountMinor?.toString(),
      volumeE4: event.volumeE4?.toString(),
      payoutMinor: event.payoutMinor?.toString(),
    },
  }));
  await db.query(
    `insert into event_conflicts (operator_id, id, event_id, content_hash, sent)
     select "operatorId", id, "eventId", decode("contentHash", 'hex'), sent
     from json_to_recordset($1) as c ("operatorId" text, id text, "eventId" text, "contentHash" text, sent json)`,
    [JSON.stringify(rows)],
  );
}
