// Settles a conversion of a batch.
import type { Attribution } from '../attribution/attribution.ts';
import { contradicts } from '../commission/reversals.ts';
import type { ConversionEvent } from '../types.ts';
import { applyReversals, scopeOf, subjectAbout, type Known, type Scope } from './apply-reversals.ts';
import { inOrder, notSettled, type Batch, type Settlement } from './batch.ts';
import { sumOfDeltas, type BatchLedger, type Deltas } from './batch-ledger.ts';
import { conversionFacts, type Lacking } from './facts.ts';
import { reportChange, subsOf, type ReportSubject } from './notifications.ts';
import type { Loaded, Outcome } from './outcomes.ts';
import { reasonOf } from './reversal-reasons.ts';
import { lacksRate, settledReversal } from './settle-reversal.ts';

/**
 * Settles a conversion: books its commission, and then applies and reports the reversals that
 * arrived before it.
 */
export function settleConversion(
  batch: Batch,
  books: BatchLedger,
  loaded: Loaded,
  attribution: Attribution,
  known: Known,
): Settlement {
  const { event } = loaded;
  if (attribution.kind !== 'attributed') return notSettled(event, attribution.kind, attribution.reason);
  const { affiliateId, click, method } = attribution;
  const version = batch.rated.get(event.id)?.version ?? null;
  const deltas = accrueIn(books, batch, event, affiliateId);
  if (typeof deltas === 'string') return notSettled(event, 'set_aside', deltas);
  const currency = version?.terms.currency ?? batch.operator.currency;
  const clickId = click?.id ?? null;
  const about: ReportSubject = {
    affiliateId,
    conversion: event,
    clickId: clickId ?? event.clickId,
    subs: subsOf(event, click),
    currency,
  };
  const messages = reportChange(books, 'conversion.created', event, about, deltas);
  const outcome: Outcome = {
    eventId: event.id,
    status: 'settled',
    reason: null,
    affiliateId,
    method,
    clickId,
    version,
  };
  const scope = scopeOf(batch, books, [{ ...loaded, outcome }], known);
  const applied = applyReversals(books, scope, event, (conversion) =>
    conversion.event.id === event.id ? about : subjectAbout(batch, books, conversion),
  );
  return {
    outcomes: [outcome, ...waitingOutcomes(books, event, affiliateId, scope, known)],
    bindings: attribution.binds ? [attribution.binds] : [],
    messages: [...messages, ...applied.messages],
  };
}

/** Outcomes of the reversals that waited for a conversion, or for one of its customer. */
function waitingOutcomes(
  books: BatchLedger,
  conversion: ConversionEvent,
  affiliateId: string,
  scope: Scope,
  { reversals }: Known,
): Outcome[] {
  return inOrder(reversals).flatMap(({ event, outcome }): Outcome[] => {
    if (outcome?.status === 'settled') return [];
    const isHit = scope.effects.some(
      ({ reversal, conversionId }) => reversal.id === event.id && conversionId === conversion.id,
    );
    if (isHit) {
      if (!lacksRate(event, scope))
        return [settledReversal(event, affiliateId, reasonOf(books, event, scope))];
      return outcome?.status === 'orphaned'
        ? notSettled(event, 'set_aside', 'no_exchange_rate').outcomes
        : [];
    }
    return outcome?.status === 'orphaned' && contradicts(event, conversion)
      ? notSettled(event, 'set_aside', 'customer_mismatch').outcomes
      : [];
  });
}

/**
 * Adds a conversion to every slot that its rating names. The affiliate's delta is zero where no
 * deal covers the conversion.
 */
function accrueIn(
  books: BatchLedger,
  { rated, rates }: Batch,
  event: ConversionEvent,
  affiliateId: string,
): Deltas | Lacking {
  const nothing: Deltas = new Map([[affiliateId, 0n]]);
  const rating = rated.get(event.id);
  if (!rating) return nothing;
  const { names, version } = rating;
  const factFor = conversionFacts(event, rating, rates);
  if (typeof factFor === 'string') return factFor;
  const deltas = names.map((name) =>
    books.enter(books.open(name, version, affiliateId), [factFor(name.kind)], version, event),
  );
  return sumOfDeltas([nothing, ...deltas]);
}
