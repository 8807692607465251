// Rates settled conversions again by a backdated deal version, one chunk per transaction, until all
// are read.
import { rerateAll } from '../../domain/settlement/rate-again.ts';
import { newId } from '../../store/db/ids.ts';
import { lockReversals } from '../../store/db/locks.ts';
import type { Pool } from '../../store/db/pool.ts';
import {
  advanceRerating,
  findCandidates,
  lockRerating,
  readProgress,
  type Progress,
  type Rerating,
} from '../../store/agreements/reratings.ts';
import { writeRatedAgain } from '../../store/settlement/rated-again.ts';
import { MAX_BATCH_EVENTS, type RerateInput } from '../../workflows/contract.ts';
import type { HandOverActivities } from '../delivery/hand-over.ts';
import { createPlaces } from './places.ts';
import { countsOf, createTransact, type Transact } from './transaction.ts';
import { allSettledOrThrow } from '../single-flight.ts';

/** `reasons`: conversions of this chunk that keep their rating, counted by reason. */
type Rerated = Progress & { reasons: Record<string, number>; isFinished: boolean };

export type RerateActivities = {
  /** Rates the next chunk. Changes nothing once the rerating is finished. */
  rerateChunk(input: RerateInput): Promise<Rerated>;
};

const NOTHING_DONE: Progress = { lookedAt: 0, changed: 0, kept: 0 };

/** How long a chunk waits for other reratings of its operator before Temporal repeats it later. */
const PLACE_WITHIN_MS = 2000;

type RerateDeps = { pool: Pool; transact?: Transact; atOnce?: number } & HandOverActivities;

export function createRerate(deps: RerateDeps): RerateActivities {
  const { pool, handOver, transact = createTransact(pool), atOnce = MAX_BATCH_EVENTS } = deps;
  const inPlace = createPlaces(PLACE_WITHIN_MS, 'other reratings of this operator go first');

  /** Books the next chunk; null when the rerating is finished. */
  function rateNext(input: RerateInput, batchId: string) {
    const { operatorId } = input;
    return transact(
      { operatorId, batchId, owner: 'endpoint', now: new Date() },
      {
        async choose(client) {
          // Before the row: who adds a rate or ends a deal takes them in this order.
          await lockReversals(client, operatorId, 'rerating');
          const rerating = await lockRerating(client, operatorId, input);
          if (rerating === null) return null;
          const chunk = await findCandidates(client, operatorId, input, rerating, atOnce);
          return { side: 'rerating', eventIds: chunk.eventIds, rerating, chunk };
        },
        apply: (batch, books, { rerating, chunk }) => {
          const { outcomes: changed, kept, messages } = rerateAll(batch, books);
          const progress = {
            after: chunk.last ?? rerating.after,
            ...sumOf(rerating, chunk.lookedAt, changed.length, kept.length),
            isFinished: chunk.isEnd,
          };
          return { messages, changed, kept, progress };
        },
        write: (client, _, { changed, progress }) =>
          allSettledOrThrow([
            writeRatedAgain(client, operatorId, changed),
            advanceRerating(client, operatorId, input, progress),
          ]),
      },
    );
  }

  return {
    async rerateChunk(input) {
      const { operatorId } = input;
      const batchId = newId('rer');
      // Many versions may be added at once. In PostgreSQL their reratings would wait for one lock,
      // each with a connection, in a queue that outlasts the wait of a request behind them.
      const done = await inPlace(operatorId, 1, () => rateNext(input, batchId));
      if (done === null) {
        const progress = (await readProgress(pool, operatorId, input)) ?? NOTHING_DONE;
        return { ...progress, reasons: {}, isFinished: true };
      }
      const endpointsToWake = done.planned.endpointsToWake.map((endpointId) => ({ operatorId, endpointId }));
      await handOver({ batchId, operators: [{ operatorId }], endpointsToWake, setAside: [] });
      const { lookedAt, changed, kept, isFinished } = done.applied.progress;
      return { lookedAt, changed, kept, reasons: countsOf(done.applied.kept), isFinished };
    },
  };
}

function sumOf(before: Rerating, lookedAt: number, changed: number, kept: number): Progress {
  return {
    lookedAt: before.lookedAt + lookedAt,
    changed: before.changed + changed,
    kept: before.kept + kept,
  };
}
