// Books amendments: puts the last amendment of each event in force and rates settled conversions
// again with the amended values. Posts the difference in the same transaction and reports it to the
// affiliate.
import { amendAll } from '../../domain/settlement/rate-again.ts';
import { RuleError } from '../../domain/settlement/settlement.ts';
import { newId } from '../../store/db/ids.ts';
import { returnToWaiting, putDueInForce, type DueAmendment } from '../../store/agreements/amendments.ts';
import { isRefusal } from '../../store/db/pg-errors.ts';
import { withTransaction, type Pool, type PoolClient } from '../../store/db/pool.ts';
import { lockReversals } from '../../store/db/locks.ts';
import { requestRetries } from '../../store/agreements/retry-requests.ts';
import type { HandOverActivities } from '../delivery/hand-over.ts';
import { countsOf, createTransact, type Transact } from './transaction.ts';
import { allSettledOrThrow } from '../single-flight.ts';

/**
 * Result of a step. `waiting`: amendments that cannot be booked yet, counted by reason. `isEnd`: no
 * amendment is left.
 */
type AmendedChunk = { applied: number; waiting: Record<string, number>; isEnd: boolean };

export type AmendActivities = {
  /** Books the next amendments. Changes nothing when none are left. */
  applyAmendments(input: { operatorId: string }): Promise<AmendedChunk>;
};

/** Amendments per transaction. While a chunk is booked, no other event of its operator settles. */
const AT_ONCE = 100;

type AmendDeps = { pool: Pool; transact?: Transact; atOnce?: number } & HandOverActivities;

export function createAmend(deps: AmendDeps): AmendActivities {
  const { pool, handOver, transact = createTransact(pool), atOnce = AT_ONCE } = deps;

  /**
   * Books the next `limit` amendments. Rejects with `RuleError` or PostgreSQL's error if one of
   * them cannot be booked.
   */
  async function applyNext(operatorId: string, limit: number): Promise<AmendedChunk> {
    const batchId = newId('amd');
    const done = await transact(
      { operatorId, batchId, owner: 'endpoint', now: new Date() },
      {
        async choose(client) {
          await lockReversals(client, operatorId, 'amendments');
          const due = await putDueInForce(client, operatorId, batchId, limit);
          if (due.length === 0) return null;
          const eventIds = due.filter(({ isSettled }) => isSettled).map(({ eventId }) => eventId);
          return { side: 'amendments', eventIds, due };
        },
        apply: (batch, books, { due }) => {
          const { kept, messages } = amendAll(batch, books);
          const lacking = new Map(kept.map(({ eventId, reason }) => [eventId, reason]));
          const waiting = due.flatMap((one) =>
            lacking.has(one.eventId) ? [{ ...one, reason: lacking.get(one.eventId)! }] : [],
          );
          return { messages, waiting };
        },
        write: (client, { due }, { waiting }) =>
          allSettledOrThrow([
            returnToWaiting(client, operatorId, waiting),
            helpSetAside(client, operatorId, due),
          ]),
      },
    );
    if (done === null) return { applied: 0, waiting: {}, isEnd: true };
    const { choice, applied, planned } = done;
    const endpointsToWake = planned.endpointsToWake.map((endpointId) => ({ operatorId, endpointId }));
    await handOver({ batchId, operators: [{ operatorId }], endpointsToWake, setAside: [] });
    return {
      applied: choice.due.length - applied.waiting.length,
      waiting: countsOf(applied.waiting),
      isEnd: choice.due.length < limit,
    };
  }

  return {
    async applyAmendments({ operatorId }) {
      const reason = await refusalOf(() => applyNext(operatorId, atOnce));
      if (typeof reason !== 'string') return reason;
      // One amendment of the chunk is at fault: book them one by one, and park that one.
      const alone = await refusalOf(() => applyNext(operatorId, 1));
      if (typeof alone !== 'string') return { ...alone, isEnd: false };
      await parkNext(pool, operatorId, alone);
      return { applied: 0, waiting: { [alone]: 1 }, isEnd: false };
    },
  };
}

/** Result of `work`, or the reason for an error that would happen again. */
async function refusalOf<T>(work: () => Promise<T>): Promise<T | 'rule_failed' | 'refused_by_database'> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RuleError) return 'rule_failed';
    if (isRefusal(error)) return 'refused_by_database';
    throw error;
  }
}

/** Parks the next amendment with a reason, so that the amendments after it go on. */
async function parkNext(pool: Pool, operatorId: string, reason: string): Promise<void> {
  await withTransaction(pool, async (client) => {
    await lockReversals(client, operatorId, 'amendments');
    const due = await putDueInForce(client, operatorId, '', 1);
    await returnToWaiting(
      client,
      operatorId,
      due.map((one) => ({ ...one, reason })),
    );
  });
}

/** The amendment may supply the payout for lack of which an event was set aside. */
async function helpSetAside(
  client: PoolClient,
  operatorId: string,
  due: readonly DueAmendment[],
): Promise<void> {
  if (due.some(({ status }) => status === 'set_aside'))
    await requestRetries(client, operatorId, ['payout_required']);
}
