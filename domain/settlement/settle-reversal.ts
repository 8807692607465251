// Settles a reversal of a batch.
import type { Attribution } from '../attribution/attribution.ts';
import {
  contradicts,
  contradictsThrough,
  isUpToAmount,
  reinstates,
  reverses,
} from '../commission/reversals.ts';
import type { Unprompted } from '../delivery/messages.ts';
import type { ConversionEvent } from '../types.ts';
import { applyReversals, scopeOf, subjectAbout, type Known } from './apply-reversals.ts';
import { inOrder, notSettled, type Batch, type Settlement } from './batch.ts';
import type { BatchLedger } from './batch-ledger.ts';
import type { Loaded } from './outcomes.ts';
import { outcomesOfReversals, rateLackedBy, settledReversal } from './reversal-outcomes.ts';
import { reasonOf } from './reversal-reasons.ts';

/**
 * Settles a reversal: lowers (or restores) each conversion that it reverses, and reports each in
 * one message. Without a conversion the reversal waits for one.
 */
export function settleReversal(
  batch: Batch,
  books: BatchLedger,
  loaded: Loaded,
  attribution: Attribution,
  known: Known,
): Settlement {
  const { event } = loaded;
  const all = { ...known, reversals: [...known.reversals, loaded] };
  const reversed = inOrder(known.conversions.filter((conversion) => isHit(event, conversion.event, all)));
  const customerOf = attribution.kind === 'attributed' ? attribution.affiliateId : null;
  const affiliateId = reversed[0]?.outcome?.affiliateId ?? customerOf;
  if (reversed.length === 0) {
    if (known.conversions.some((conversion) => isMismatch(event, conversion.event, all)))
      return notSettled(event, 'set_aside', 'customer_mismatch');
    if (event.reference !== null || affiliateId === null)
      return notSettled(event, 'orphaned', 'no_conversion');
  }
  const scope = scopeOf(batch, books, reversed, all);
  const lacked = rateLackedBy(event, scope);
  const setAside = lacked === null ? null : notSettled(event, 'set_aside', 'no_exchange_rate', lacked);
  // Checked before the first conversion is changed: the reversal waits as a whole.
  if (setAside && !isUpToAmount(event)) return setAside;
  const { messages } = applyReversals(
    books,
    scope,
    event,
    (conversion) => subjectAbout(batch, books, conversion),
    putBackBy(loaded),
  );
  const isOthers = (other: ConversionEvent): boolean =>
    reversed.some((conversion) => isMismatch(other, conversion.event, all));
  const outcomes = setAside?.outcomes ?? [settledReversal(event, affiliateId, reasonOf(books, event, scope))];
  return {
    outcomes: [...outcomes, ...outcomesOfReversals(books, scope, known.reversals, isOthers)],
    bindings: [],
    messages,
  };
}

/** Why an event is settled anew that was out of the books; null for any other event. */
export function putBackBy({ outcome }: Pick<Loaded, 'outcome'>): Unprompted | null {
  const reason = outcome?.reason;
  return reason === 'unvoided' || reason === 'unbound' ? reason : null;
}

/** Whether a reversal is about a conversion, by itself or by a chargeback that it names. */
export function isHit(event: ConversionEvent, conversion: ConversionEvent, { reversals }: Known): boolean {
  if (reverses(event, conversion)) return true;
  return (
    event.type === 'chargeback_won' &&
    reversals.some(({ event: chargeback }) => reinstates(event, chargeback, conversion))
  );
}

/**
 * Whether a reversal names another customer than a conversion that it is about, by itself or by a
 * chargeback that it names.
 */
export function isMismatch(
  event: ConversionEvent,
  conversion: ConversionEvent,
  { reversals }: Pick<Known, 'reversals'>,
): boolean {
  if (contradicts(event, conversion)) return true;
  return (
    event.type === 'chargeback_won' &&
    reversals.some(({ event: chargeback }) => contradictsThrough(event, chargeback, conversion))
  );
}
