// Gives commissions back of which a rejection was taken back: their facts are the same as before.
import type { CommissionChange } from '../delivery/messages.ts';
import type { Batch } from './batch.ts';
import type { BatchLedger } from './batch-ledger.ts';
import type { BookedChange } from './posting.ts';

/**
 * Posts the slots of these conversions towards their targets, which moves those that were rejected.
 * What is paid for a conversion is reported with it (`reportAdjustments`). Returns the changes of
 * monthly commissions, which are reported as their rejections were: without a conversion.
 */
export function reinstateAll(
  { ordered }: Pick<Batch, 'ordered'>,
  books: BatchLedger,
  conversionIds: ReadonlySet<string>,
): CommissionChange[] {
  return ordered
    .filter(({ event }) => conversionIds.has(event.id))
    .flatMap(({ event }) =>
      books
        .slotsOfConversion(event.id)
        .flatMap((slot) => books.repost(slot, event.occurredAt, 'unrejected'))
        .map(commissionChange),
    );
}

function commissionChange({
  slot,
  affiliateId,
  ownerId,
  currency,
  deltaMinor,
}: BookedChange): CommissionChange {
  const { period } = slot.name;
  const via = affiliateId === ownerId ? null : ownerId;
  return {
    commission: { id: slot.id, affiliateId, currency, period, via, conversion: null },
    change: 'reinstated',
    amountMinor: deltaMinor,
    reason: 'unrejected',
  };
}
