// Brings the reversals of conversions in the batch ledger to what they should be, and reports each.
import { isUpToAmount, subjectOf } from '../commission/reversals.ts';
import { statesTheSame, type SlotFact } from '../commission/slot-facts.ts';
import type { Message, Unprompted } from '../delivery/messages.ts';
import type { ConversionEvent, DealVersion, Terms } from '../types.ts';
import type { Batch } from './batch.ts';
import { sumOfDeltas, type BatchLedger, type Deltas } from './batch-ledger.ts';
import { reportChange, viewOf, type ReportSubject } from './notifications.ts';
import type { Loaded } from './outcomes.ts';
import type { PostingCause } from './posting.ts';
import { reportedKey } from './reported-amounts.ts';
import { effectsOf, spreadAmong, type Effect, type Reversible } from './reversal-effects.ts';

/** Events that are known beside the one that is settled. */
export type Known = {
  /** Settled conversions. */
  conversions: Loaded[];
  /** Reversals that are in force: settled, or waiting for their conversions. */
  reversals: Loaded[];
};

/** The conversions whose reversals may change, with the effects of all reversals on them. */
export type Scope = { conversions: Loaded[]; effects: Effect[] };

/**
 * The scope of these conversions: themselves, and where a reversal divides its amount among a
 * customer's conversions, all conversions of the customer. `again`: how one of them is about to be
 * rated, in place of how it is in the ledger.
 */
export function scopeOf(
  batch: Batch,
  books: BatchLedger,
  near: readonly Loaded[],
  known: Known,
  again?: Reversible,
): Scope {
  const subjects = new Set(near.map(({ event }) => subjectOf(event)));
  const ids = new Set(near.map(({ event }) => event.id));
  const isNear = ({ event }: Loaded): boolean => !ids.has(event.id) && subjects.has(subjectOf(event));
  const conversions =
    spreadAmong(known.reversals).length > 0 ? [...near, ...known.conversions.filter(isNear)] : [...near];
  const reversibles = conversions.map(({ event }) =>
    event.id === again?.event.id ? again : reversibleIn(batch, books, event),
  );
  return { conversions, effects: effectsOf(reversibles, known.reversals, batch.rates) };
}

function reversibleIn(batch: Batch, books: BatchLedger, event: ConversionEvent): Reversible {
  const [slot] = books.slotsOfConversion(event.id);
  const group = slot?.groups.get(event.id);
  const version: DealVersion | undefined =
    group?.version ?? batch.rated.get(event.id)?.version ?? batch.ratedBefore?.get(event.id);
  const known = group?.reversals ?? [];
  return { event, terms: version?.terms ?? null, known };
}

/**
 * The facts of a conversion's reversals by a deal's terms, whatever the ledger holds of them.
 */
export function reversalsBy(
  batch: Batch,
  books: BatchLedger,
  loaded: Loaded,
  terms: Terms,
  known: Known,
): SlotFact[] | 'no_exchange_rate' {
  const { event } = loaded;
  const { effects } = scopeOf(batch, books, [loaded], known, { event, terms, known: [] });
  const own = effects.filter(({ conversionId }) => conversionId === event.id);
  if (own.some(({ reversal, why }) => why === 'no_exchange_rate' && !isUpToAmount(reversal)))
    return 'no_exchange_rate';
  return own.flatMap(({ fact }) => fact ?? []);
}

/**
 * Brings the reversals of the customer's other conversions to what they should be, after one of
 * them changed, or was taken out of the books and is not known any more. What that changes becomes
 * their adjustments.
 */
export function restateOthers(
  batch: Batch,
  books: BatchLedger,
  changed: Loaded,
  known: Known,
  cause: PostingCause,
): void {
  if (spreadAmong(known.reversals).length === 0) return;
  const subject = subjectOf(changed.event);
  const all = known.conversions.filter(({ event }) => subjectOf(event) === subject);
  const { effects } = scopeOf(batch, books, all, known);
  for (const one of all) {
    if (one.event.id === changed.event.id) continue;
    const own = effects.filter(({ conversionId }) => conversionId === one.event.id);
    const about = subjectAbout(batch, books, one);
    for (const { deltas } of restate(books, one.event, own, cause)) adjust(books, about, deltas);
  }
}

/**
 * Applies the effects to every slot of the conversions in the scope. Each reversal that changes a
 * conversion is reported for it; what else `cause` changes becomes an adjustment. Returns the
 * messages. `putBack`: why the events are in the books again, of which affiliates heard before.
 */
export function applyReversals(
  books: BatchLedger,
  { conversions, effects }: Scope,
  cause: PostingCause,
  aboutOf: (conversion: Loaded) => ReportSubject,
  putBack: Unprompted | null = null,
): { messages: Message[] } {
  const messages: Message[] = [];
  for (const conversion of conversions) {
    const own = effects.filter(({ conversionId }) => conversionId === conversion.event.id);
    const about = aboutOf(conversion);
    for (const { reversal, deltas } of restate(books, conversion.event, own, cause)) {
      if (reversal === null) adjust(books, about, deltas);
      else messages.push(...report(books, reversal, about, deltas, putBack ?? reversal));
    }
  }
  return { messages };
}

type Change = { reversal: ConversionEvent | null; deltas: Deltas };

/**
 * Adds the facts that a conversion lacks, one reversal after the other. Where facts that it has are
 * not right any more, states all of them anew, because of `cause`.
 */
function restate(
  books: BatchLedger,
  conversion: ConversionEvent,
  own: readonly Effect[],
  cause: PostingCause,
): Change[] {
  const slots = [...books.slotsOfConversion(conversion.id)];
  const facts = own.flatMap(({ fact }) => fact ?? []);
  const stored = slots[0]?.groups.get(conversion.id)?.reversals ?? [];
  // What a person decided stays; a reversal that is not in force any more does not.
  const others = stored.filter(({ type }) => type === 'rejected');
  const isRight = stored.every(
    (fact) => others.includes(fact) || facts.some((wanted) => statesTheSame(fact, wanted)),
  );
  if (!isRight) {
    const deltas = sumOfDeltas(
      slots.map((slot) => {
        const { accrual, version } = slot.groups.get(conversion.id)!;
        return books.enter(slot, [accrual, ...others, ...facts], version, cause);
      }),
    );
    const reversal = own.find((effect) => effect.reversal.id === cause.id)?.reversal ?? null;
    return [{ reversal: reversal && isContrary(reversal, deltas) ? null : reversal, deltas }];
  }
  const known = new Set(stored.map(({ eventId }) => eventId));
  return own
    .filter(({ reversal, why }) => {
      if (known.has(reversal.id) || why === 'no_exchange_rate') return false;
      // A reversal that adds nothing is reported once, with the event that it is settled by.
      return (why === null && slots.length > 0) || [reversal.id, conversion.id].some((id) => id === cause.id);
    })
    .map(({ reversal, fact }) => ({ reversal, deltas: addTo(books, slots, fact, reversal) }));
}

/**
 * Whether a reversal gives, or a win takes, because others of the conversion's reversals take less
 * or more since: that is told as an adjustment.
 */
function isContrary({ type }: ConversionEvent, deltas: Deltas): boolean {
  const direction = type === 'chargeback_won' ? -1n : 1n;
  return [...deltas.values()].some((delta) => delta * direction > 0n);
}

function addTo(
  books: BatchLedger,
  slots: ReturnType<BatchLedger['slotsOfConversion']>,
  fact: SlotFact | null,
  reversal: ConversionEvent,
): Deltas {
  return fact === null ? new Map() : sumOfDeltas(slots.map((slot) => books.reverse(slot, fact, reversal)));
}

/**
 * Reports a reversal for a conversion. One without a reference is not reported for a conversion
 * that loses nothing.
 */
function report(
  books: BatchLedger,
  reversal: ConversionEvent,
  about: ReportSubject,
  deltas: Deltas,
  cause: ConversionEvent | Unprompted,
): Message[] {
  const nothing: Deltas = new Map(reversal.reference === null ? [] : [[about.affiliateId, 0n]]);
  const all = sumOfDeltas([nothing, deltas]);
  if (reversal.reference === null && all.get(about.affiliateId) === 0n) all.delete(about.affiliateId);
  const type = reversal.type === 'chargeback_won' ? 'conversion.reinstated' : 'conversion.reversed';
  return reportChange(books, type, cause, about, all);
}

/** Keeps a change that other events caused as an adjustment of the conversion. */
export function adjust(books: BatchLedger, about: ReportSubject, deltas: Deltas): void {
  const { affiliateId: ownerId, conversion, currency } = about;
  for (const [affiliateId, deltaMinor] of deltas)
    books.addAdjustment(conversion.id, {
      affiliateId,
      ownerId,
      deltaMinor,
      currency,
      reason: 'recomputed',
    });
}

/** The subject of messages about a settled conversion. */
export function subjectAbout(batch: Batch, books: BatchLedger, loaded: Loaded): ReportSubject {
  const affiliateId = loaded.outcome!.affiliateId!;
  const { currency } = books.reported.get(reportedKey(loaded.event.id, affiliateId)) ?? batch.operator;
  return { affiliateId, ...viewOf(loaded), currency };
}
