// When a month of the books can be closed: after it has ended, one after the other, and never again.
import { monthAfter, monthOf, postingPeriod } from './periods.ts';
import { DAY_MS } from '../units.ts';

/**
 * How long after its end a month is closed without being asked to. Nothing is posted into it any more by then; the days are for people, who can
 * still look at the preliminary statements and bring in what was set aside before the month's figures are sent out.
 */
export const CLOSED_AFTER_DAYS = 3;

/** How far an operator's books are. `firstPosted`: the month of the first transfer, null where there is none. */
export type BooksState = {
  timezone: string;
  firstPosted: string | null;
  closedThrough: string | null;
  closing: string | null;
};

/** Why a month cannot be closed, or that it can, or was. */
export type Closability =
  | { kind: 'closable' | 'closed' | 'not_ended' | 'nothing_posted' }
  | { kind: 'earlier_is_open'; earlier: string };

/** The first month that is not closed; null where nothing was ever posted. */
export function firstOpen({ firstPosted, closedThrough }: BooksState): string | null {
  return closedThrough === null ? firstPosted : monthAfter(closedThrough);
}

/** Whether a month can be closed at a moment. */
export function closabilityOf(period: string, books: BooksState, now: number): Closability {
  if (books.closedThrough !== null && period <= books.closedThrough) return { kind: 'closed' };
  if (period === books.closing) return { kind: 'closable' };
  if (period >= monthOf(now, books.timezone)) return { kind: 'not_ended' };
  const first = firstOpen(books);
  if (first === null || period < first) return { kind: 'nothing_posted' };
  return period === first ? { kind: 'closable' } : { kind: 'earlier_is_open', earlier: first };
}

/** The month to close now without being asked to: the first open one, once the days are over; or one whose closing was begun. */
export function dueForClosing(books: BooksState, now: number): string | null {
  const first = firstOpen(books);
  if (books.closing !== null || first === null) return books.closing;
  return first < monthOf(now - CLOSED_AFTER_DAYS * DAY_MS, books.timezone) ? first : null;
}

/** The open months, newest first: from the one that takes what is posted now back to the first. */
export function openMonths(books: BooksState, now: number): string[] {
  const last = postingPeriod(now, books.timezone, books.closing ?? books.closedThrough);
  const months = [];
  for (let month = firstOpen(books) ?? last; month <= last; month = monthAfter(month))
    if (month !== books.closing) months.push(month);
  return months.reverse();
}
