// Settles a batch, one transaction per operator. An event that cannot be settled leaves the batch:
// it is set aside with its reason, and the others go on.
import type { Settlement } from '../../domain/settlement/batch.ts';
import { mayBeAttributed } from '../../domain/settlement/outcomes.ts';
import { RuleError, settleAll } from '../../domain/settlement/settlement.ts';
import { isRefusal } from '../../store/db/pg-errors.ts';
import type { Planned } from '../../store/delivery/outbox.ts';
import type { Pool } from '../../store/db/pool.ts';
import { joinCustomers, readBatch, type BatchRest } from '../../store/settlement/batches.ts';
import { takeReplaced } from '../../store/settlement/replaced-bindings.ts';
import { isConflict, RETRIES_AFTER_CONFLICT } from '../../store/db/conflict.ts';
import type { BatchInput, EndpointInput, OperatorEvents } from '../../workflows/contract.ts';
import type { WorkflowClient } from '../../workflows/client.ts';
import type { BatchTurns } from '../delivery/batch-turns.ts';
import type { Waking } from '../delivery/waking.ts';
import type { SetAside } from './booking.ts';
import { unbindExisting } from './existing-customers.ts';
import { judgeAnew } from './judge-anew.ts';
import { createPlaces } from './places.ts';
import { createTransact, type Done, type Transact } from './transaction.ts';
import { singleFlight } from '../single-flight.ts';
import type { Side } from '../../store/db/locks.ts';

/**
 * A batch to settle. `owner` sends the postbacks: the batch for new events, otherwise the queues of
 * the endpoints.
 */
export type SettleInput = BatchInput & { owner: 'batch' | 'endpoint' };

/**
 * Work left after settling: only ids, counts and reasons, since the workflow's history stores it.
 */
export type Settled = {
  forBatch: number;
  endpointsToWake: EndpointInput[];
  setAside: { operatorId: string; reason: string }[];
  /** Orphans of customers that this batch bound; the workflow settles them next. */
  matched: OperatorEvents[];
};

/**
 * `atOnce`: concurrent transactions per process. With more than the database has cores,
 * transactions only wait for each other's locks.
 */
type SettleDeps = {
  pool: Pool;
  transact?: Transact;
  atOnce?: number;
  now?: () => Date;
  /** Starts the rating again of conversions that were asked for; without it the sweep does. */
  workflows?: Pick<WorkflowClient, 'applyAmendments'>;
  /** Called after the commit with events that were set aside. */
  onSetAside?: OnSetAside | undefined;
  /** Without it every endpoint whose queue got some is to be woken. */
  waking?: Pick<Waking, 'unpromised'>;
  /** Without it settling does not wait for batches that are being sent. */
  turns?: Pick<BatchTurns, 'caughtUp'>;
};

export type OnSetAside = (operatorId: string, events: readonly SetAsideEvent[]) => void;
type SetAsideEvent = { eventId: string; reason: string };

/** Events of one operator that one transaction settles: either conversions or reversals. */
type Half = { batchId: string; owner: 'batch' | 'endpoint'; operatorId: string; side: Side };

/**
 * Work left after one transaction. `otherSide`: events that a transaction of the other side must
 * settle. `isRepeated`: some events were settled before, so that their work must be read back.
 * `mayMatch`: a customer was bound or an event found no affiliate, so that bindings and events
 * without one must be compared after the commit.
 */
type Part = Planned & {
  otherSide: string[];
  setAside: string[];
  isRepeated: boolean;
  mayMatch: boolean;
  ignoresExisting: boolean;
  unknownCustomers: string[];
};

/**
 * Twice this, for a place among all and one of the operator, and the wait for batches that are
 * being sent, must stay below the activity timeout: otherwise Temporal starts a second run while
 * this one still waits.
 */
const PLACE_WITHIN_MS = 7000;

/**
 * Concurrent transactions of one operator: one loads while another writes. More would only wait for
 * the slots of the same months, until their waits for locks time out.
 */
const OF_ONE_OPERATOR = 2;

export type SettleActivities = { settle(input: SettleInput): Promise<Settled> };

/**
 * Settling twice changes nothing and returns the same. Throws only errors that Temporal should
 * retry: PostgreSQL is unavailable, or too many conflicts.
 */
export function createSettle(deps: SettleDeps): SettleActivities {
  const {
    pool,
    transact = createTransact(deps.pool),
    atOnce = 4,
    now = () => new Date(),
    turns,
    workflows,
    waking,
    onSetAside,
  } = deps;
  const inPlace = createPlaces(
    PLACE_WITHIN_MS,
    'too many batches are being settled; this one is tried again',
  );

  async function settleHalf(half: Half, eventIds: readonly string[], setAside: SetAside): Promise<Part> {
    const { side } = half;
    const done = await transact(
      { ...half, now: now() },
      {
        choose: () => Promise.resolve({ side, eventIds, setAside }),
        apply: settleAll,
      },
    );
    const left = [...setAside].map(([eventId, { reason }]) => ({ eventId, reason }));
    // Never null: this rule always chooses.
    for (const { status, eventId, reason } of done!.applied.outcomes)
      if (status === 'set_aside') left.push({ eventId, reason: reason! });
    if (left.length > 0) onSetAside?.(half.operatorId, left);
    return partOf(done!, eventIds.length, { left, byHand: setAside.size });
  }

  /**
   * Settles events together. If PostgreSQL refuses their rows, settles each half alone, down to the
   * event at fault.
   */
  async function settleOrHalve(half: Half, eventIds: readonly string[]): Promise<Part[]> {
    const setAside: SetAside = new Map();
    for (let conflicts = 0; ;) {
      try {
        return [await settleHalf(half, eventIds, setAside)];
      } catch (error) {
        if (error instanceof RuleError) {
          setAside.set(error.eventId, { reason: 'rule_failed', detail: error.message });
        } else if (isRefusal(error)) {
          if (eventIds.length === 1) {
            // PostgreSQL refused the event even as set aside. This is a bug; rethrow instead of
            // retrying forever.
            if (setAside.has(eventIds[0]!)) throw error;
            setAside.set(eventIds[0]!, { reason: 'refused_by_database', detail: describe(error) });
          } else {
            const middle = Math.ceil(eventIds.length / 2);
            const left = await settleOrHalve(half, eventIds.slice(0, middle));
            return [...left, ...(await settleOrHalve(half, eventIds.slice(middle)))];
          }
        } else if (!isConflict(error) || ++conflicts > RETRIES_AFTER_CONFLICT) {
          throw error;
        }
      }
    }
  }

  return {
    // A run that Temporal gave up goes on; the next one joins it, since doing all again would make
    // a slow machine slower.
    settle: singleFlight(
      ({ batchId, owner }) => `${batchId} ${owner}`,
      (input) =>
        inPlace('all', atOnce, async () => {
          if (input.owner === 'batch') await turns?.caughtUp();
          return settleOperators(input);
        }),
    ),
  };

  /**
   * Returns the orphans that the batch's customers match, and those of customers whose binding
   * ended or was replaced. Events that name only a click are rated again as events of the customer
   * it bound.
   */
  async function afterwards(
    { operatorId, eventIds }: OperatorEvents,
    batchId: string,
    parts: readonly Part[],
  ): Promise<string[]> {
    const unknown = parts.flatMap(({ unknownCustomers }) => unknownCustomers);
    const unbound = parts.some(({ ignoresExisting }) => ignoresExisting)
      ? await unbindExisting(pool, operatorId, batchId, eventIds)
      : null;
    const mayJoin = unknown.length > 0 || parts.some(({ mayMatch, isRepeated }) => mayMatch || isRepeated);
    const joined = mayJoin ? await joinCustomers(pool, operatorId, batchId, unknown) : null;
    const replaced = joined?.isReplaced
      ? await judgeAnew(pool, operatorId, (client) => takeReplaced(client, operatorId, batchId))
      : null;
    if (joined?.isSameCustomer || unbound?.settled.length || replaced?.settled.length)
      await workflows?.applyAmendments(operatorId).catch(() => undefined);
    const orphaned = [...(unbound?.orphaned ?? []), ...(replaced?.orphaned ?? [])];
    return [...new Set([...orphaned, ...(joined?.matched ?? [])])];
  }

  async function settleOperators({ batchId, owner, operators }: SettleInput): Promise<Settled> {
    const settled: Settled = { forBatch: 0, endpointsToWake: [], setAside: [], matched: [] };
    for (const { operatorId, eventIds } of operators) {
      const parts = await inPlace(operatorId, OF_ONE_OPERATOR, async () => {
        const half = (side: Side): Half => ({ batchId, owner, operatorId, side });
        const conversions = await settleOrHalve(half('conversions'), eventIds);
        const reversals = conversions.flatMap(({ otherSide }) => otherSide);
        if (reversals.length === 0) return conversions;
        return [...conversions, ...(await settleOrHalve(half('reversals'), reversals))];
      });
      const rest = parts.some(({ isRepeated }) => isRepeated)
        ? await readBatch(pool, operatorId, batchId)
        : sumOf(parts);
      settled.forBatch += rest.forBatch;
      const toWake = rest.endpointsToWake;
      const late = (await waking?.unpromised(operatorId, toWake)) ?? toWake;
      settled.endpointsToWake.push(...late.map((endpointId) => ({ operatorId, endpointId })));
      settled.setAside.push(...rest.setAside.map((reason) => ({ operatorId, reason })));
      const matched = await afterwards({ operatorId, eventIds }, batchId, parts);
      if (matched.length > 0) settled.matched.push({ operatorId, eventIds: matched });
    }
    return settled;
  }
}

/** `byHand`: how many of those left the settlement did not see. */
function partOf(
  { applied, planned, otherSide, settledCount, ignoresExisting, unknownCustomers }: Done<object, Settlement>,
  sentCount: number,
  { left, byHand }: { left: readonly SetAsideEvent[]; byHand: number },
): Part {
  const { outcomes, bindings } = applied;
  return {
    ...planned,
    otherSide,
    setAside: [...new Set(left.map(({ reason }) => reason))],
    isRepeated: settledCount + otherSide.length + byHand < sentCount,
    ignoresExisting,
    unknownCustomers,
    mayMatch: bindings.length > 0 || outcomes.some(mayBeAttributed),
  };
}

function sumOf(parts: readonly Part[]): BatchRest {
  return {
    forBatch: parts.reduce((sum, { forBatch }) => sum + forBatch, 0),
    endpointsToWake: [...new Set(parts.flatMap(({ endpointsToWake }) => endpointsToWake))],
    setAside: [...new Set(parts.flatMap(({ setAside }) => setAside))],
  };
}

/** The refusal without PostgreSQL's detail, which would quote the customer's data. */
function describe(error: Error & { code: string; constraint?: string }): string {
  return `${error.code} ${error.message}${error.constraint ? ` (${error.constraint})` : ''}`.slice(0, 500);
}
