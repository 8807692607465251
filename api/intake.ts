// Takes events in by group commit: each is inserted once per key, and answered from what came back, as new, a duplicate or a conflict.
import { newId } from '../ids.ts';
import { eventKeyOf, insertConflicts, insertEvents, readWinners, type IncomingEvent } from '../store/events.ts';
import { isDeadlock, isRefusal } from '../store/outage.ts';
import type { Pool } from '../store/pool.ts';
import { createGroupCommit } from './group-commit.ts';

export type IntakeEvent = IncomingEvent;

/** What became of an event at the door. `refused`: PostgreSQL cannot store what it says, and nothing of it was kept. */
export type IntakeResult = { kind: 'accepted' | 'duplicate' | 'conflict'; id: string } | { kind: 'refused' };

export type Intake = {
  /** Resolves once all events are durable (or were before), in their order. Rejects with UnavailableError while PostgreSQL is away. */
  accept(events: IntakeEvent[]): Promise<IntakeResult[]>;
  /** Resolves when nothing is being written. */
  drain(): Promise<void>;
};

export type IntakeDeps = {
  pool: Pool;
  /** Hears of events that are new, after the commit. */
  onAccepted: (events: { operatorId: string; id: string }[]) => void;
};

const REPEATS_AT_MOST = 5;

export function createIntake({ pool, onAccepted }: IntakeDeps): Intake {
  const commit = createGroupCommit<IntakeEvent, IntakeResult>({
    async write(group) {
      const results = await takeIn(pool, group);
      const accepted = group.filter((_, index) => results[index]!.kind === 'accepted').map(({ event }) => event);
      if (accepted.length > 0) onAccepted(accepted);
      return results;
    },
  });
  return { accept: (events) => commit.add(events), drain: () => commit.drain() };
}

/** Takes a group in: the first of each key is inserted, the others are compared with whoever holds the key. */
async function takeIn(pool: Pool, group: readonly IntakeEvent[]): Promise<IntakeResult[]> {
  const firsts = new Map<string, IntakeEvent>();
  for (const incoming of group) {
    const key = eventKeyOf(incoming);
    if (!firsts.has(key)) firsts.set(key, incoming);
  }
  const { inserted, refused } = await insertOrHalve(pool, [...firsts.values()]);
  const isLoser = ({ event }: IntakeEvent): boolean => !inserted.has(event.id) && !refused.has(event.id);
  const losers = group.filter(isLoser);
  if (losers.length === 0)
    return group.map(({ event }) => (refused.has(event.id) ? { kind: 'refused' } : { kind: 'accepted', id: event.id }));

  const winners = await readWinners(pool, losers);
  const conflicts: Parameters<typeof insertConflicts>[1][number][] = [];
  const results = group.map((incoming): IntakeResult => {
    const { id } = incoming.event;
    if (inserted.has(id)) return { kind: 'accepted', id };
    const winner = winners.get(eventKeyOf(incoming));
    if (refused.has(id) || !winner) return { kind: 'refused' };
    if (winner.contentHash.equals(incoming.contentHash)) return { kind: 'duplicate', id: winner.id };
    conflicts.push({ id: newId('cfl'), eventId: winner.id, incoming });
    return { kind: 'conflict', id: winner.id };
  });
  if (conflicts.length > 0) await insertConflicts(pool, conflicts);
  return results;
}

type Inserted = { inserted: Set<string>; refused: Set<string> };

/** Inserts events; where PostgreSQL refuses a row, each half by itself, down to the guilty one. A deadlock is tried again whole. */
async function insertOrHalve(pool: Pool, events: readonly IntakeEvent[]): Promise<Inserted> {
  for (let repeats = 0; ; repeats++) {
    try {
      return { inserted: await insertEvents(pool, events), refused: new Set() };
    } catch (error) {
      if (isDeadlock(error) && repeats < REPEATS_AT_MOST) continue;
      if (!isRefusal(error)) throw error;
      if (events.length === 1) return { inserted: new Set(), refused: new Set([events[0]!.event.id]) };
      const middle = Math.ceil(events.length / 2);
      const left = await insertOrHalve(pool, events.slice(0, middle));
      const right = await insertOrHalve(pool, events.slice(middle));
      return { inserted: new Set([...left.inserted, ...right.inserted]), refused: new Set([...left.refused, ...right.refused]) };
    }
  }
}
