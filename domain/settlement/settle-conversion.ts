// Settles a conversion of a batch.
import type { Attribution } from '../attribution/attribution.ts';
import { rejecting } from '../commission/slot-facts.ts';
import type { ConversionEvent } from '../types.ts';
import { applyReversals, scopeOf, subjectAbout, type Known } from './apply-reversals.ts';
import { notSettled, type Batch, type Settlement } from './batch.ts';
import { sumOfDeltas, type BatchLedger, type Deltas } from './batch-ledger.ts';
import { conversionFacts, type Lacking } from './facts.ts';
import { ownClickId, reportChange, reportToOthers, subsOf, type ReportSubject } from './notifications.ts';
import type { Loaded, Outcome } from './outcomes.ts';
import { reportedKey } from './reported-amounts.ts';
import { outcomesOfReversals } from './reversal-outcomes.ts';
import { isMismatch, putBackBy } from './settle-reversal.ts';

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
  const { event, isRejected } = loaded;
  if (attribution.kind !== 'attributed') return notSettled(event, attribution.kind, attribution.reason);
  const { affiliateId, click, method, binds } = attribution;
  const bindings = binds === null ? [] : [binds];
  const version = batch.rated.get(event.id)?.version ?? null;
  const deltas = accrueIn(books, batch, loaded, affiliateId);
  // What is set aside binds all the same: whose the customer is does not wait for a rate.
  if ('reason' in deltas)
    return { ...notSettled(event, 'set_aside', deltas.reason, deltas.detail), bindings };
  const currency = version?.terms.currency ?? batch.operator.currency;
  const clickId = click?.id ?? null;
  const about: ReportSubject = {
    affiliateId,
    conversion: event,
    clickId: clickId ?? ownClickId(loaded, affiliateId),
    subs: subsOf(event, click),
    currency,
  };
  // What affiliates heard of an event once is not reported as the event again.
  const isKnown =
    loaded.outcome !== null && [...deltas.keys()].some((id) => books.reported.has(reportedKey(event.id, id)));
  const putBack = isKnown ? (putBackBy(loaded) ?? 'unbound') : null;
  const messages =
    putBack === null
      ? reportChange(books, 'conversion.created', event, about, deltas)
      : reportToOthers(books, event, { type: 'conversion.reinstated', reason: putBack }, about, deltas);
  const outcome: Outcome = {
    eventId: event.id,
    status: 'settled',
    reason: isRejected ? 'rejected' : null,
    affiliateId,
    method,
    clickId,
    version,
  };
  if (known.reversals.length === 0) return { outcomes: [outcome], bindings, messages };
  const scope = scopeOf(batch, books, [{ ...loaded, outcome }], known);
  const isOwn = (conversion: Loaded): boolean => conversion.event.id === event.id;
  const applied = applyReversals(
    books,
    scope,
    event,
    (conversion) => (isOwn(conversion) ? about : subjectAbout(batch, books, conversion)),
    putBack,
  );
  const isOthers = (reversal: ConversionEvent): boolean => isMismatch(reversal, event, known);
  return {
    outcomes: [outcome, ...outcomesOfReversals(books, scope, known.reversals, isOthers)],
    bindings,
    messages: [...messages, ...applied.messages],
  };
}

/**
 * Adds a conversion to every slot that its rating names. The affiliate's delta is zero where no
 * deal covers the conversion.
 */
function accrueIn(
  books: BatchLedger,
  { rated, rates }: Batch,
  { event, isRejected }: Loaded,
  affiliateId: string,
): Deltas | Lacking {
  const nothing: Deltas = new Map([[affiliateId, 0n]]);
  const rating = rated.get(event.id);
  if (!rating) return nothing;
  const { names, version } = rating;
  const factFor = conversionFacts(event, rating, rates);
  if (typeof factFor !== 'function') return factFor;
  const deltas = names.map((name) => {
    const accrual = factFor(name.kind);
    const facts = isRejected ? ([accrual, rejecting(accrual)] as const) : ([accrual] as const);
    return books.enter(books.open(name, version, affiliateId), facts, version, event);
  });
  return sumOfDeltas([nothing, ...deltas]);
}
