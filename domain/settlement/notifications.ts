// Messages to affiliates about changes of the batch ledger: one for each conversion and each
// affiliate whose reported amount changed.
import type { BatchLedger, Deltas, MoveDeltas } from './batch-ledger.ts';
import type { Click, ConversionEvent, Subs } from '../types.ts';
import type { Message, Unprompted } from '../delivery/messages.ts';
import type { Loaded } from './outcomes.ts';
import { reportedKey } from './reported-amounts.ts';

/** The parts of a conversion that its messages show. */
type ConversionView = Pick<Message, 'conversion' | 'clickId' | 'subs'>;

/**
 * The conversion that a message reports, its affiliate, and the currency of the reported amount.
 */
export type ReportSubject = ConversionView & Pick<Message, 'affiliateId' | 'currency'>;

/**
 * Messages for one conversion: to its affiliate, and to each parent whose part changed. Adjustments
 * that other conversions caused earlier are reported with it. Who never heard of the conversion
 * hears that it was created before it hears that something of it was taken, as a parent whose part
 * was nothing so far; and in place of hearing that something was given back.
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
    const isAsked = typeof cause !== 'string' || deltas.get(affiliateId) === 0n;
    if (deltaMinor === 0n && !(isOwner && isAsked)) return [];
    const isNews =
      (type === 'conversion.reversed' || type === 'conversion.reinstated') &&
      !books.reported.has(reportedKey(about.conversion.id, affiliateId));
    const tell = (as: Message['type'], by: typeof cause, minor: bigint): Message =>
      messageTo(books, affiliateId, as, by, about, minor);
    if (!isNews) return [tell(type, cause, deltaMinor)];
    if (deltaMinor >= 0n) return [tell('conversion.created', about.conversion, deltaMinor)];
    return [tell('conversion.created', about.conversion, 0n), tell(type, cause, deltaMinor)];
  });
}

function messageTo(
  books: BatchLedger,
  affiliateId: string,
  type: Message['type'],
  cause: ConversionEvent | Unprompted,
  about: ReportSubject,
  deltaMinor: bigint,
): Message {
  const { conversion, clickId, subs } = about;
  const sum = books.report(conversion.id, affiliateId, deltaMinor, about.currency);
  return {
    type,
    affiliateId,
    via: affiliateId === about.affiliateId ? null : about.affiliateId,
    event: typeof cause === 'string' ? null : cause,
    reason: typeof cause === 'string' ? cause : null,
    conversion,
    clickId,
    subs,
    reportedMinor: sum.amountMinor,
    deltaMinor,
    currency: sum.currency,
  };
}

/** A conversion that was rated again, and what that changed. */
type Rerating = {
  reason: Unprompted;
  /** A person decided about the conversion itself: told also where no money moved. */
  isDecided: boolean;
  affiliateBefore: string;
  affiliateId: string;
  deltas: MoveDeltas;
  /** Currency of the rating now; what was reported before keeps its own. */
  currency: string;
};

/**
 * Messages about a conversion that was rated again: to its affiliate and the parents, and where it
 * came to another affiliate, to the one before as well. An affiliate who never heard of the
 * conversion hears of it as of a new one.
 */
export function reportAgain(
  books: BatchLedger,
  loaded: Pick<Loaded, 'event' | 'click' | 'binding' | 'outcome'>,
  { reason, isDecided, affiliateBefore, affiliateId, deltas, currency }: Rerating,
): Message[] {
  const { id } = loaded.event;
  const isMoved = affiliateId !== affiliateBefore;
  const currencyBefore = isMoved ? books.reported.get(reportedKey(id, affiliateBefore))?.currency : undefined;
  const before = withoutZeros(deltas.before);
  if (isDecided && !before.has(affiliateBefore)) before.set(affiliateBefore, 0n);
  const sum = deltas.before.get(affiliateBefore) ?? 0n;
  const about = { ...viewOf(loaded), affiliateId: affiliateBefore, currency: currencyBefore ?? currency };
  const type = typeOf(reason, sum);
  const messages = reportChange(books, type, reason, about, before);
  if (!isMoved) {
    // A conversion that earned nothing so far is reported in the currency of its new deal from now
    // on.
    if (!before.has(affiliateId) && books.reported.has(reportedKey(id, affiliateId)))
      books.report(id, affiliateId, 0n, currency);
    return messages;
  }
  const isKnown = books.reported.has(reportedKey(id, affiliateId));
  const now = withoutZeros(deltas.now);
  if (!isKnown && !now.has(affiliateId)) now.set(affiliateId, 0n);
  const seen = {
    ...viewOf({ ...loaded, outcome: { ...loaded.outcome!, affiliateId } }),
    affiliateId,
    currency,
  };
  const again = { type: 'conversion.adjusted', reason } as const;
  return [...messages, ...reportToOthers(books, loaded.event, again, seen, now)];
}

/**
 * Messages about a conversion that came to these affiliates by a change: `conversion.created` to
 * those who never heard of it, and to the others the type and reason of `again`.
 */
export function reportToOthers(
  books: BatchLedger,
  event: ConversionEvent,
  again: { type: Message['type']; reason: Unprompted },
  about: ReportSubject,
  deltas: Deltas,
): Message[] {
  const isKnown = ([affiliateId]: readonly [string, bigint]): boolean =>
    books.reported.has(reportedKey(event.id, affiliateId));
  const known = new Map([...deltas].filter(isKnown));
  const others = new Map([...deltas].filter((one) => !isKnown(one)));
  return [
    ...reportChange(books, again.type, again.reason, about, known),
    ...reportChange(books, 'conversion.created', event, about, others),
  ];
}

function withoutZeros(deltas: Deltas): Map<string, bigint> {
  return new Map([...deltas].filter(([, delta]) => delta !== 0n));
}

function typeOf(reason: Unprompted, deltaMinor: bigint): Message['type'] {
  switch (reason) {
    case 'voided':
    case 'unbound':
    case 'rejected':
    case 'unvoided':
    case 'unrejected':
      return deltaMinor < 0n || (deltaMinor === 0n && !reason.startsWith('un'))
        ? 'conversion.reversed'
        : 'conversion.reinstated';
    default:
      return 'conversion.adjusted';
  }
}

/**
 * Messages about conversions whose commission changed without an event of their own: another
 * conversion took a place under a cap or qualified the customer, or a rejection was taken back.
 * `shown` returns the view of a conversion.
 */
export function reportAdjustments(
  books: BatchLedger,
  shown: (conversionId: string) => ConversionView,
): Message[] {
  return books.conversionsToAdjust().flatMap((conversionId) => {
    const adjustments = books.takeAdjustments(conversionId);
    const { ownerId, currency, reason } = adjustments[0]!;
    const deltas = new Map(adjustments.map(({ affiliateId, deltaMinor }) => [affiliateId, deltaMinor]));
    const about = { ...shown(conversionId), affiliateId: ownerId, currency };
    const sum = adjustments.reduce((total, { deltaMinor }) => total + deltaMinor, 0n);
    return reportChange(books, typeOf(reason, sum), reason, about, deltas);
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
  const clickId = shown?.id ?? ownClickId({ event, click }, affiliateId);
  return { conversion: event, clickId, subs: subsOf(event, shown) };
}

/** The click that an event names; null where it is known to be of another affiliate. */
export function ownClickId(
  { event, click }: Pick<Loaded, 'event' | 'click'>,
  affiliateId: string | null,
): string | null {
  return click === null || click.affiliateId === affiliateId ? event.clickId : null;
}

/** Sub-ids of a conversion: those of the event, then those of the click. */
export function subsOf(event: ConversionEvent, click: Click | null): Subs {
  const [a, b, c, d, e] = event.subs;
  const of = click?.subs ?? [null, null, null, null, null];
  return [a ?? of[0], b ?? of[1], c ?? of[2], d ?? of[3], e ?? of[4]];
}
