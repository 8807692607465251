// Records finished attempts in groups. Attempts that finish while one group is written form the
// next, so grouping delays nothing in an idle process and saves transactions in a busy one.
import { withTransaction, type Pool, type PoolClient } from '../../store/db/pool.ts';
import { insertAttempts, insertRepeated, type AttemptRecord } from '../../store/delivery/attempts.ts';
import { notifyGivenUp } from '../../store/delivery/notices.ts';
import { releaseSuccessors } from '../../store/delivery/succession.ts';
import { recordLate, recordOutcomes } from '../../store/delivery/transitions/attempts.ts';
import { allSettledOrThrow } from '../single-flight.ts';
import { applyHealthEvents, type EndpointHealthEvents, type EndpointToWake } from './endpoint-health.ts';
import type { EndpointInput } from '../../workflows/contract.ts';

export type Recorder = {
  /**
   * Resolves when the attempt is durable, with the endpoints whose workflows must run again: a
   * successor or a notice joined their queues, their state changed, or they must show a delivery
   * that was given up. `events` is null where the attempt says nothing about its endpoint.
   */
  record(record: AttemptRecord, events: EndpointHealthEvents | null): Promise<EndpointInput[]>;
  /** Resolves when outcomes can be written again. No request may start before that. */
  ready(): Promise<void>;
  /** Whether `ready` would have to wait. */
  isBlocked(): boolean;
  /** The number of finished attempts that are not durable yet. */
  backlog(): number;
};

/** Attempts that may wait to be written. With more, no further request starts. */
const UNWRITTEN_AT_MOST = 256;
const GROUP_AT_MOST = 500;
const REPEAT_AFTER_MS = 200;

type Waiting = {
  record: AttemptRecord;
  events: EndpointHealthEvents | null;
  resolve(woken: EndpointInput[]): void;
};

/**
 * `onWriteError` receives each failed write. The recorder retries until PostgreSQL accepts the
 * group.
 */
export function createRecorder(pool: Pool, onWriteError: (error: unknown) => void): Recorder {
  let waiting: Waiting[] = [];
  let isWriting = false;
  let unwritten = 0;
  let isFailing = false;
  let blocked: (() => void)[] = [];

  async function writeGroup(group: readonly Waiting[]): Promise<void> {
    const write = async (client: PoolClient): Promise<EndpointToWake[]> => {
      // In the order in which others lock deliveries, so that neither waits for the other.
      const records = group
        .map(({ record }) => record)
        .sort((a, b) => (a.deliveryId < b.deliveryId ? -1 : 1));
      const finished = records.filter(({ next }) => next.owner === null);
      const givenUp = finished.filter(({ next }) => next.state === 'gave_up');
      // Attempts stored by an earlier commit whose answer was lost are not counted again.
      const inserted = insertAttempts(client, records);
      const eventsOf = (kept: Set<string>) =>
        group.flatMap(({ record, events }) => (kept.has(record.attemptId) ? (events ?? []) : []));
      // Statements go out one behind the other without waiting, but for health events, of which
      // healthy traffic has none. Releasing successors is still a later statement than finishing
      // their predecessors.
      const [stored, isComplete, released, changed, noticed] = await allSettledOrThrow([
        inserted,
        recordOutcomes(client, records),
        releaseSuccessors(client, finished),
        inserted.then((kept) => applyHealthEvents(client, eventsOf(kept))),
        notifyGivenUp(client, givenUp),
      ]);
      if (!isComplete) {
        // What was given up during its attempt held up what follows it until now.
        await recordLate(client, records);
        released.push(...(await releaseSuccessors(client, records)));
      }
      if (stored.size < records.length) {
        // One that arrived is delivered, also where the other attempt with its number failed.
        const repeated = await insertRepeated(client, records);
        const arrived = repeated.filter(({ next }) => next.state === 'delivered');
        await recordLate(client, arrived);
        released.push(...(await releaseSuccessors(client, arrived)));
      }
      return [
        ...[...released, ...givenUp].map(({ operatorId, endpointId }) => {
          return { operatorId, endpointId, about: endpointId };
        }),
        ...changed,
        ...noticed,
      ];
    };
    const woken = await withTransaction(pool, write, { forceIndexLookups: true });
    for (const { record, resolve } of group) {
      const mine = woken.filter(({ about }) => about === record.endpointId);
      resolve(mine.map(({ operatorId, endpointId }) => ({ operatorId, endpointId })));
    }
  }

  async function writeAll(): Promise<void> {
    isWriting = true;
    while (waiting.length > 0) {
      const group = waiting.splice(0, GROUP_AT_MOST);
      try {
        await writeGroup(group);
        unwritten -= group.length;
        isFailing = false;
      } catch (error) {
        isFailing = true;
        onWriteError(error);
        waiting = [...group, ...waiting];
        await new Promise((resolve) => setTimeout(resolve, REPEAT_AFTER_MS));
      }
      if (!isFailing && unwritten < UNWRITTEN_AT_MOST) {
        for (const proceed of blocked.splice(0)) proceed();
      }
    }
    isWriting = false;
  }

  return {
    backlog: () => unwritten,
    record(record, events) {
      unwritten++;
      const done = new Promise<EndpointInput[]>((resolve) => waiting.push({ record, events, resolve }));
      if (!isWriting) void writeAll();
      return done;
    },
    isBlocked: () => isFailing || unwritten >= UNWRITTEN_AT_MOST,
    ready() {
      if (!isFailing && unwritten < UNWRITTEN_AT_MOST) return Promise.resolve();
      return new Promise((resolve) => blocked.push(resolve));
    },
  };
}
