// Finds the bounties of a batch's customers that rival each other: one affiliate's CPAs for the
// same events, in several versions or deals.
import { contestedBounties, type Bounty } from '../../domain/commission/bounties.ts';
import { slotNameOf, subjectOfSlot } from '../../domain/commission/commission.ts';
import { subjectOf } from '../../domain/commission/reversals.ts';
import type { Batch } from '../../domain/settlement/batch.ts';
import type { Loaded } from '../../domain/settlement/outcomes.ts';
import type { DealVersion } from '../../domain/types.ts';
import type { CustomerSlot } from '../../store/settlement/customer-slots.ts';

/** The affiliates of the batch whose bounties have rivals, with those bounties. */
export function contestedIn(batch: Batch, versions: readonly DealVersion[]): Map<string, Bounty[]> {
  const contested = new Map<string, Bounty[]>();
  if (!mayContest(versions)) return contested;
  const loaded = [...batch.ordered, ...batch.others];
  for (const affiliateId of new Set(loaded.flatMap((one) => affiliatesOf(batch, one)))) {
    const own = versions.filter((one) => one.affiliateId === null || one.affiliateId === affiliateId);
    const bounties = own.length < 2 ? [] : contestedBounties(own);
    if (bounties.length > 0) contested.set(affiliateId, bounties);
  }
  return contested;
}

/** Whether an affiliate has several versions; most batches need not look further. */
function mayContest(versions: readonly DealVersion[]): boolean {
  const affiliates = new Set(versions.map(({ affiliateId }) => affiliateId));
  return affiliates.has(null) ? versions.length > 1 : affiliates.size < versions.length;
}

/** Keys of the slots of contested bounties, for the customers of the batch's conversions. */
export function rivalKeys(batch: Batch, contested: ReadonlyMap<string, readonly Bounty[]>): string[] {
  if (contested.size === 0) return [];
  return [...batch.ordered, ...batch.others].flatMap((loaded) => {
    const { event } = loaded;
    return affiliatesOf(batch, loaded).flatMap((affiliateId) => {
      const bounties = contested.get(affiliateId) ?? [];
      if (!bounties.some(({ component }) => component.on.includes(event.type))) return [];
      const of = { eventId: event.id, subject: subjectOf(event), affiliateId, month: '', parentsSince: null };
      return bounties.map(({ version, component }) => slotNameOf(version, component, of).key);
    });
  });
}

/**
 * Keys of the slots of contested bounties for the customers of these slots. Whether a slot takes a
 * place under a cap depends on them.
 */
export function rivalKeysOf(
  slots: readonly Pick<CustomerSlot, 'key' | 'kind' | 'affiliateId'>[],
  contested: ReadonlyMap<string, readonly Bounty[]>,
): string[] {
  return slots.flatMap(({ key, kind, affiliateId }) => {
    const subject = subjectOfSlot({ key, kind });
    if (subject === null) return [];
    const of = { eventId: '', subject, affiliateId, month: '', parentsSince: null };
    return (contested.get(affiliateId) ?? []).map(
      ({ version, component }) => slotNameOf(version, component, of).key,
    );
  });
}

/** The affiliate that an event is attributed to, and the one it was settled for. */
function affiliatesOf({ attributions }: Batch, { event, outcome }: Loaded): string[] {
  const attribution = attributions.get(event.id);
  const attributed = attribution?.kind === 'attributed' ? [attribution.affiliateId] : [];
  return outcome?.affiliateId ? [...attributed, outcome.affiliateId] : attributed;
}
