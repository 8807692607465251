// Content keys: deduplicates events that carry no id, by their content. Equal content within the
// operator's window is the same event. One row per content names its current holder; a guarded
// upsert replaces the holder, so that two processes cannot both find the content free at the
// window's edge.
import { bulkColumns } from '../db/bulk.ts';
import { EVENT_COLUMNS, eventKeyOf, type IncomingEvent } from './event-inbox.ts';
import type { Page } from '../db/page.ts';
import type { Queryable } from '../db/pool.ts';

const EVENTS = bulkColumns(EVENT_COLUMNS);
const INCOMING = bulkColumns<IncomingEvent>({
  ...EVENT_COLUMNS,
  content: ['text', ({ event }) => event.key.value],
  repeatable_from: [
    'timestamptz',
    ({ repeatableFrom }) => (repeatableFrom === undefined ? null : new Date(repeatableFrom)),
  ],
});

/**
 * Inserts events whose key is their content; contents must differ. Returns the ids of the inserted
 * events; the others are repeats.
 */
export async function insertByContent(db: Queryable, events: readonly IncomingEvent[]): Promise<Set<string>> {
  const { rows } = await db.query<{ id: string }>(
    `with sent as materialized (select * from ${INCOMING.unnest(1, 's')}),
     held as (
       insert into content_holders (operator_id, type, content, event_id, held_from, held_until)
       select operator_id, type, content, id, received_at, repeatable_from
       from sent
       order by operator_id, content, type
       on conflict (operator_id, content, type) do update
         set event_id = excluded.event_id, held_from = excluded.held_from, held_until = excluded.held_until
         where content_holders.held_until <= excluded.held_from
       returning event_id
     )
     insert into events (${EVENTS.names()}, key)
     select ${EVENTS.names()}, content || ' ' || id from sent where id in (select event_id from held)
     returning id`,
    INCOMING.values(events),
  );
  return new Set(rows.map(({ id }) => id));
}

/**
 * Reads the current holders of these contents, by `eventKeyOf`. A separate statement, since the
 * snapshot of a losing insert cannot see the winner.
 */
export async function readHolders(
  db: Queryable,
  repeats: readonly IncomingEvent[],
): Promise<Map<string, { id: string; contentHash: Buffer }>> {
  const keys = repeats.map(({ event }) => ({ o: event.operatorId, k: event.key.value, t: event.type }));
  const { rows } = await db.query<{ operatorId: string; type: string; content: string; id: string }>(
    `select h.operator_id as "operatorId", h.type, h.content, h.event_id as id
     from json_to_recordset($1) as w (o text, k text, t text)
     join content_holders h on h.operator_id = w.o and h.content = w.k and h.type = w.t`,
    [JSON.stringify(keys)],
  );
  const found = new Map(rows.map((row) => [`${row.operatorId} ${row.type} ${row.content}`, row.id]));
  return new Map(
    repeats.flatMap((incoming) => {
      const { operatorId, type, key } = incoming.event;
      const id = found.get(`${operatorId} ${type} ${key.value}`);
      return id === undefined ? [] : [[eventKeyOf(incoming), { id, contentHash: incoming.contentHash }]];
    }),
  );
}

/** A repeat of an event, at a time in milliseconds since 1970. */
export type Repeat = { operatorId: string; eventId: string; at: number };

/** Adds repeats to the counters of the events they repeat. */
export async function countRepeats(db: Queryable, repeats: readonly Repeat[]): Promise<void> {
  const rows = repeats.map(({ operatorId, eventId, at }) => ({
    o: operatorId,
    e: eventId,
    at: new Date(at),
  }));
  await db.query(
    `insert into content_repeats (operator_id, event_id, times, first_at, last_at)
     select o, e, count(*), min(at), max(at) from json_to_recordset($1) as r (o text, e text, at timestamptz)
     group by o, e order by o, e
     on conflict (operator_id, event_id) do update
       set times = content_repeats.times + excluded.times,
         last_at = greatest(content_repeats.last_at, excluded.last_at)`,
    [JSON.stringify(rows)],
  );
}

/** Repeat counter of one event; `id` is the id of the event. */
export type ContentRepeat = { id: string; times: number; firstAt: Date; lastAt: Date };

export function createContentRepeats(db: Queryable) {
  return {
    async list(operatorId: string, page: Page): Promise<ContentRepeat[]> {
      const { rows } = await db.query<ContentRepeat>(
        `select event_id as id, times, first_at as "firstAt", last_at as "lastAt" from content_repeats
         where operator_id = $1 and ($2::text is null or event_id < $2) order by event_id desc limit $3`,
        [operatorId, page.before, page.limit],
      );
      return rows;
    },
  };
}
