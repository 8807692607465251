// Outcomes of reversals: whether each is settled, or waits for an exchange rate that it lacks.
import type { ConversionEvent } from '../types.ts';
import type { Scope } from './apply-reversals.ts';
import { inOrder, notSettled } from './batch.ts';
import type { BatchLedger } from './batch-ledger.ts';
import type { Loaded, Outcome } from './outcomes.ts';
import { reasonOf } from './reversal-reasons.ts';
import { lackedRate, type SetAsideReason } from './set-aside.ts';

/**
 * Outcomes that the settling of an event gives to other reversals of the conversions in scope:
 * those that waited for a conversion settle; one that lacks a rate waits for it, also if it was
 * settled, and settles once nothing is left that it would need the rate for; one that took nothing
 * loses its reason when it takes something now. `isMismatch`: whether a reversal names another
 * customer than a conversion in scope.
 */
export function outcomesOfReversals(
  books: BatchLedger,
  scope: Scope,
  reversals: readonly Loaded[],
  isMismatch: (reversal: ConversionEvent) => boolean,
): Outcome[] {
  return inOrder(reversals).flatMap(({ event, outcome }): Outcome[] => {
    const setAside = (reason: SetAsideReason, detail?: string): Outcome[] =>
      outcome?.status === 'set_aside' ? [] : notSettled(event, 'set_aside', reason, detail).outcomes;
    const reversed = reversedBy(event, scope);
    const lacked = rateLackedBy(event, scope);
    if (lacked !== null) return setAside('no_exchange_rate', lacked);
    if (outcome?.status === 'settled' && (outcome.reason === null || reversed === undefined)) return [];
    if (reversed !== undefined) {
      const reason = reasonOf(books, event, scope);
      const isAsBefore = outcome?.status === 'settled' && reason !== null;
      return isAsBefore ? [] : [settledReversal(event, reversed.outcome!.affiliateId, reason)];
    }
    return isMismatch(event) ? setAside('customer_mismatch') : [];
  });
}

/** The earliest conversion in scope that a reversal is about. */
function reversedBy({ id }: ConversionEvent, { conversions, effects }: Scope): Loaded | undefined {
  const ids = new Set(
    effects.filter(({ reversal }) => reversal.id === id).map(({ conversionId }) => conversionId),
  );
  return inOrder(conversions.filter(({ event }) => ids.has(event.id)))[0];
}

/**
 * The exchange rate that a reversal lacks for a conversion that it would lower, null where it lacks
 * none. Up to an amount, it has taken by then what it reaches without that rate, and waits with
 * what is left of it.
 */
export function rateLackedBy(event: ConversionEvent, { conversions, effects }: Scope): string | null {
  const lacking = effects.find(({ reversal, why }) => reversal.id === event.id && why === 'no_exchange_rate');
  if (!lacking) return null;
  const { event: of } = conversions.find((one) => one.event.id === lacking.conversionId)!;
  return lackedRate(event.currency ?? '', of.currency ?? '', of.occurredAt);
}

/** The outcome of a settled reversal. */
export function settledReversal(
  event: ConversionEvent,
  affiliateId: string | null,
  reason: string | null,
): Outcome {
  return {
    eventId: event.id,
    status: 'settled',
    reason,
    affiliateId,
    method: null,
    clickId: null,
    version: null,
  };
}
