// Settles a batch, one transaction per operator. An event that cannot be settled leaves the batch: it is set aside with its reason, in plain
// sight, and the others go on.
import { RuleError } from '../domain/settlement.ts';
import { isRefusal } from '../store/outage.ts';
import type { Pool } from '../store/pool.ts';
import { readBatch } from '../store/batches.ts';
import { LostRace } from '../store/settling-writes.ts';
import type { OperatorEvents } from '../workflows/contract.ts';
import { createTransactionOf, type SetAside } from './settle-transaction.ts';

/** What is to be settled. `owner` is who sends the postbacks: the batch for events that just came in, the endpoints' queues otherwise. */
export type SettleInput = { batchId: string; operators: OperatorEvents[]; owner: 'batch' | 'endpoint' };

/** What is left to do after settling: ids, counts and reasons only, since it is kept in the workflow's history. */
export type Settled = {
  forBatch: number;
  endpointsToWake: { operatorId: string; endpointId: string }[];
  setAside: { operatorId: string; reason: string }[];
  /** Orphans whose customer was bound by this batch; they are settled next. */
  matched: OperatorEvents[];
};

/** How often a transaction begins again after losing a race; each time somebody else won, so work was done. */
const RACES_AT_MOST = 8;

export type SettleActivities = { settle(input: SettleInput): Promise<Settled> };

/** Settling twice changes nothing and returns the same. Throws only what Temporal should retry: PostgreSQL away, or too many lost races. */
export function createSettle({ pool, now = () => new Date() }: { pool: Pool; now?: () => Date }): SettleActivities {
  const settleTransaction = createTransactionOf(pool);

  /** Settles events that belong together or, where PostgreSQL refuses them, each half by itself, down to the guilty one. */
  async function settleOrHalve(
    input: SettleInput,
    operatorId: string,
    eventIds: readonly string[],
    setAside: SetAside,
  ): Promise<void> {
    for (let races = 0; ;) {
      try {
        await settleTransaction({ batchId: input.batchId, owner: input.owner, operatorId, eventIds, setAside, now: now() });
        return;
      } catch (error) {
        if (error instanceof RuleError) {
          setAside.set(error.eventId, { reason: 'rule_failed', detail: error.message });
        } else if (isRefusal(error)) {
          if (eventIds.length === 1) {
            setAside.set(eventIds[0]!, { reason: 'refused_by_database', detail: describe(error) });
          } else {
            const middle = Math.ceil(eventIds.length / 2);
            await settleOrHalve(input, operatorId, eventIds.slice(0, middle), setAside);
            await settleOrHalve(input, operatorId, eventIds.slice(middle), setAside);
            return;
          }
        } else if (!isLostRace(error) || ++races > RACES_AT_MOST) {
          throw error;
        }
      }
    }
  }

  return {
    async settle(input) {
      const settled: Settled = { forBatch: 0, endpointsToWake: [], setAside: [], matched: [] };
      for (const { operatorId, eventIds } of input.operators) {
        await settleOrHalve(input, operatorId, eventIds, new Map());
        const left = await readBatch(pool, operatorId, input.batchId);
        settled.forBatch += left.forBatch;
        settled.endpointsToWake.push(...left.endpointsToWake.map((endpointId) => ({ operatorId, endpointId })));
        settled.setAside.push(...left.setAside.map((reason) => ({ operatorId, reason })));
        if (left.matched.length > 0) settled.matched.push({ operatorId, eventIds: left.matched });
      }
      return settled;
    },
  };
}

/** Deadlock or serialization failure, or a unique key that somebody else was quicker with. */
function isLostRace(error: unknown): boolean {
  return error instanceof LostRace || ['40P01', '40001'].includes(sqlState(error));
}

function sqlState(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** The refusal without PostgreSQL's detail, which would quote the customer's data. */
function describe(error: Error & { code: string; constraint?: string }): string {
  return `${error.code} ${error.message}${error.constraint ? ` (${error.constraint})` : ''}`.slice(0, 500);
}
