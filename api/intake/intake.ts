// Intake of events by group commit: each key is inserted once; the result says whether an event is
// new, a duplicate or a conflict.
import { newId } from '../../store/db/ids.ts';
import { isDeadlock, isRefusal } from '../../store/db/pg-errors.ts';
import type { Pool, Queryable } from '../../store/db/pool.ts';
import { insertByContent, countRepeats, readHolders, type Repeat } from '../../store/intake/content-keys.ts';
import {
  eventKeyOf,
  type IncomingEvent,
  insertConflicts,
  insertEvents,
  readDifferences,
  readEarlierEvents,
} from '../../store/intake/event-inbox.ts';
import { isSameContent } from './content-hash.ts';
import { createGroupCommit } from './group-commit.ts';

/** `isTimed`: the event named its own time. */
export type IntakeEvent = IncomingEvent & { isTimed: boolean };

/**
 * The result of an event. `fields`: those that differ from the stored event. `refused`: PostgreSQL
 * cannot store its values, and nothing was written.
 */
export type IntakeResult =
  | { kind: 'accepted' | 'duplicate'; id: string }
  | { kind: 'conflict'; id: string; fields: string[] }
  | { kind: 'refused' };

export type Intake = {
  /**
   * Resolves once all events are durable (or were before), in their order. Rejects with
   * UnavailableError while PostgreSQL is away.
   */
  accept(events: IntakeEvent[]): Promise<IntakeResult[]>;
  /** Resolves when nothing is being written. */
  drain(): Promise<void>;
};

type IntakeDeps = {
  pool: Pool;
  /** Called with new events, after the commit. */
  onAccepted: (events: { operatorId: string; id: string }[]) => void;
  /** Called after each group, with the time that its first event had waited. */
  onWritten?: (results: readonly IntakeResult[], waitedMs: number) => void;
};

const REPEATS_AT_MOST = 5;

export function createIntake({ pool, onAccepted, onWritten }: IntakeDeps): Intake {
  const commit = createGroupCommit<IntakeEvent, IntakeResult>({
    async write(group) {
      const results = await ingest(pool, group);
      const accepted = group
        .filter((_, index) => results[index]!.kind === 'accepted')
        .map(({ event }) => event);
      if (accepted.length > 0) onAccepted(accepted);
      return results;
    },
    onWritten,
  });
  return { accept: (events) => commit.add(events), drain: () => commit.drain() };
}

/**
 * Ingests a group: the first event of each key is inserted, the others are compared with the stored
 * event.
 */
export async function ingest(db: Queryable, group: readonly IntakeEvent[]): Promise<IntakeResult[]> {
  const firsts = new Map<string, IntakeEvent>();
  for (const incoming of group) {
    const key = eventKeyOf(incoming);
    if (!firsts.has(key)) firsts.set(key, incoming);
  }
  const { inserted, refused } = await insertAll(db, [...firsts.values()]);
  const isLoser = ({ event }: IntakeEvent): boolean => !inserted.has(event.id) && !refused.has(event.id);
  const losers = group.filter(isLoser);
  if (losers.length === 0)
    return group.map(({ event }) =>
      refused.has(event.id) ? { kind: 'refused' } : { kind: 'accepted', id: event.id },
    );

  const winners = await winnersOver(db, losers);
  const conflicts: (Parameters<typeof insertConflicts>[1][number] & { incoming: IntakeEvent })[] = [];
  const repeats: Repeat[] = [];
  const results = group.map((incoming): IntakeResult => {
    const { id, operatorId, receivedAt } = incoming.event;
    if (inserted.has(id)) return { kind: 'accepted', id };
    const winner = winners.get(eventKeyOf(incoming));
    if (refused.has(id) || !winner) return { kind: 'refused' };
    if (isByContent(incoming)) repeats.push({ operatorId, eventId: winner.id, at: receivedAt });
    if (isSameContent(winner.contentHash, incoming)) return { kind: 'duplicate', id: winner.id };
    conflicts.push({ id: newId('cfl'), eventId: winner.id, incoming });
    return { kind: 'conflict', id: winner.id, fields: [] };
  });
  if (conflicts.length > 0) {
    await insertConflicts(db, conflicts);
    const differences = await readDifferences(db, conflicts);
    for (const [index, result] of results.entries())
      if (result.kind === 'conflict') result.fields = differences.get(group[index]!.event.id) ?? [];
  }
  if (repeats.length > 0) await countRepeats(db, repeats);
  return results;
}

function isByContent({ event }: IntakeEvent): boolean {
  return event.key.kind === 'content';
}

type Inserted = { inserted: Set<string>; refused: Set<string> };

/**
 * Permanent keys take one statement, content keys, which expire, another. Most groups need only the
 * first.
 */
async function insertAll(db: Queryable, events: readonly IntakeEvent[]): Promise<Inserted> {
  if (!events.some(isByContent)) return insertBisecting(db, events, insertEvents);
  const byKey = events.filter((incoming) => !isByContent(incoming));
  const left = byKey.length === 0 ? null : await insertBisecting(db, byKey, insertEvents);
  const right = await insertBisecting(db, events.filter(isByContent), insertByContent);
  return left === null ? right : both(left, right);
}

async function winnersOver(
  db: Queryable,
  losers: readonly IntakeEvent[],
): ReturnType<typeof readEarlierEvents> {
  if (!losers.some(isByContent)) return readEarlierEvents(db, losers);
  const byKey = await readEarlierEvents(
    db,
    losers.filter((incoming) => !isByContent(incoming)),
  );
  return new Map([...byKey, ...(await readHolders(db, losers.filter(isByContent)))]);
}

/**
 * Inserts events. A group that PostgreSQL refuses is bisected down to the refused event; a deadlock
 * is retried.
 */
async function insertBisecting(
  db: Queryable,
  events: readonly IntakeEvent[],
  insert: typeof insertEvents,
): Promise<Inserted> {
  for (let repeats = 0; ; repeats++) {
    try {
      return { inserted: await insert(db, events), refused: new Set() };
    } catch (error) {
      if (isDeadlock(error) && repeats < REPEATS_AT_MOST) continue;
      if (!isRefusal(error)) throw error;
      if (events.length === 1) return { inserted: new Set(), refused: new Set([events[0]!.event.id]) };
      const middle = Math.ceil(events.length / 2);
      const left = await insertBisecting(db, events.slice(0, middle), insert);
      return both(left, await insertBisecting(db, events.slice(middle), insert));
    }
  }
}

function both(left: Inserted, right: Inserted): Inserted {
  return {
    inserted: new Set([...left.inserted, ...right.inserted]),
    refused: new Set([...left.refused, ...right.refused]),
  };
}
