// Locks every slot that a batch can change, loads it with its facts, and opens the batch ledger.
import { newId } from '../../store/db/ids.ts';
import { openBatchLedger, type BatchLedger } from '../../domain/settlement/batch-ledger.ts';
import { parentsAt, type ParentHistory } from '../../domain/attribution/parents.ts';
import { isLinked } from '../../domain/commission/commission.ts';
import { MAX_OVERRIDE_LEVELS } from '../../domain/commission/terms.ts';
import { isMonthly, isPerEvent } from '../../domain/commission/slot-kinds.ts';
import { monthByZones } from '../../domain/ledger/periods.ts';
import type { Batch } from '../../domain/settlement/batch.ts';
import { spreadAmong } from '../../domain/settlement/reversal-effects.ts';
import { type DealVersion, isConversion } from '../../domain/types.ts';
import type { PoolClient } from '../../store/db/pool.ts';
import { readOpenDebts } from '../../store/ledger/locked-slots.ts';
import {
  findFamily,
  findFirstDeposits,
  loadFacts,
  lockDeals,
  lockSlots,
  type DealOfAffiliate,
} from '../../store/settlement/slots.ts';
import { readCustomerSlots } from '../../store/settlement/customer-slots.ts';
import { insertEmptySlots } from '../../store/ledger/slot-writing.ts';
import { contestedIn, rivalKeys, rivalKeysOf } from './contested.ts';
import type { LoadedBatch } from './load-batch.ts';
import type { Slot } from '../../domain/settlement/slot.ts';

/** The ledger of a batch, in the transaction that settles it. */
export async function loadBooks(client: PoolClient, loaded: LoadedBatch): Promise<BatchLedger> {
  const { batch, reportedBefore, parents } = loaded;
  const slots = await lockAndLoadSlots(client, loaded);
  const owing = slots.filter(({ money }) => money.debtMinor > 0n).map(({ affiliateId }) => affiliateId);
  return openBatchLedger(slots, reportedBefore, {
    newSlotId: () => newId('slot'),
    monthOf: (moment) => monthByZones(moment, batch.operator.zones),
    parentsOf: (affiliateId, moment) => parentsAt(parents, affiliateId, moment, MAX_OVERRIDE_LEVELS),
    debts: owing.length === 0 ? undefined : await readOpenDebts(client, batch.operator.id, owing),
  });
}

/** Name of the lock of an affiliate's contested bounties, in place of a deal's id. */
const CONTESTED = 'cpa';

/**
 * Missing monthly slots are inserted first, since many batches share them. The slot of a percentage
 * belongs to one event, so it cannot exist before that event is settled. Deals with linked slots
 * are locked as a whole, and all slots that may change are loaded.
 */
async function lockAndLoadSlots(
  client: PoolClient,
  { batch, versions, parents }: LoadedBatch,
): Promise<Slot[]> {
  const { operator } = batch;
  const { keys, monthly } = namedSlots(batch, versions);
  const conversionIds = inSlots(batch);
  const versionOf = versionFinder(versions);
  const linked = linkedDeals(batch, versions, parents);
  if (keys.length + conversionIds.length + linked.length === 0) return [];
  const ids: string[] = [];
  const contested = contestedIn(batch, versions);
  const shared = Array.from(contested.keys(), (affiliateId) => ({ dealId: CONTESTED, affiliateId }));
  if (shared.length + linked.length > 0) await lockDeals(client, operator.id, [...linked, ...shared]);
  if (linked.length > 0) {
    const months = batch.ordered.map(({ event }) => monthByZones(event.occurredAt, operator.zones));
    const of = { keys, conversionIds, months: [...new Set(months)] };
    ids.push(...(await findFamily(client, operator.id, linked, of)));
    if (contested.size > 0)
      keys.push(...rivalKeysOf(await readCustomerSlots(client, operator.id, ids), contested));
  }
  const wanted = { keys, conversionIds, ids };
  let slots = await lockSlots(client, operator.id, wanted, versionOf);
  const found = new Set(slots.map(({ name }) => name.key));
  const missing = monthly.filter(({ name }) => !found.has(name.key));
  if (missing.length > 0) {
    const empty = missing.map((slot) => ({ ...slot, id: newId('slot') }));
    await insertEmptySlots(client, operator.id, empty);
    slots = await lockSlots(client, operator.id, wanted, versionOf);
  }
  const deposits = linked.length === 0 ? [] : firstDepositsIn(batch);
  const first = deposits.length === 0 ? [] : await findFirstDeposits(client, operator.id, deposits);
  await loadFacts(client, operator.id, slots, [...new Set([...conversionIds, ...first])], versionOf);
  return slots;
}

type MonthlySlot = Parameters<typeof insertEmptySlots>[2][number];

/**
 * Slots in which the batch's conversions earn and that may exist, with those of rival bounties of
 * the same customers.
 */
export function namedSlots(
  batch: Batch,
  versions: readonly DealVersion[],
): { keys: string[]; monthly: MonthlySlot[] } {
  const { rated, attributions } = batch;
  const keys = new Set(rivalKeys(batch, contestedIn(batch, versions)));
  const monthly = new Map<string, MonthlySlot>();
  for (const [eventId, { version, names }] of rated) {
    for (const name of names) {
      if (isPerEvent(name.kind)) continue;
      keys.add(name.key);
      // A month that pays parents is inserted by the batch that needs it, together with the
      // parents' parts.
      if (!isMonthly(name.kind) || monthly.has(name.key) || version.terms.overrides.length > 0) continue;
      const attribution = attributions.get(eventId)!;
      if (attribution.kind === 'attributed')
        monthly.set(name.key, { id: '', name, affiliateId: attribution.affiliateId, version });
    }
  }
  return { keys: [...keys], monthly: [...monthly.values()] };
}

/**
/**
 * Conversions that may be in slots already: those that the batch's reversals may reverse, those of
 * which a reversal may take more or less than before, and those that have an outcome, since one
 * that was put back left its slots.
 */
export function inSlots({ ordered, others }: Batch): string[] {
  const again = ordered.filter(({ outcome }) => outcome !== null).map(({ event }) => event.id);
  const isAlone = ordered.every(({ event }) => isConversion(event.type)) && spreadAmong(others).length === 0;
  if (isAlone) return again;
  return [...again, ...others.filter(({ event }) => isConversion(event.type)).map(({ event }) => event.id)];
}

/**
 * First deposits among the loaded events. Which deposit of a customer is the first is known only
 * from all of them.
 */
export function firstDepositsIn({ ordered, others }: Batch): string[] {
  return [...ordered, ...others].filter(({ event }) => event.type === 'ftd').map(({ event }) => event.id);
}

/**
 * Deals of the batch with linked slots, once for each affiliate who earns by them. Versions of one
 * deal share their months, and so do the times of different parents.
 */
export function linkedDeals(
  batch: Batch,
  versions: readonly DealVersion[],
  parents: ParentHistory,
): DealOfAffiliate[] {
  const { ordered, rated, attributions, others } = batch;
  const isDated = [...parents.values()].some((history) => history.some(({ since }) => since > -Infinity));
  const linked = new Set(
    versions
      .filter(
        ({ terms, version }) => version > 1 || isLinked(terms) || (isDated && terms.overrides.length > 0),
      )
      .map(({ dealId }) => dealId),
  );
  if (linked.size === 0) return [];
  const deals = new Map<string, DealOfAffiliate>();
  const add = (dealId: string, affiliateId: string): void => {
    if (linked.has(dealId)) deals.set(`${dealId} ${affiliateId}`, { dealId, affiliateId });
  };
  for (const [eventId, { version }] of rated) {
    const attribution = attributions.get(eventId)!;
    if (attribution.kind === 'attributed') add(version.dealId, attribution.affiliateId);
  }
  for (const { outcome } of [...ordered, ...others]) {
    if (!outcome?.affiliateId) continue;
    for (const { dealId, affiliateId } of versions)
      if (affiliateId === null || affiliateId === outcome.affiliateId) add(dealId, outcome.affiliateId);
  }
  for (const [affiliateId, bounties] of contestedIn(batch, versions))
    for (const { version } of bounties) add(version.dealId, affiliateId);
  return [...deals.values()];
}

function versionFinder(versions: readonly DealVersion[]): (dealId: string, number: number) => DealVersion {
  const byNumber = new Map(versions.map((version) => [`${version.dealId} ${version.version}`, version]));
  return (dealId, number) => {
    const version = byNumber.get(`${dealId} ${number}`);
    if (!version) throw new Error(`version ${number} of ${dealId} is not among the affiliates' deals`);
    return version;
  };
}
