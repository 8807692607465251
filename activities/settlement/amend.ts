// Applies changes of events: amended values, events taken out of the books or put back, rejected
// conversions, and conversions to rate again for other reasons; and gives reinstated commissions
// back. Posts the differences in the same transaction and reports them to the affiliates.
import type { Unprompted } from '../../domain/delivery/messages.ts';
import {
  rateAgain,
  withNewVersion,
  type SettledBatch,
  type SettledConversion,
} from '../../domain/settlement/rate-again.ts';
import { reinstateAll } from '../../domain/settlement/reinstating.ts';
import { RuleError } from '../../domain/settlement/settlement.ts';
import { isConversion } from '../../domain/types.ts';
import { newId } from '../../store/db/ids.ts';
import {
  returnToWaiting,
  putDueInForce,
  type DueAmendment,
} from '../../store/agreements/amendments-in-force.ts';
import {
  requestChanges,
  retryChanges,
  returnChanges,
  takeChanges,
  type ChangeRequest,
} from '../../store/agreements/change-requests.ts';
import { isRefusal } from '../../store/db/pg-errors.ts';
import { withTransaction, type Pool, type PoolClient } from '../../store/db/pool.ts';
import { lockReversals } from '../../store/db/locks.ts';
import { requestRetries } from '../../store/agreements/retry-requests.ts';
import { findOthers } from '../../store/settlement/load-events.ts';
import {
  findNewCustomers,
  unbind,
  writeRatedAgain,
  writeStanding,
  writeWaitingAgain,
} from '../../store/settlement/rated-again.ts';
import type { HandOverActivities } from '../delivery/hand-over.ts';
import type { SettleActivities } from './settle.ts';
import { createSettleFully } from './settle-fully.ts';
import { countsOf, createTransact, type Transact } from './transaction.ts';

/**
 * Result of a step. `waiting`: changes that cannot be booked yet, counted by reason. `kept`:
 * requests that ended without a change, since their conversions keep their deal, by reason.
 * `isEnd`: no change is left.
 */
type AmendedChunk = {
  applied: number;
  waiting: Record<string, number>;
  kept?: Record<string, number>;
  isEnd: boolean;
};

export type AmendActivities = {
  /** Applies the next changes of events. Does nothing when none are left. */
  applyAmendments(input: { operatorId: string }): Promise<AmendedChunk>;
};

/** Changes per transaction. While a chunk is booked, no other event of its operator settles. */
const AT_ONCE = 100;

type AmendDeps = { pool: Pool; transact?: Transact; atOnce?: number } & HandOverActivities & SettleActivities;

/**
 * Changes of one transaction: amendments, or requests for one reason. `rerating`: by the versions
 * in force now; else conversions keep the versions that rated them. `reasons`: what changed for
 * each conversion to rate again. `reinstated`: conversions of reinstated commissions.
 */
type Changes = {
  side: 'amendments' | 'rerating';
  eventIds: string[];
  due: DueAmendment[];
  requests: readonly ChangeRequest[];
  reasons: Map<string, Unprompted>;
  reinstated: ReadonlySet<string>;
};

export function createAmend(deps: AmendDeps): AmendActivities {
  const { pool, handOver, settle, transact = createTransact(pool), atOnce = AT_ONCE } = deps;
  const settleFully = createSettleFully({ settle, handOver });

  /**
   * Applies the next `limit` changes. Rejects with `RuleError` or PostgreSQL's error if one of them
   * cannot be booked.
   */
  async function applyNext(operatorId: string, limit: number): Promise<AmendedChunk> {
    const batchId = newId('amd');
    let unboundOrphans: string[] = [];
    const done = await transact(
      { operatorId, batchId, owner: 'endpoint', now: new Date() },
      {
        async choose(client) {
          await lockReversals(client, operatorId, 'amendments');
          const due = await putDueInForce(client, operatorId, batchId, limit);
          const requests = due.length > 0 ? [] : await takeChanges(client, operatorId, limit);
          if (due.length + requests.length === 0) return null;
          return changesOf(due, requests, await reversedBy(client, operatorId, due));
        },
        apply: (batch, books, { side, due, requests, reasons, reinstated }) => {
          const { ordered }: SettledBatch = batch;
          const isOrdered = ({ event }: SettledConversion): boolean => reasons.has(event.id);
          const context = ordered.filter((one) => !isOrdered(one));
          const all = { ...batch, ordered: ordered.filter(isOrdered), others: [...batch.others, ...context] };
          const again = side === 'rerating' ? withNewVersion(all) : all;
          const rated = rateAgain(again, books, (id) => reasons.get(id)!);
          const { outcomes: changed, reached: outcomes, kept, messages, waitAgain } = rated;
          const lacking = new Map(kept.map(({ eventId, reason }) => [eventId, reason]));
          const waiting = due.flatMap((one) =>
            lacking.has(one.eventId) ? [{ ...one, reason: lacking.get(one.eventId)! }] : [],
          );
          const left = requests.flatMap((one) =>
            lacking.has(one.eventId) ? [{ ...one, waitsFor: lacking.get(one.eventId)! }] : [],
          );
          // Nothing helps a conversion that was paid in another currency: it stays with its deal.
          const isOver = ({ waitsFor }: { waitsFor: string }): boolean => waitsFor === 'other_currency';
          const requestsWaiting = left.filter((one) => !isOver(one));
          const requestsKept = left.filter(isOver).map(({ waitsFor: reason }) => ({ reason }));
          const given = reinstateAll(batch, books, reinstated);
          const changes = { changed, outcomes, waitAgain, reinstated: given };
          return { messages, waiting, requestsWaiting, requestsKept, ...changes };
        },
        write: async (client, { due }, { waiting, requestsWaiting, changed, waitAgain }) => {
          await writeRatedAgain(client, operatorId, changed);
          await writeWaitingAgain(client, operatorId, waitAgain);
          await returnToWaiting(client, operatorId, waiting);
          await returnChanges(client, operatorId, requestsWaiting);
          await writeStanding(client, operatorId, standingsOf(due));
          await helpWaiting(client, operatorId, due);
          const voided = idsOf(due.filter(({ isVoided }) => isVoided));
          const { settled, orphaned } = await unbind(client, operatorId, voided, voided);
          await requestChanges(client, operatorId, settled, 'unbound');
          unboundOrphans = [...orphaned, ...(await findNewCustomers(client, operatorId, voided))];
        },
      },
    );
    if (done === null) return { applied: 0, waiting: {}, isEnd: true };
    const { choice, applied, planned } = done;
    const endpointsToWake = planned.endpointsToWake.map((endpointId) => ({ operatorId, endpointId }));
    await handOver({ batchId, operators: [{ operatorId }], endpointsToWake, setAside: [] });
    const unbound = applied.changed.filter(({ status }) => status === 'orphaned');
    const again = [...putBackAmong(choice.due), ...idsOf(unbound), ...unboundOrphans];
    if (again.length > 0) await settleFully([{ operatorId, eventIds: again }]);
    const { due, requests } = choice;
    const { waiting, requestsWaiting, requestsKept } = applied;
    const without = waiting.length + requestsWaiting.length + requestsKept.length;
    return {
      applied: due.length + requests.length - without,
      waiting: countsOf([...waiting, ...requestsWaiting.map(({ waitsFor }) => ({ reason: waitsFor }))]),
      kept: countsOf(requestsKept),
      isEnd: false,
    };
  }

  return {
    async applyAmendments({ operatorId }) {
      const reason = await refusalOf(() => applyNext(operatorId, atOnce));
      if (typeof reason !== 'string') return reason;
      // One change of the chunk is at fault: apply them one by one, and park that one.
      const alone = await refusalOf(() => applyNext(operatorId, 1));
      if (typeof alone !== 'string') return { ...alone, isEnd: false };
      await parkNext(pool, operatorId, alone);
      return { applied: 0, waiting: { [alone]: 1 }, isEnd: false };
    },
  };
}

/**
 * The conversions to rate again: amended ones, those of voided reversals, and requested ones. An
 * event that is put back is settled anew afterwards. Requests for the reason `unrejected` come from
 * reinstated commissions, whose facts stay.
 */
function changesOf(
  due: DueAmendment[],
  requests: readonly ChangeRequest[],
  reversed: readonly string[],
): Changes {
  const reasons = new Map<string, Unprompted>();
  const reinstated = new Set<string>();
  for (const { eventId, reason } of requests)
    if (reason === 'unrejected') reinstated.add(eventId);
    else reasons.set(eventId, reason);
  for (const id of reversed) reasons.set(id, 'voided');
  for (const one of due)
    if (isConversion(one.type) && one.status === 'settled') reasons.set(one.eventId, reasonOf(one));
  const eventIds = [...new Set([...reasons.keys(), ...reinstated])];
  const side = requests[0]?.reason === 'deal_changed' ? 'rerating' : 'amendments';
  return { side, eventIds, due, requests, reasons, reinstated };
}

/** The events that were voided and are put back into the books. */
const putBackAmong = (due: readonly DueAmendment[]): string[] =>
  idsOf(standingsOf(due).filter(({ isVoided }) => !isVoided));

const idsOf = (events: readonly { eventId: string }[]): string[] => events.map(({ eventId }) => eventId);

function reasonOf({ isVoided, isRejected, wasRejected }: DueAmendment): Unprompted {
  if (isVoided) return 'voided';
  if (isRejected !== wasRejected) return isRejected ? 'rejected' : 'unrejected';
  return 'amended';
}

/** The conversions of reversals that are taken out of the books. */
async function reversedBy(
  client: PoolClient,
  operatorId: string,
  due: readonly DueAmendment[],
): Promise<string[]> {
  const reversals = due.filter(({ type, isVoided }) => isVoided && !isConversion(type));
  if (reversals.length === 0) return [];
  // Not in force any more when the conversions are rated again.
  await writeStanding(client, operatorId, standingsOf(reversals));
  const find = (ids: string[]) => findOthers(client, operatorId, 'reversals', ids);
  const found = await find(idsOf(reversals));
  // A win may name a chargeback, and then gives back what that one took.
  const isWin = reversals.some(({ type }) => type === 'chargeback_won');
  return isWin && found.length > 0 ? [...found, ...(await find(found))] : found;
}

/**
 * Events whose outcome changes without being rated again: those that are put back, and voided ones
 * that are in no slot.
 */
function standingsOf(due: readonly DueAmendment[]): { eventId: string; isVoided: boolean }[] {
  return due.filter(({ type, status, isVoided }) => {
    if (status === null) return false;
    return isVoided ? status !== 'settled' || !isConversion(type) : status === 'voided';
  });
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

/** Parks the next change with a reason, so that the changes after it go on. */
async function parkNext(pool: Pool, operatorId: string, reason: string): Promise<void> {
  await withTransaction(pool, async (client) => {
    await lockReversals(client, operatorId, 'amendments');
    const due = await putDueInForce(client, operatorId, '', 1);
    await returnToWaiting(
      client,
      operatorId,
      due.map((one) => ({ ...one, reason })),
    );
    const requests = due.length > 0 ? [] : await takeChanges(client, operatorId, 1);
    await returnChanges(
      client,
      operatorId,
      requests.map((one) => ({ ...one, waitsFor: reason })),
    );
  });
}

/**
 * The amendment may supply what an event was set aside for, such as the payout or a currency with a
 * rate, or what a request waits for.
 */
async function helpWaiting(
  client: PoolClient,
  operatorId: string,
  due: readonly DueAmendment[],
): Promise<void> {
  const reasons = due.flatMap(({ status, outcomeReason }) =>
    status === 'set_aside' && outcomeReason !== null ? [outcomeReason] : [],
  );
  if (reasons.length > 0) await requestRetries(client, operatorId, [...new Set(reasons)]);
  await retryChanges(
    client,
    operatorId,
    due.map(({ eventId }) => eventId),
  );
}
