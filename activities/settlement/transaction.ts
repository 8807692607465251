// The one transaction that moves commission: locks, loads, applies a rule, writes. This order keeps
// concurrent transactions from deadlocking. Settling, rerating and amending are its three rules.
import { LRUCache } from 'lru-cache';
import { storedTerms } from '../../domain/commission/component-lines.ts';
import { conversionMessage, reinstatedOf } from '../../domain/delivery/bodies.ts';
import type { CommissionChange, Message, OutgoingMessage } from '../../domain/delivery/messages.ts';
import type { BatchLedger } from '../../domain/settlement/batch-ledger.ts';
import type { Settlement } from '../../domain/settlement/batch.ts';
import type { DealVersion, Terms } from '../../domain/types.ts';
import { lockLedgerShared } from '../../store/db/locks.ts';
import { withTransaction, type Pool, type PoolClient } from '../../store/db/pool.ts';
import { planPostbacks, type Planned } from '../../store/delivery/outbox.ts';
import type { StoredVersion } from '../../store/settlement/load-events.ts';
import { allSettledOrThrow } from '../single-flight.ts';
import { withAdjusted } from './adjustments.ts';
import { createBooking, type SetAside } from './booking.ts';
import { loadBatch, type LoadedBatch, type Wanted } from './load-batch.ts';
import { loadBooks } from './lock-slots.ts';

/** Batch and operator of a transaction. `owner` owns the postbacks that it plans. */
type TransactionInput = {
  operatorId: string;
  batchId: string;
  owner: 'batch' | 'endpoint';
  now: Date;
};

/** Events of a transaction. `setAside`: those of them to write as set aside, by event id. */
type Chosen = Omit<Wanted, 'operatorId' | 'isSetAside'> & { setAside?: SetAside };

/** The steps in which settling, rerating and amending differ. */
type Rule<Choice extends Chosen, Applied extends { messages: Message[] }> = {
  /**
   * Picks the events, in the transaction and under the rule's own locks; null when none are left.
   */
  choose(client: PoolClient): Promise<Choice | null>;
  /** Pure: changes the ledger of the batch and returns what to write beside it. */
  apply(
    batch: LoadedBatch['batch'],
    books: BatchLedger,
    choice: Choice,
  ): Applied & Partial<Settlement> & { reinstated?: readonly CommissionChange[] };
  /** Writes rows of the rule's own, together with the ledger. */
  write?(client: PoolClient, choice: Choice, applied: Applied): Promise<unknown>;
};

/** `otherSide`: events that a transaction of the other side must settle. */
export type Done<Choice, Applied> = {
  choice: Choice;
  applied: Applied;
  planned: Planned;
  otherSide: string[];
  settledCount: number;
  /** Whether the operator pays for no customer who was there before. */
  ignoresExisting: boolean;
  /** Settled events of a customer whom nothing names yet: they have only a click. */
  unknownCustomers: string[];
};

/**
 * Runs a rule in a transaction of its own; null when the rule chose nothing. Rejects with
 * `RuleError` for the event whose rule failed, with `ConflictError`, or with PostgreSQL's error;
 * then nothing is written.
 */
export type Transact = <Choice extends Chosen, Applied extends { messages: Message[] }>(
  input: TransactionInput,
  rule: Rule<Choice, Applied>,
) => Promise<Done<Choice, Applied> | null>;

const NOTHING_SETTLED: Omit<Settlement, 'messages'> = { outcomes: [], bindings: [] };

/** One for each process: caches compiled deal versions and accounts known to exist. */
export function createTransact(pool: Pool): Transact {
  const compiled = createCompiler();
  const booking = createBooking();

  async function load<Choice extends Chosen>(client: PoolClient, operatorId: string, choice: Choice) {
    const setAside: SetAside = choice.setAside ?? new Map();
    const wanted = { ...choice, operatorId, isSetAside: (id: string) => setAside.has(id) };
    return { choice, setAside, loaded: await loadBatch(client, wanted, compiled) };
  }

  return async (input, rule) => {
    const { operatorId } = input;
    const done = await withTransaction(
      pool,
      async (client) => {
        // Both queries are sent at once, so that the locks are held for fewer round trips.
        const [closedThrough, chosen] = await allSettledOrThrow([
          lockLedgerShared(client, operatorId),
          rule.choose(client).then((choice) => choice && load(client, operatorId, choice)),
        ]);
        if (chosen === null) return null;
        const { choice, setAside, loaded } = chosen;
        const { batch, listeners, otherSide, statusBefore } = loaded;
        const books = await loadBooks(client, loaded);
        const applied = rule.apply(batch, books, choice);
        const messages = await withAdjusted(client, operatorId, books, applied.messages);
        const settlement = { ...NOTHING_SETTLED, ...applied, messages };
        const { operator } = batch;
        const unknownCustomers = batch.ordered.flatMap(({ event }) =>
          event.customerId === null ? [event.id] : [],
        );
        const [written, planned] = await allSettledOrThrow([
          booking.write(client, {
            ...input,
            operator,
            books,
            settlement,
            setAside,
            statusBefore,
            closedThrough,
          }),
          planPostbacks(
            client,
            input,
            listeners,
            listeners.length === 0
              ? []
              : [...toldOf(batch, messages), ...(applied.reinstated ?? []).map(reinstatedOf)],
          ),
          rule.write?.(client, choice, applied) ?? Promise.resolve(),
        ]);
        return {
          written,
          choice,
          applied,
          planned,
          otherSide,
          settledCount: batch.ordered.length,
          ignoresExisting: loaded.ignoresExisting,
          unknownCustomers,
        };
      },
      { forceIndexLookups: true },
    );
    if (done === null) return null;
    const { written, ...result } = done;
    booking.committed(written);
    return result;
  };
}

/** What affiliates are told of; a conversion that was settled before may have earlier postbacks. */
function toldOf({ ordered }: LoadedBatch['batch'], messages: readonly Message[]): OutgoingMessage[] {
  const first = new Set(ordered.flatMap(({ event, outcome }) => (outcome === null ? [event.id] : [])));
  return messages.map((message) => conversionMessage(message, first.has(message.conversion.id)));
}

/** Compiled terms kept per process; terms are immutable, so they never go stale. */
const VERSIONS_AT_MOST = 20_000;

/** Compiles the terms of stored versions and caches them. What else a version says may change. */
function createCompiler(): (operatorId: string, stored: StoredVersion) => DealVersion {
  const compiled = new LRUCache<string, Terms>({ max: VERSIONS_AT_MOST });
  return (operatorId, stored) => {
    const key = `${operatorId}/${stored.dealId}/${stored.version}`;
    let terms = compiled.get(key);
    if (!terms) {
      terms = storedTerms(stored);
      compiled.set(key, terms);
    }
    return { ...stored, terms };
  };
}

/** Number of items by reason. */
export function countsOf(items: readonly { reason: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason } of items) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}
