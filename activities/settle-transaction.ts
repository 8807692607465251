// One operator's events settled in one transaction: closure, locks, facts, rules, writes, in the order that keeps two batches from circling.
import { newId } from '../ids.ts';
import { openBooks, type Told } from '../domain/books.ts';
import { earns, strikes } from '../domain/clawback.ts';
import { isMonthly } from '../domain/commission.ts';
import {
  attributeAll,
  inOrder,
  settleAll,
  slotsOf,
  type Batch,
  type OperatorRules,
  type Settlement,
} from '../domain/settlement.ts';
import { compileTerms } from '../domain/terms.ts';
import type { DealVersion } from '../domain/types.ts';
import { withTransaction, type Pool, type PoolClient } from '../store/pool.ts';
import {
  findClosure,
  loadEvents,
  lockEvents,
  readOperatorRules,
  readVersions,
  type LoadedEvent,
  type StoredVersion,
} from '../store/settling-events.ts';
import { insertEmptySlots, loadSlots, lockSlots } from '../store/settling-slots.ts';
import { planDeliveries, type Planned } from './planning.ts';
import { createBooking } from './booking.ts';
import { allDone } from './side-by-side.ts';

/** Events that must be left out of the rules, and why. */
export type SetAside = Map<string, { reason: string; detail: string }>;

export type TransactionInput = {
  batchId: string;
  operatorId: string;
  eventIds: readonly string[];
  owner: 'batch' | 'endpoint';
  setAside: SetAside;
  now: Date;
};

/** Compiled terms kept per process; versions are immutable, so they never go stale. */
const VERSIONS_AT_MOST = 20_000;

/**
 * What a transaction left to do. `isRepeated`: some of the events were settled before, so that what they left must be read back.
 * `mayMatch`: a customer was bound or an event orphaned, so that orphans and bindings must be looked through after the commit.
 */
export type Part = Planned & { setAside: string[]; isRepeated: boolean; mayMatch: boolean };

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

  async function loadBatch(
    client: PoolClient,
    operator: OperatorRules,
    { operatorId, eventIds, setAside }: TransactionInput,
  ): Promise<{ batch: Batch; told: Map<string, Told> }> {
    const closure = await findClosure(client, operatorId, eventIds);
    // Sent together: the second statement begins, and so looks, when the first has its locks.
    const [, loaded] = await allDone([lockEvents(client, operatorId, closure), loadEvents(client, operatorId, closure)]);
    const wanted = new Set(eventIds);
    const isDue = ({ event, outcome }: LoadedEvent): boolean =>
      wanted.has(event.id) &&
      !setAside.has(event.id) &&
      (outcome === null || outcome.status === 'orphaned' || outcome.status === 'set_aside');
    const ordered = inOrder(loaded.filter(isDue));
    const others = loaded.filter((one) => !isDue(one));
    const attributions = attributeAll(operator, ordered);
    const affiliates = new Set<string>();
    for (const attribution of attributions.values()) {
      if (attribution.kind === 'attributed') affiliates.add(attribution.affiliateId);
    }
    for (const { outcome } of others) if (outcome?.affiliateId) affiliates.add(outcome.affiliateId);
    const stored = affiliates.size === 0 ? [] : await readVersions(client, operatorId, [...affiliates]);
    const ofAffiliates = stored.map((version) => compiled(operatorId, version));
    return { batch: { operator, ordered, attributions, others, versions: ofAffiliates }, told: toldBefore(others) };
  }

  return async (input) => {
    const operator = await readOperatorRules(pool, input.operatorId);
    if (operator === null) throw new Error(`there is no operator ${input.operatorId}`);
    const { part, written } = await withTransaction(pool, async (client) => {
      const { batch, told } = await loadBatch(client, operator, input);
      const isRepeated = batch.ordered.length + input.setAside.size < input.eventIds.length;
      const books = openBooks(await lockAndLoadSlots(client, batch), told, () => newId('slot'));
      const settlement = settleAll(batch, books);
      const [booked, planned] = await allDone([
        booking.write(client, { ...input, operator, books, settlement }),
        planDeliveries(client, input, settlement.messages),
      ]);
      return { part: partOf(input, settlement, planned, isRepeated), written: booked };
    });
    booking.committed(written);
    return part;
  };
}

function partOf({ setAside }: TransactionInput, { outcomes, bindings }: Settlement, planned: Planned, isRepeated: boolean): Part {
  const reasons = [...setAside.values(), ...outcomes.filter(({ status }) => status === 'set_aside')].map(({ reason }) => reason!);
  const mayMatch = bindings.length > 0 || outcomes.some(({ status }) => status === 'orphaned');
  return { ...planned, setAside: [...new Set(reasons)], isRepeated, mayMatch };
}

/** Locks every slot the batch can move, and loads it. Monthly slots are made first where they are missing, since many batches share them. */
async function lockAndLoadSlots(client: PoolClient, batch: Batch): Promise<Awaited<ReturnType<typeof loadSlots>>> {
  const { operator, versions, ordered, attributions, others } = batch;
  const keys = new Set<string>();
  const monthly = new Map<string, Parameters<typeof insertEmptySlots>[2][number]>();
  for (const { event } of ordered) {
    const attribution = attributions.get(event.id)!;
    if (!earns(event.type) || attribution.kind !== 'attributed') continue;
    const { affiliateId } = attribution;
    const rated = slotsOf(operator, versions, event, affiliateId);
    for (const name of rated?.names ?? []) {
      keys.add(name.key);
      if (isMonthly(name.kind)) monthly.set(name.key, { id: '', name, affiliateId, version: rated!.version });
    }
  }
  const against = ordered.filter(({ event }) => !earns(event.type));
  const struck = others.filter((other) => against.some(({ event }) => strikes(event, other.event))).map(({ event }) => event.id);
  if (keys.size === 0 && struck.length === 0) return [];
  let locked = await lockSlots(client, operator.id, [...keys], struck);
  const found = new Set(locked.map(({ key }) => key));
  const missing = [...monthly.values()]
    .filter(({ name }) => !found.has(name.key))
    .map((slot) => ({ ...slot, id: newId('slot') }));
  if (missing.length > 0) {
    await insertEmptySlots(client, operator.id, missing);
    locked = await lockSlots(client, operator.id, [...keys], struck);
  }
  if (locked.length === 0) return [];
  const byNumber = new Map(versions.map((version) => [`${version.dealId} ${version.version}`, version]));
  const versionOf = (dealId: string, number: number): DealVersion => {
    const version = byNumber.get(`${dealId} ${number}`);
    if (!version) throw new Error(`version ${number} of ${dealId} is not among the affiliates' deals`);
    return version;
  };
  const conversions = [...struck, ...ordered.map(({ event }) => event.id)];
  return loadSlots(
    client,
    operator.id,
    locked.map(({ id }) => id),
    conversions,
    versionOf,
  );
}

/** What was told for conversions that earlier batches settled. */
function toldBefore(others: readonly LoadedEvent[]): Map<string, Told> {
  return new Map(others.flatMap(({ event, told }) => (told === null ? [] : [[event.id, told]])));
}
