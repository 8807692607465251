// What affiliates are told when something moved the books: one message to each whose total moved.
import type { Books, Deltas } from './books.ts';
import type { Message, Unprompted } from './settlement.ts';
import type { Click, ConversionEvent, Subs } from './types.ts';

/** Whose conversion it is that somebody is told about, and how it is shown to them. */
export type About = Pick<Message, 'affiliateId' | 'conversion' | 'clickId' | 'subs' | 'currency'>;

/** One message to each affiliate whose books a cause moved: to whom the conversion belongs, and to parents with a part of it. */
export function tell(
  books: Books,
  type: Message['type'],
  cause: ConversionEvent | Unprompted,
  about: About,
  deltas: Deltas,
): Message[] {
  return [...deltas].flatMap(([affiliateId, deltaMinor]) => {
    const isOwner = affiliateId === about.affiliateId;
    if (!isOwner && deltaMinor === 0n) return [];
    const { payoutMinor, currency } = books.tell(about.conversion.id, affiliateId, deltaMinor, about.currency);
    const via = isOwner ? null : about.affiliateId;
    const why = typeof cause === 'string' ? { event: null, reason: cause } : { event: cause, reason: null };
    return [{ ...about, affiliateId, via, type, ...why, payoutMinor, deltaMinor, currency }];
  });
}

/** A sub of the event wins over the click's. */
export function subsOf(event: ConversionEvent, click: Click | null): Subs {
  const [a, b, c, d, e] = event.subs;
  const of = click?.subs ?? [null, null, null, null, null];
  return [a ?? of[0], b ?? of[1], c ?? of[2], d ?? of[3], e ?? of[4]];
}
