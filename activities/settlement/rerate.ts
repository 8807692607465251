// Rates settled conversions again after a deal version that began before them: a chunk of them in each transaction, until all are looked through.
import { rerateAll } from '../../domain/settlement/rerating.ts';
import { newId } from '../../store/db/ids.ts';
import { withTransaction, type Pool } from '../../store/db/pool.ts';
import { beginPosting } from '../../store/db/locks.ts';
import {
  advanceRerating,
  findCandidates,
  lockRerating,
  readProgress,
  writeRatedBy,
  type Progress,
  type Rerating,
} from '../../store/agreements/reratings.ts';
import { BATCH_AT_MOST, type RerateInput } from '../../workflows/contract.ts';
import { withAdjusted } from './adjustments.ts';
import { createBooking, type Written } from './booking.ts';
import type { HandOverActivities } from '../delivery/hand-over.ts';
import { loadBatch } from './load-batch.ts';
import { loadBooks } from './lock-slots.ts';
import { planDeliveries } from './plan-postbacks.ts';
import { createCompiler } from './settle-transaction.ts';
import { allDone } from '../single-flight.ts';

/** `reasons`: why conversions of this chunk were kept as they were, with how many there were of each. */
export type Rerated = Progress & { reasons: Record<string, number>; isFinished: boolean };

export type RerateActivities = {
  /** Rates the next chunk. Asked again after it is finished, it changes nothing. */
  rerateChunk(input: RerateInput): Promise<Rerated>;
};

const NOTHING_DONE: Progress = { lookedAt: 0, changed: 0, kept: 0 };

export function createRerate({
  pool,
  handOver,
  atOnce = BATCH_AT_MOST,
}: { pool: Pool; atOnce?: number } & HandOverActivities): RerateActivities {
  const compiled = createCompiler();
  const booking = createBooking();

  return {
    async rerateChunk(input) {
      const { operatorId } = input;
      const batchId = newId('rer');
      const done = await withTransaction(
        pool,
        async (client) => {
          const [closedThrough, rerating] = await allDone([
            beginPosting(client, operatorId),
            lockRerating(client, operatorId, input),
          ]);
          if (rerating === null) return null;
          const chunk = await findCandidates(client, operatorId, input, rerating, atOnce);
          const wanted = {
            operatorId,
            side: 'agreed',
            eventIds: chunk.eventIds,
            isSetAside: () => false,
          } as const;
          const loaded = await loadBatch(client, wanted, compiled);
          const books = await loadBooks(client, loaded);
          const { operator } = loaded.batch;
          const { changed, kept, messages: ofChanged } = rerateAll(loaded.batch, books);
          const messages = await withAdjusted(client, operatorId, books, ofChanged);
          const now = new Date();
          const settlement = { outcomes: [], bindings: [], messages };
          const rated = changed.map(({ eventId, version: { dealId, version } }) => ({
            eventId,
            dealId,
            version,
          }));
          const progress = {
            after: chunk.last ?? rerating.after,
            ...sumOf(rerating, chunk.lookedAt, changed.length, kept.length),
            isFinished: chunk.isEnd,
          };
          const [written, planned] = await allDone([
            booking.write(client, {
              batchId,
              operatorId,
              operator,
              books,
              settlement,
              setAside: new Map(),
              waited: new Set(),
              closedThrough,
              now,
            }),
            planDeliveries(
              client,
              { operatorId, batchId, now, owner: 'endpoint' },
              loaded.listeners,
              messages,
            ),
            writeRatedBy(client, operatorId, rated),
            advanceRerating(client, operatorId, input, progress),
          ]);
          return { written, planned, progress, reasons: countsOf(kept) };
        },
        { looksUp: true },
      );
      if (done === null) {
        const progress = (await readProgress(pool, operatorId, input)) ?? NOTHING_DONE;
        return { ...progress, reasons: {}, isFinished: true };
      }
      booking.committed(done.written satisfies Written);
      const endpointsToWake = done.planned.endpointsToWake.map((endpointId) => ({ operatorId, endpointId }));
      await handOver({ batchId, operators: [{ operatorId }], endpointsToWake, setAside: [] });
      const { lookedAt, changed, kept, isFinished } = done.progress;
      return { lookedAt, changed, kept, reasons: done.reasons, isFinished };
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

function countsOf(kept: readonly { reason: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason } of kept) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}
