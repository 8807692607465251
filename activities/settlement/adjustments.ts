// Adds to a batch's messages the adjustments of conversions outside the batch. They are known only
// after settling, so they are read then.
import type { BatchLedger } from '../../domain/settlement/batch-ledger.ts';
import { viewOf, reportAdjustments } from '../../domain/settlement/notifications.ts';
import type { PoolClient } from '../../store/db/pool.ts';
import { loadEvents } from '../../store/settlement/load-events.ts';
import type { Message } from '../../domain/delivery/messages.ts';
import { lockReportedAmounts } from '../../store/ledger/reported-amounts.ts';

/**
 * Messages of a batch, followed by the adjustments of other conversions whose amounts it changed.
 * Runs in the settling transaction, under the locks of the slots.
 */
export async function withAdjusted(
  client: PoolClient,
  operatorId: string,
  books: BatchLedger,
  messages: readonly Message[],
): Promise<Message[]> {
  const moved = books.conversionsToAdjust();
  if (moved.length === 0) return [...messages];
  for (const row of await lockReportedAmounts(client, operatorId, moved)) {
    const { eventId, affiliateId, amountMinor, currency } = row;
    books.addEarlier(eventId, affiliateId, { amountMinor: amountMinor, currency });
  }
  const shown = new Map(
    (await loadEvents(client, operatorId, moved)).map((one) => [one.event.id, viewOf(one)]),
  );
  // The database does not hold the bindings of this batch yet.
  for (const { type, via, conversion, clickId, subs } of messages)
    if (type === 'conversion.created' && via === null)
      shown.set(conversion.id, { conversion, clickId, subs });
  return [...messages, ...reportAdjustments(books, (conversionId) => shown.get(conversionId)!)];
}
