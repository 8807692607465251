// Event inbox: stores each event exactly once per key, across repeats and processes.
import type { ConversionEvent, EventKey } from '../../domain/types.ts';
import { bulkColumns, type ColumnSpec } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';
import { subColumns } from '../db/subs.ts';

/**
 * An event with its inbox data. `contentHash` is the hash of the sent content, `metadata` JSON
 * text, `sentAs` the alias of the event type that the operator sent; `traceparent`, `keyId` and
 * `requestId` the trace, key and id of the request that brought it.
 * `repeatableFrom`: for an event keyed by its content, the time (milliseconds since 1970) from
 * which equal content is a new event.
 */
export type IncomingEvent = {
  event: ConversionEvent;
  metadata: string | null;
  contentHash: Buffer;
  sentAs?: string;
  repeatableFrom?: number;
  traceparent?: string;
  keyId?: string;
  requestId?: string;
};

/** Identity of an event as one string: operator, type and key. */
export function eventKeyOf({ event }: Pick<IncomingEvent, 'event'>): string {
  return identity(event.operatorId, event.key, event.type);
}

function identity(operatorId: string, key: EventKey, type: string): string {
  return `${operatorId} ${type} ${key.kind} ${key.value}`;
}

/** Columns of `events` except `key`. */
export const EVENT_COLUMNS: ColumnSpec<IncomingEvent> = {
  operator_id: ['text', ({ event }) => event.operatorId],
  id: ['text', ({ event }) => event.id],
  type: ['text', ({ event }) => event.type],
  key_kind: ['text', ({ event }) => event.key.kind],
  content_hash: ['bytea', ({ contentHash }) => contentHash],
  transaction_id: ['text', ({ event }) => event.transactionId],
  click_id: ['text', ({ event }) => event.clickId],
  customer_id: ['text', ({ event }) => event.customerId],
  amount_minor: ['bigint', ({ event }) => event.amountMinor],
  currency: ['text', ({ event }) => event.currency],
  volume_e4: ['bigint', ({ event }) => event.volumeE4],
  symbol: ['text', ({ event }) => event.symbol],
  symbol_group: ['text', ({ event }) => event.symbolGroup],
  reference: ['text', ({ event }) => event.reference],
  reference_type: ['text', ({ event }) => event.referenceType],
  payout_minor: ['bigint', ({ event }) => event.operatorPayoutMinor],
  payout_currency: ['text', ({ event }) => event.operatorPayoutCurrency],
  ...subColumns<IncomingEvent>(({ event }) => event.subs),
  coupon: ['text', ({ event }) => event.coupon],
  metadata: ['json', ({ metadata }) => metadata],
  occurred_at: ['timestamptz', ({ event }) => new Date(event.occurredAt)],
  received_at: ['timestamptz', ({ event }) => new Date(event.receivedAt)],
  sent_as: ['text', ({ sentAs }) => sentAs],
  traceparent: ['text', ({ traceparent }) => traceparent],
  key_id: ['text', ({ keyId }) => keyId],
  request_id: ['text', ({ requestId }) => requestId],
};
const EVENTS = bulkColumns<IncomingEvent>({
  ...EVENT_COLUMNS,
  key: ['text', ({ event }) => event.key.value],
});

/**
 * Inserts events with distinct keys in the order of the unique key, so that two processes cannot
 * deadlock. Returns the ids of inserted events; the others lost to an earlier event with the same
 * key.
 */
export async function insertEvents(db: Queryable, events: readonly IncomingEvent[]): Promise<Set<string>> {
  const { rows } = await db.query<{ id: string }>({
    name: 'insert-events',
    text: `insert into events (${EVENTS.names()})
     select ${EVENTS.names()} from ${EVENTS.unnest(1, 'e')}
     order by operator_id, key, type, key_kind
     on conflict (operator_id, key, type, key_kind) do nothing
     returning id`,
    values: EVENTS.values(events),
  });
  return new Set(rows.map(({ id }) => id));
}

/**
 * Reads the earlier events with the same keys, by `eventKeyOf`. A separate statement, since the
 * snapshot of a losing insert cannot see the winner.
 */
export async function readEarlierEvents(
  db: Queryable,
  repeats: readonly IncomingEvent[],
): Promise<Map<string, { id: string; contentHash: Buffer }>> {
  const keys = repeats.map(({ event }) => ({
    o: event.operatorId,
    k: event.key.value,
    t: event.type,
    i: event.key.kind,
  }));
  const { rows } = await db.query<{
    operatorId: string;
    id: string;
    type: string;
    kind: EventKey['kind'];
    value: string;
    contentHash: Buffer;
  }>(
    `select e.operator_id as "operatorId", e.id, e.type, e.key_kind as kind, e.key as value,
       e.content_hash as "contentHash"
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

/** Fields as senders name them whose columns have other names. */
const SENT_AS: Readonly<Record<string, string>> = {
  amount_minor: 'amount',
  volume_e4: 'volume',
  reference_type: 'reference_event',
  payout_minor: 'payout',
};
/** Columns of what no sender said. */
const NOT_SENT =
  /^(operator_id|id|type|key_kind|content_hash|received_at|sent_as|traceparent|key_id|request_id)$/;
const SENT_COLUMNS = Object.keys(EVENT_COLUMNS).filter((name) => !NOT_SENT.test(name));
const asCompared = (row: string, column: string): string =>
  column === 'metadata' ? `${row}.metadata::jsonb` : `${row}.${column}`;
const DIFFERENCES = SENT_COLUMNS.map(
  (column) =>
    `case when ${asCompared('n', column)} is distinct from ${asCompared('e', column)} then '${SENT_AS[column] ?? column}' end`,
).join(', ');

/** The fields in which events differ from the earlier ones with their keys, by their own ids. */
export async function readDifferences(
  db: Queryable,
  conflicts: readonly { eventId: string; incoming: IncomingEvent & { isTimed: boolean } }[],
): Promise<Map<string, string[]>> {
  const { rows } = await db.query<{ id: string; fields: string[] }>(
    `select n.id, array_remove(array[${DIFFERENCES}], null) as fields
     from ${EVENTS.unnest(2, 'n')}
     join json_to_recordset($1) as c ("eventId" text, id text) on c.id = n.id
     join events e on e.operator_id = n.operator_id and e.id = c."eventId"`,
    [
      JSON.stringify(conflicts.map(({ eventId, incoming }) => ({ eventId, id: incoming.event.id }))),
      ...EVENTS.values(conflicts.map(({ incoming }) => incoming)),
    ],
  );
  const isTimed = new Map(conflicts.map(({ incoming }) => [incoming.event.id, incoming.isTimed]));
  // Without a time of its own an event says nothing about when it occurred.
  const said = (id: string, field: string) => field !== 'occurred_at' || isTimed.get(id) === true;
  return new Map(rows.map(({ id, fields }) => [id, fields.filter((field) => said(id, field))]));
}

/** Stores events that reuse the key of an earlier event with other content, for inspection. */
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
      operatorPayoutMinor: event.operatorPayoutMinor?.toString(),
    },
  }));
  await db.query(
    `insert into event_conflicts (operator_id, id, event_id, content_hash, sent)
     select "operatorId", id, "eventId", decode("contentHash", 'hex'), sent
     from json_to_recordset($1) as c ("operatorId" text, id text, "eventId" text, "contentHash" text,
       sent json)`,
    [JSON.stringify(rows)],
  );
}
