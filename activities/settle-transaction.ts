// One operator's events settled in one transaction: locks, facts, rules, writes, in the order that keeps two batches from circling.
import { newId } from '../ids.ts';
import { openBooks, type Slot, type Told } from '../domain/books.ts';
import { earns } from '../domain/clawback.ts';
import { isMonthly } from '../domain/commission.ts';
import {
  attributeAll,
  inOrder,
  rateAll,
  settleAll,
  type Batch,
  type OperatorRules,
  type Settlement,
} from '../domain/settlement.ts';
import type { Attribution } from '../domain/attribution.ts';
import { compileTerms } from '../domain/terms.ts';
import type { DealVersion } from '../domain/types.ts';
import { withTransaction, type Pool, type PoolClient } from '../store/pool.ts';
import { readListeners, type PlannedEndpoint } from '../store/planning.ts';
import {
  findOthers,
  loadEvents,
  lockStrikes,
  readOperatorRules,
  readVersions,
  type LoadedEvent,
  type Side,
  type StoredVersion,
} from '../store/settling-events.ts';
import { insertEmptySlots, loadFacts, lockSlots } from '../store/settling-slots.ts';
import { planDeliveries, type Planned } from './planning.ts';
import { createBooking } from './booking.ts';
import { allDone } from './side-by-side.ts';

/** Events that must be left out of the rules, and why. */
export type SetAside = Map<string, { reason: string; detail: string }>;

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
export type Part = Planned & { otherSide: string[]; setAside: string[]; isRepeated: boolean; mayMatch: boolean };

/** Makes the function that settles one operator's events in one transaction. It throws what the caller sorts out: RuleError, LostRace, refusals. */
export function createTransactionOf(pool: Pool): (input: TransactionInput) => Promise<Part> {
  const versions = new Map<string, DealVersion>();
  const booking = createBooking();

  const compiled = (operatorId: string, stored: StoredVersion): DealVersion => {
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

  /** The events with all that is known about them. Under the lock, so that nothing of the other side is settled meanwhile. */
  async function loadAll(client: PoolClient, { operatorId, side, eventIds }: TransactionInput): Promise<LoadedEvent[]> {
    const [, own, otherIds] = await allDone([
      lockStrikes(client, operatorId, side),
      loadEvents(client, operatorId, eventIds),
      findOthers(client, operatorId, side, eventIds),
    ]);
    const ownIds = new Set(eventIds);
    return [
      ...own,
      ...(await loadEvents(
        client,
        operatorId,
        otherIds.filter((id) => !ownIds.has(id)),
      )),
    ];
  }

  async function loadBatch(client: PoolClient, operator: OperatorRules, input: TransactionInput): Promise<LoadedBatch> {
    const { operatorId, side, eventIds, setAside } = input;
    const loaded = await loadAll(client, input);
    const wanted = new Set(eventIds);
    const [due, otherSide, others]: LoadedEvent[][] = [[], [], []];
    for (const one of loaded) {
      const isDue = wanted.has(one.event.id) && one.outcome?.status !== 'settled' && one.outcome?.status !== 'rejected';
      if (!isDue) others!.push(one);
      else if (earns(one.event.type) !== (side === 'conversions')) otherSide!.push(one);
      else if (!setAside.has(one.event.id)) due!.push(one);
    }
    const ordered = inOrder(due!);
    const attributions = attributeAll(operator, ordered);
    const affiliates = affiliatesOf(attributions.values(), others!);
    const [stored, listeners] =
      affiliates.length === 0
        ? [[], []]
        : await allDone([readVersions(client, operatorId, affiliates), readListeners(client, operatorId, affiliates)]);
    const inForce = stored.map((version) => compiled(operatorId, version));
    const rated = rateAll(operator, inForce, ordered, attributions);
    return {
      batch: { operator, ordered, attributions, rated, others: [...others!, ...otherSide!] },
      versions: inForce,
      listeners,
      otherSide: otherSide!.map(({ event }) => event.id),
      waited: new Set(loaded.flatMap(({ event, outcome }) => (outcome === null ? [] : [event.id]))),
      told: toldBefore(others!),
    };
  }

  return async (input) => {
    const operator = await readOperatorRules(pool, input.operatorId);
    if (operator === null) throw new Error(`there is no operator ${input.operatorId}`);
    const { part, written } = await withTransaction(
      pool,
      async (client) => {
        const loaded = await loadBatch(client, operator, input);
        const { batch, listeners, otherSide, waited, told } = loaded;
        const isRepeated = batch.ordered.length + otherSide.length + input.setAside.size < input.eventIds.length;
        const books = openBooks(await lockAndLoadSlots(client, loaded), told, () => newId('slot'));
        const settlement = settleAll(batch, books);
        const [booked, planned] = await allDone([
          booking.write(client, { ...input, operator, books, settlement, waited }),
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

type LoadedBatch = {
  batch: Batch;
  versions: readonly DealVersion[];
  listeners: readonly PlannedEndpoint[];
  otherSide: string[];
  /** Events that have an outcome already. */
  waited: ReadonlySet<string>;
  told: Map<string, Told>;
};

function affiliatesOf(attributions: Iterable<Attribution>, others: readonly LoadedEvent[]): string[] {
  const affiliates = new Set<string>();
  for (const attribution of attributions) if (attribution.kind === 'attributed') affiliates.add(attribution.affiliateId);
  for (const { outcome } of others) if (outcome?.affiliateId) affiliates.add(outcome.affiliateId);
  return [...affiliates];
}

function partOf(
  { setAside }: TransactionInput,
  { outcomes, bindings }: Settlement,
  planned: Planned,
): Omit<Part, 'otherSide' | 'isRepeated'> {
  const reasons = [...setAside.values(), ...outcomes.filter(({ status }) => status === 'set_aside')].map(({ reason }) => reason!);
  const mayMatch = bindings.length > 0 || outcomes.some(({ status }) => status === 'orphaned');
  return { ...planned, setAside: [...new Set(reasons)], mayMatch };
}

/**
 * Locks every slot the batch can move, and loads it. Monthly slots are made first where they are missing, since many batches share them. A
 * percentage's slot is its own event's, so it cannot be there before that event is settled.
 */
async function lockAndLoadSlots(client: PoolClient, { batch, versions }: LoadedBatch): Promise<Slot[]> {
  const { operator, ordered, attributions, rated, others } = batch;
  const keys = new Set<string>();
  const monthly = new Map<string, Parameters<typeof insertEmptySlots>[2][number]>();
  for (const [eventId, { version, names }] of rated) {
    for (const name of names) {
      if (name.kind === 'percent') continue;
      keys.add(name.key);
      if (!isMonthly(name.kind) || monthly.has(name.key)) continue;
      const attribution = attributions.get(eventId)!;
      if (attribution.kind === 'attributed')
        monthly.set(name.key, { id: '', name, affiliateId: attribution.affiliateId, version });
    }
  }
  const struck = ordered.some(({ event }) => !earns(event.type))
    ? others.filter(({ event }) => earns(event.type)).map(({ event }) => event.id)
    : [];
  if (keys.size + struck.length === 0) return [];
  const byNumber = new Map(versions.map((version) => [`${version.dealId} ${version.version}`, version]));
  const versionOf = (dealId: string, number: number): DealVersion => {
    const version = byNumber.get(`${dealId} ${number}`);
    if (!version) throw new Error(`version ${number} of ${dealId} is not among the affiliates' deals`);
    return version;
  };
  let slots = await lockSlots(client, operator.id, [...keys], struck, versionOf);
  const found = new Set(slots.map(({ name }) => name.key));
  const missing = [...monthly.values()].filter(({ name }) => !found.has(name.key));
  if (missing.length > 0) {
    await insertEmptySlots(
      client,
      operator.id,
      missing.map((slot) => ({ ...slot, id: newId('slot') })),
    );
    slots = await lockSlots(client, operator.id, [...keys], struck, versionOf);
  }
  await loadFacts(client, operator.id, slots, struck, versionOf);
  return slots;
}

/** What was told for conversions that earlier batches settled. */
function toldBefore(others: readonly LoadedEvent[]): Map<string, Told> {
  return new Map(others.flatMap(({ event, told }) => (told === null ? [] : [[event.id, told]])));
}
