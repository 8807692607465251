// Settles a few events by given terms in memory, one batch per event, in the given order.
import { postedOf } from '../../domain/ledger/transfers.ts';
import type { WireTerms } from '../../domain/commission/terms.ts';
import type { ConversionEvent, DealVersion } from '../../domain/types.ts';
import { aVersion } from './builders.ts';
import { createMemorySettling, type MemoryOptions, type MemorySettling } from './memory-store.ts';

/**
 * Settles each event as a batch of its own. Customers belong to `aff_a`; those with an initial `b`
 * to `aff_b`.
 */
export function settledOneByOne(
  terms: Partial<WireTerms> | readonly DealVersion[],
  events: readonly ConversionEvent[],
  options: MemoryOptions = {},
): MemorySettling {
  const customers = events.map(({ customerId }) => [
    customerId,
    customerId?.startsWith('b') ? 'aff_b' : 'aff_a',
  ]);
  const versions = Array.isArray(terms) ? (terms as DealVersion[]) : [aVersion(terms as Partial<WireTerms>)];
  const settling = createMemorySettling(versions, {
    affiliateByCustomer: Object.fromEntries(customers) as Record<string, string>,
    ...options,
  });
  for (const event of events) settling.settle([event]);
  return settling;
}

/** Total earnings of an affiliate, in minor units. */
export function totalOf({ slots }: MemorySettling, affiliateId = 'aff_a'): bigint {
  return [...slots.values()].reduce(
    (sum, slot) => sum + (slot.affiliateId === affiliateId ? postedOf(slot.money) : 0n),
    0n,
  );
}

/** Change of every reported event, in the order of the reports to the affiliate. */
export function deltasOf({ messages }: MemorySettling, affiliateId = 'aff_a'): bigint[] {
  return messages
    .filter((message) => message.affiliateId === affiliateId)
    .map(({ deltaMinor }) => deltaMinor);
}
