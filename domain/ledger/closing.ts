// Rules of closing a month of an operator's ledger: after its end, in order, once.
import { latestFormerMonth, monthAfter, monthOf, postingPeriod, type Zones } from './periods.ts';
import { DAY_MS } from '../units.ts';

/**
 * Days after its end at which a month is closed automatically. They leave time to check the
 * preliminary statements, and to settle events that were set aside, before the figures are sent
 * out.
 */
const CLOSED_AFTER_DAYS = 3;

/**
 * Which months of an operator's ledger are closed, and the one that is closing. `timezone`: the
 * present one, by which months end; `zones`: all of them. `firstPosted`: the earliest month with
 * transfers while none is closed, null without any.
 */
export type BooksState = {
  timezone: string;
  zones: Zones;
  firstPosted: string | null;
  closedThrough: string | null;
  closing: string | null;
};

/** Whether a month can be closed, was closed, or why it cannot be. */
export type Closability =
  | { kind: 'closable' | 'closed' | 'not_ended' | 'nothing_posted' }
  | { kind: 'earlier_is_open'; earlier: string };

/** The first month that is not closed; null without any transfer. */
function firstOpen({ firstPosted, closedThrough }: BooksState): string | null {
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

/**
 * The month to close automatically now: one that is closing already, or the first open one once its
 * days are over; null without any.
 */
export function dueForClosing(books: BooksState, now: number): string | null {
  const first = firstOpen(books);
  if (books.closing !== null || first === null) return books.closing;
  return first < monthOf(now - CLOSED_AFTER_DAYS * DAY_MS, books.timezone) ? first : null;
}

/**
 * The open months, newest first, beginning with the month of transfers that are posted now, or with
 * a later one that a former zone of the operator had reached.
 */
export function openMonths(books: BooksState, now: number): string[] {
  const present = postingPeriod(now, books.timezone, books.closing ?? books.closedThrough);
  const former = latestFormerMonth(books.zones);
  const last = former !== null && former > present ? former : present;
  const months = [];
  for (let month = firstOpen(books) ?? last; month <= last; month = monthAfter(month))
    if (month !== books.closing) months.push(month);
  return months.reverse();
}
