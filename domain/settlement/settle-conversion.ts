// Settles a conversion of a batch.
import type { Attribution } from '../attribution/attribution.ts';
import { reverses } from '../commission/reversals.ts';
import type { ConversionEvent } from '../types.ts';
import { inOrder, notSettled, type Batch, type Settlement } from './batch.ts';
import { sumOfDeltas, type BatchLedger, type Deltas } from './batch-ledger.ts';
import { conversionFacts, type Lacking } from './facts.ts';
import { reportChange, subsOf, type ReportSubject } from './notifications.ts';
import type { Loaded, Outcome } from './outcomes.ts';
import { applyReversal, settledReversal } from './settle-reversal.ts';

/**
 * Settles a conversion: books its commission, and then applies and reports the reversals that
 * arrived before it.
 */
export function settleConversion(
  batch: Batch,
  books: BatchLedger,
  loaded: Loaded,
  attribution: Attribution,
  reversals: readonly Loaded[],
): Settlement {
  const { event } = loaded;
  if (attribution.kind !== 'attributed') return notSettled(event, attribution.kind, attribution.reason);
  const { affiliateId, click, method, binds } = attribution;
  const bindings = binds === null ? [] : [binds];
  const version = batch.rated.get(event.id)?.version ?? null;
  const deltas = accrueIn(books, batch, event, affiliateId);
  // What is set aside binds all the same: whose the customer is does not wait for a rate.
  if (typeof deltas === 'string') return { ...notSettled(event, 'set_aside', deltas), bindings };
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
  const outcomes: Outcome[] = [
    { eventId: event.id, status: 'settled', reason: null, affiliateId, method, clickId, version },
  ];
  for (const { event: reversal, outcome: earlier } of inOrder(
    reversals.filter((other) => reverses(other.event, event)),
  )) {
    const reported = applyReversal(batch, books, reversal, about);
    if (reported === 'no_exchange_rate') {
      if (earlier?.status === 'orphaned')
        outcomes.push(...notSettled(reversal, 'set_aside', reported).outcomes);
      continue;
    }
    messages.push(...reported);
    if (earlier?.status === 'orphaned') outcomes.push(settledReversal(reversal, affiliateId, null));
  }
  return { outcomes, bindings, messages };
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
    books.accrue(books.open(name, version, affiliateId), factFor(name.kind), version, event),
  );
  return sumOfDeltas([nothing, ...deltas]);
}
