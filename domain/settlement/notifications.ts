// What affiliates are told when something moved the books: one message for each conversion to each whose total moved.
import type { BatchLedger, Deltas } from './batch-ledger.ts';
import type { Click, ConversionEvent, Subs } from '../types.ts';
import type { Message, Unprompted } from '../delivery/messages.ts';
import type { Loaded } from './outcomes.ts';

/** How a conversion is shown to those who are told about it. */
export type ConversionView = Pick<Message, 'conversion' | 'clickId' | 'subs'>;

/** Whose conversion it is, and in which currency it is told. */
export type ReportSubject = ConversionView & Pick<Message, 'affiliateId' | 'currency'>;

/**
 * One message to each affiliate for whom a cause moved what is booked for a conversion: to whom it belongs, and to parents with a part of it.
 * What others did to it before is told with it.
 */
export function reportChange(
  books: BatchLedger,
  type: Message['type'],
  cause: ConversionEvent | Unprompted,
  about: ReportSubject,
  deltas: Deltas,
): Message[] {
  const all = new Map(deltas);
  for (const { affiliateId, deltaMinor } of books.takeAdjustments(about.conversion.id))
    all.set(affiliateId, (all.get(affiliateId) ?? 0n) + deltaMinor);
  return [...all].flatMap(([affiliateId, deltaMinor]) => {
    const isOwner = affiliateId === about.affiliateId;
    // An event is told to whom it belongs in any case; what has none, only where it moved something.
    if (deltaMinor === 0n && (!isOwner || typeof cause === 'string')) return [];
    const { amountMinor: reportedMinor, currency } = books.report(
      about.conversion.id,
      affiliateId,
      deltaMinor,
      about.currency,
    );
    const { conversion, clickId, subs } = about;
    const via = isOwner ? null : about.affiliateId;
    const [event, reason] = typeof cause === 'string' ? [null, cause] : [cause, null];
    return [
      {
        type,
        affiliateId,
        via,
        event,
        reason,
        conversion,
        clickId,
        subs,
        reportedMinor,
        deltaMinor,
        currency,
      },
    ];
  });
}

/**
 * Tells what became of conversions that others moved: one took their place under a cap, or is now the one that qualifies the customer. `shown`
 * gives how a conversion is shown to its affiliate.
 */
export function reportAdjustments(
  books: BatchLedger,
  shown: (conversionId: string) => ConversionView,
): Message[] {
  return books.conversionsToAdjust().flatMap((conversionId) => {
    const adjustments = books.takeAdjustments(conversionId);
    const { ownerId, currency } = adjustments[0]!;
    const deltas = new Map(adjustments.map(({ affiliateId, deltaMinor }) => [affiliateId, deltaMinor]));
    const about = { ...shown(conversionId), affiliateId: ownerId, currency };
    return reportChange(books, 'conversion.adjusted', 'recomputed', about, deltas);
  });
}

/** How a conversion that is settled is shown: with its own click, or the one that its customer is bound by. */
export function viewOf({
  event,
  click,
  binding,
}: Pick<Loaded, 'event' | 'click' | 'binding'>): ConversionView {
  const shown = click ?? binding?.click ?? null;
  return { conversion: event, clickId: shown?.id ?? event.clickId, subs: subsOf(event, shown) };
}

/** A sub of the event wins over the click's. */
export function subsOf(event: ConversionEvent, click: Click | null): Subs {
  const [a, b, c, d, e] = event.subs;
  const of = click?.subs ?? [null, null, null, null, null];
  return [a ?? of[0], b ?? of[1], c ?? of[2], d ?? of[3], e ?? of[4]];
}
