// Books what operators amended: the last amendment of each event is put in force and, where the event is settled, its conversion is rated again
// with the amended values, in one transaction. The difference is posted now, and told.
import { amendAll } from '../../domain/settlement/rerating.ts';
import { RuleError } from '../../domain/settlement/settlement.ts';
import { newId } from '../../store/db/ids.ts';
import { keepWaiting, takeDue, type DueAmendment } from '../../store/agreements/amendments.ts';
import { isRefusal } from '../../store/db/pg-errors.ts';
import { withTransaction, type Pool, type PoolClient } from '../../store/db/pool.ts';
import { beginPosting, lockStrikes } from '../../store/db/locks.ts';
import { wantRetries } from '../../store/agreements/retry-reasons.ts';
import { withAdjusted } from './adjustments.ts';
import { createBooking } from './booking.ts';
import type { HandOverActivities } from '../delivery/hand-over.ts';
import { loadBatch } from './load-batch.ts';
import { loadBooks } from './lock-slots.ts';
import { planDeliveries } from './plan-postbacks.ts';
import { createCompiler } from './settle-transaction.ts';
import { allDone } from '../single-flight.ts';

/** What a step did. `waiting`: amendments that lack something, by what. Nothing left: `isEnd`. */
export type AmendedChunk = { applied: number; waiting: Record<string, number>; isEnd: boolean };

export type AmendActivities = {
  /** Books the next amendments. Asked again when there are none, it changes nothing. */
  applyAmendments(input: { operatorId: string }): Promise<AmendedChunk>;
};

/** While a chunk is booked no other event of its operator is settled. */
const AT_ONCE = 100;

export function createAmend({
  pool,
  handOver,
  atOnce = AT_ONCE,
}: { pool: Pool; atOnce?: number } & HandOverActivities): AmendActivities {
  const compiled = createCompiler();
  const booking = createBooking();

  /** The next so many. Throws what a rule or PostgreSQL has against any of them. */
  async function applyNext(operatorId: string, limit: number): Promise<AmendedChunk> {
    const batchId = newId('amd');
    const done = await withTransaction(
      pool,
      async (client) => {
        const [closedThrough] = await allDone([
          beginPosting(client, operatorId),
          lockStrikes(client, operatorId, 'amended'),
        ]);
        const due = await takeDue(client, operatorId, batchId, limit);
        if (due.length === 0) return null;
        const eventIds = due.filter(({ isSettled }) => isSettled).map(({ eventId }) => eventId);
        const loaded = await loadBatch(
          client,
          { operatorId, side: 'amended', eventIds, isSetAside: () => false },
          compiled,
        );
        const books = await loadBooks(client, loaded);
        const numbers = new Map(due.map(({ eventId, number }) => [eventId, number]));
        const { kept, messages: ofAmended } = amendAll(loaded.batch, books, numbers);
        const messages = await withAdjusted(client, operatorId, books, ofAmended);
        const lacking = new Map(kept.map(({ eventId, reason }) => [eventId, reason]));
        const waiting = due.flatMap((one) =>
          lacking.has(one.eventId) ? [{ ...one, reason: lacking.get(one.eventId)! }] : [],
        );
        const settlement = { outcomes: [], bindings: [], messages };
        const now = new Date();
        const { operator } = loaded.batch;
        const nobody = { setAside: new Map(), waited: new Set<string>() };
        const [written, planned] = await allDone([
          booking.write(client, {
            batchId,
            operatorId,
            operator,
            books,
            settlement,
            ...nobody,
            closedThrough,
            now,
          }),
          planDeliveries(client, { operatorId, batchId, now, owner: 'endpoint' }, loaded.listeners, messages),
          keepWaiting(client, operatorId, waiting),
          helpSetAside(client, operatorId, due),
        ]);
        return {
          written,
          planned,
          applied: due.length - waiting.length,
          waiting: countsOf(waiting),
          isEnd: due.length < limit,
        };
      },
      { looksUp: true },
    );
    if (done === null) return { applied: 0, waiting: {}, isEnd: true };
    const { written, planned, ...chunk } = done;
    booking.committed(written);
    const endpointsToWake = planned.endpointsToWake.map((endpointId) => ({ operatorId, endpointId }));
    await handOver({ batchId, operators: [{ operatorId }], endpointsToWake, setAside: [] });
    return chunk;
  }

  return {
    async applyAmendments({ operatorId }) {
      const reason = await refusalOf(() => applyNext(operatorId, atOnce));
      if (typeof reason !== 'string') return reason;
      // One of them is guilty: they go one by one, and it waits by itself.
      const alone = await refusalOf(() => applyNext(operatorId, 1));
      if (typeof alone !== 'string') return { ...alone, isEnd: false };
      await parkNext(pool, operatorId, alone);
      return { applied: 0, waiting: { [alone]: 1 }, isEnd: false };
    },
  };
}

/** What work gave, or in a word what was against it and would be again. */
async function refusalOf<T>(work: () => Promise<T>): Promise<T | 'rule_failed' | 'refused_by_database'> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RuleError) return 'rule_failed';
    if (isRefusal(error)) return 'refused_by_database';
    throw error;
  }
}

/** Lets the amendment that is next wait: whatever it needs, it is not in our rules. */
async function parkNext(pool: Pool, operatorId: string, reason: string): Promise<void> {
  await withTransaction(pool, async (client) => {
    await lockStrikes(client, operatorId, 'amended');
    const due = await takeDue(client, operatorId, '', 1);
    await keepWaiting(
      client,
      operatorId,
      due.map((one) => ({ ...one, reason })),
    );
  });
}

/** An event that was set aside for want of a payout may have been given one. */
async function helpSetAside(
  client: PoolClient,
  operatorId: string,
  due: readonly DueAmendment[],
): Promise<void> {
  if (due.some(({ status }) => status === 'set_aside'))
    await wantRetries(client, operatorId, ['payout_required']);
}

function countsOf(waiting: readonly { reason: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason } of waiting) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}
