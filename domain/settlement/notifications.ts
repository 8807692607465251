// Messages to affiliates about changes of the batch ledger: one for each conversion and each
// affiliate whose reported amount changed.
import type { BatchLedger, Deltas } from './batch-ledger.ts';
import type { Click, ConversionEvent, Subs } from '../types.ts';
import type { Message, Unprompted } from '../delivery/messages.ts';
import type { Loaded } from './outcomes.ts';

/** The parts of a conversion that its messages show. */
type ConversionView = Pick<Message, 'conversion' | 'clickId' | 'subs'>;

/**
 * The conversion that a message reports, its affiliate, and the currency of the reported amount.
 */
export type ReportSubject = ConversionView & Pick<Message, 'affiliateId' | 'currency'>;

/**
 * Messages for one conversion: to its affiliate, and to each parent whose part changed. Adjustments
 * that other conversions caused earlier are reported with it.
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
    // The conversion's affiliate is always told of an event; a change without an event is reported
    // only where it moved money.
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
 * Messages about conversions whose commission another conversion changed, by taking a place under a
 * cap or by qualifying the customer. `shown` returns the view of a conversion.
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

/**
 * The view of a settled conversion: with its own click, or with the click that bound its customer.
 * An affiliate is never shown the click of another one, to whom the customer may belong at another
 * time.
 */
export function viewOf({
  event,
  click,
  binding,
  outcome,
}: Pick<Loaded, 'event' | 'click' | 'binding' | 'outcome'>): ConversionView {
  const affiliateId = outcome?.affiliateId ?? null;
  const clicks = [click, binding?.click ?? null];
  const shown = clicks.find((one) => one && (affiliateId ?? one.affiliateId) === one.affiliateId) ?? null;
  return { conversion: event, clickId: shown?.id ?? event.clickId, subs: subsOf(event, shown) };
}

/** Sub-ids of a conversion: those of the event, then those of the click. */
export function subsOf(event: ConversionEvent, click: Click | null): Subs {
  const [a, b, c, d, e] = event.subs;
  const of = click?.subs ?? [null, null, null, null, null];
  return [a ?? of[0], b ?? of[1], c ?? of[2], d ?? of[3], e ?? of[4]];
}
