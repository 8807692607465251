// One operator's events settled in one transaction: locks, facts, rules, writes, in the order that keeps two batches from circling.
import { settleAll, type Settlement } from '../../domain/settlement/settlement.ts';
import { compileTerms } from '../../domain/commission/terms.ts';
import type { DealVersion } from '../../domain/types.ts';
import { withTransaction, type Pool } from '../../store/db/pool.ts';
import { beginPosting, type Side } from '../../store/db/locks.ts';
import type { StoredVersion } from '../../store/settlement/events.ts';
import { withAdjusted } from './adjustments.ts';
import { createBooking, type SetAside } from './booking.ts';
import { loadBatch } from './load-batch.ts';
import { loadBooks } from './lock-slots.ts';
import { planDeliveries, type Planned } from './plan-postbacks.ts';
import { allDone } from '../single-flight.ts';

/** `side`: only the conversions among the events, or only those against conversions, are settled. */
export type TransactionInput = {
  batchId: string;
  operatorId: string;
  side: Side;
  eventIds: readonly string[];
  owner: 'batch' | 'endpoint';
  setAside: SetAside;
  now: Date;
};

/** Compiled terms kept per process; versions are immutable, so they never go stale. */
const VERSIONS_AT_MOST = 20_000;

/**
 * What a transaction left to do. `otherSide`: events that are to be settled by a transaction of the other side. `isRepeated`: some of the events
 * were settled before, so that what they left must be read back. `mayMatch`: a customer was bound or an event orphaned, so that orphans and
 * bindings must be looked through after the commit.
 */
export type Part = Planned & {
  otherSide: string[];
  setAside: string[];
  isRepeated: boolean;
  mayMatch: boolean;
};

/** Makes the function that settles one operator's events in one transaction. It throws what the caller sorts out: RuleError, LostRace, refusals. */
export function createTransactionOf(pool: Pool): (input: TransactionInput) => Promise<Part> {
  const compiled = createCompiler();
  const booking = createBooking();

  return async (input) => {
    const { setAside } = input;
    const { part, written } = await withTransaction(
      pool,
      async (client) => {
        const [closedThrough, loaded] = await allDone([
          beginPosting(client, input.operatorId),
          loadBatch(client, { ...input, isSetAside: (id) => setAside.has(id) }, compiled),
        ]);
        const { batch, listeners, otherSide, waited } = loaded;
        const { operator } = batch;
        const isRepeated = batch.ordered.length + otherSide.length + setAside.size < input.eventIds.length;
        const books = await loadBooks(client, loaded);
        const settled = settleAll(batch, books);
        const settlement = {
          ...settled,
          messages: await withAdjusted(client, input.operatorId, books, settled.messages),
        };
        const [booked, planned] = await allDone([
          booking.write(client, { ...input, operator, books, settlement, waited, closedThrough }),
          planDeliveries(client, input, listeners, settlement.messages),
        ]);
        return { part: { ...partOf(input, settlement, planned), otherSide, isRepeated }, written: booked };
      },
      { looksUp: true },
    );
    booking.committed(written);
    return part;
  };
}

/** Compiles the terms of stored versions and keeps them. */
export function createCompiler(): (operatorId: string, stored: StoredVersion) => DealVersion {
  const versions = new Map<string, DealVersion>();
  return (operatorId, stored) => {
    const key = `${operatorId}/${stored.dealId}/${stored.version}`;
    let version = versions.get(key);
    if (!version) {
      const result = compileTerms(stored.terms);
      if (result.kind === 'invalid') throw new Error(`the stored terms of ${key} do not compile`);
      version = { ...stored, terms: result.terms };
      if (versions.size >= VERSIONS_AT_MOST) versions.clear();
      versions.set(key, version);
    }
    return version;
  };
}

function partOf(
  { setAside }: TransactionInput,
  { outcomes, bindings }: Settlement,
  planned: Planned,
): Omit<Part, 'otherSide' | 'isRepeated'> {
  const reasons = [...setAside.values(), ...outcomes.filter(({ status }) => status === 'set_aside')].map(
    ({ reason }) => reason!,
  );
  const mayMatch = bindings.length > 0 || outcomes.some(({ status }) => status === 'orphaned');
  return { ...planned, setAside: [...new Set(reasons)], mayMatch };
}
