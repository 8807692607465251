// Records attempts in groups: the next group is what finished while the last one was being written, so that grouping costs an idle
// process nothing and a busy one almost nothing per attempt.
import { withTransaction, type Pool, type PoolClient } from '../../store/db/pool.ts';
import { insertAttempts, type AttemptRecord } from '../../store/delivery/attempts.ts';
import { notifyGivenUp } from '../../store/delivery/notices.ts';
import { releaseSuccessors } from '../../store/delivery/succession.ts';
import { recordOutcomes } from '../../store/delivery/transitions.ts';
import { allSettledOrThrow } from '../single-flight.ts';
import { applyNews, type EndpointNews, type ToWake } from './endpoint-health.ts';
import type { EndpointInput } from '../../workflows/contract.ts';

/** An attempt to be recorded. `news` is what it says about its endpoint, if anything. */
export type Finished = { record: AttemptRecord; news: EndpointNews | null };

export type Recorder = {
  /** Resolves when the attempt is durable, with the endpoints whose workflows must look again: a successor or a notice came, or the breaker turned. */
  record(finished: Finished): Promise<EndpointInput[]>;
  /** Resolves when outcomes can be written again. No request may start before that. */
  ready(): Promise<void>;
  /** Whether that would have to be waited for. */
  isBlocked(): boolean;
  /** Attempts that are over and not durable yet. */
  backlog(): number;
};

/** Attempts that may wait to be written; with more, no further request starts. */
const UNWRITTEN_AT_MOST = 256;
const GROUP_AT_MOST = 500;
const REPEAT_AFTER_MS = 200;

type Waiting = Finished & { resolve(woken: EndpointInput[]): void };

/** `onTrouble` hears why a group could not be written; it is written again until it can be. */
export function createRecorder(pool: Pool, onTrouble: (error: unknown) => void): Recorder {
  let waiting: Waiting[] = [];
  let isWriting = false;
  let unwritten = 0;
  let isInTrouble = false;
  let blocked: (() => void)[] = [];

  async function writeGroup(group: readonly Waiting[]): Promise<void> {
    const write = async (client: PoolClient): Promise<ToWake[]> => {
      const records = group.map(({ record }) => record);
      const finished = records.filter(({ next }) => next.owner === null);
      const givenUp = finished.filter(({ next }) => next.state === 'gave_up');
      // What was counted by a commit that went through unheard is not counted again.
      const inserted = insertAttempts(client, records);
      const newsOf = (kept: Set<string>) =>
        group.flatMap(({ record, news }) => (kept.has(record.attemptId) ? (news ?? []) : []));
      // Sent one behind the other without waiting, but for news, of which healthy traffic has none; releasing is a later statement than finishing
      // all the same.
      const [, , released, turned, told] = await allSettledOrThrow([
        inserted,
        recordOutcomes(client, records),
        releaseSuccessors(client, finished),
        inserted.then((kept) => applyNews(client, summed(newsOf(kept)))),
        notifyGivenUp(client, givenUp),
      ]);
      return [
        ...released.map((endpoint) => ({ ...endpoint, about: endpoint.endpointId })),
        ...turned,
        ...told,
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
        isInTrouble = false;
      } catch (error) {
        isInTrouble = true;
        onTrouble(error);
        waiting = [...group, ...waiting];
        await new Promise((resolve) => setTimeout(resolve, REPEAT_AFTER_MS));
      }
      if (!isInTrouble && unwritten < UNWRITTEN_AT_MOST) {
        for (const proceed of blocked.splice(0)) proceed();
      }
    }
    isWriting = false;
  }

  return {
    backlog: () => unwritten,
    record(finished) {
      unwritten++;
      const done = new Promise<EndpointInput[]>((resolve) => waiting.push({ ...finished, resolve }));
      if (!isWriting) void writeAll();
      return done;
    },
    isBlocked: () => isInTrouble || unwritten >= UNWRITTEN_AT_MOST,
    ready() {
      if (!isInTrouble && unwritten < UNWRITTEN_AT_MOST) return Promise.resolve();
      return new Promise((resolve) => blocked.push(resolve));
    },
  };
}

/** One line per endpoint, in order: after a recovery only later failures count. */
function summed(news: readonly EndpointNews[]): EndpointNews[] {
  const byEndpoint = new Map<string, EndpointNews>();
  for (const one of news) {
    const so = byEndpoint.get(one.endpointId) ?? {
      ...one,
      failures: 0,
      recovered: false,
      disabledBecause: null,
    };
    byEndpoint.set(one.endpointId, {
      ...so,
      failures: one.recovered ? 0 : so.failures + one.failures,
      recovered: so.recovered || one.recovered,
      disabledBecause: one.disabledBecause ?? so.disabledBecause,
    });
  }
  return [...byEndpoint.values()].toSorted((a, b) => (a.endpointId < b.endpointId ? -1 : 1));
}
