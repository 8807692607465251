// Compares an operator's own list of transactions with the stored events: one reason per row, the
// first that applies.
import { exponentOf } from './currencies.ts';
import { parseDecimal } from './money.ts';
import { type EventStatus, type EventType, isConversion } from '../types.ts';

/**
 * A row of the operator's list. Fields that it leaves out (null) are not compared. Amounts are
 * decimal text as listed.
 */
export type Listed = {
  transactionId: string;
  event: EventType | null;
  amount: string | null;
  currency: string | null;
  commission: string | null;
};

/**
 * A stored event. `reportedMinor`: the amount reported to the affiliate for it; `isReversed`: a
 * reversal or amendment concerned it.
 */
export type StoredTransaction = {
  eventId: string;
  transactionId: string;
  type: EventType;
  amountMinor: bigint | null;
  currency: string | null;
  status: EventStatus;
  statusReason: string | null;
  affiliateId: string | null;
  reportedMinor: bigint | null;
  reportedCurrency: string | null;
  isReversed: boolean;
  occurredAt: Date;
};

export type Reason =
  | 'match'
  | 'missing_here'
  | 'missing_there'
  | 'duplicate_row'
  | 'not_settled'
  | 'orphaned'
  | 'rejected'
  | 'set_aside'
  | 'voided'
  | 'currency_differs'
  | 'amount_differs'
  | 'reversed'
  | 'commission_differs';

/** The result for a row. `duplicateOf`: the index of an earlier row that names the same event. */
export type Compared = { reason: Reason; kept: StoredTransaction | null; duplicateOf: number | null };

/**
 * Compares rows, in order, with the stored events of their transaction ids. A row without an event
 * type matches the first event of its id that no earlier row matched, conversions first, since a
 * deposit and its chargeback may share an id. Also returns the events that no row matched.
 */
export function compareAll(
  listed: readonly Listed[],
  kept: readonly StoredTransaction[],
): { compared: Compared[]; unlisted: StoredTransaction[] } {
  const byId = new Map<string, StoredTransaction[]>();
  for (const one of kept.toSorted(conversionsFirst)) {
    const same = byId.get(one.transactionId);
    if (same) same.push(one);
    else byId.set(one.transactionId, [one]);
  }
  const matched = new Map<string, number>();
  const compared = listed.map((row, index): Compared => {
    const candidates = (byId.get(row.transactionId) ?? []).filter(
      ({ type }) => row.event === null || type === row.event,
    );
    const found = candidates.find(({ eventId }) => !matched.has(eventId)) ?? candidates.at(-1) ?? null;
    const name = found?.eventId ?? `${row.event ?? ''} ${row.transactionId}`;
    const duplicateOf = matched.get(name) ?? null;
    if (duplicateOf !== null) return { reason: 'duplicate_row', kept: found, duplicateOf };
    matched.set(name, index);
    return { reason: found === null ? 'missing_here' : reasonFor(row, found), kept: found, duplicateOf };
  });
  return { compared, unlisted: kept.filter(({ eventId }) => !matched.has(eventId)) };
}

function conversionsFirst(a: StoredTransaction, b: StoredTransaction): number {
  return Number(isConversion(b.type)) - Number(isConversion(a.type)) || (a.eventId < b.eventId ? -1 : 1);
}

function reasonFor(row: Listed, kept: StoredTransaction): Reason {
  if (kept.status !== 'settled') return kept.status === 'accepted' ? 'not_settled' : kept.status;
  if (row.currency !== null && kept.currency !== null && row.currency !== kept.currency)
    return 'currency_differs';
  if (row.amount !== null && !isAmount(row.amount, kept)) return 'amount_differs';
  if (!isConversion(kept.type)) return 'match';
  const differs =
    row.commission !== null && minorOf(row.commission, kept.reportedCurrency) !== (kept.reportedMinor ?? 0n);
  if (kept.isReversed && (row.commission === null ? kept.reportedMinor === 0n : differs)) return 'reversed';
  return differs ? 'commission_differs' : 'match';
}

/**
 * Only revenue is stored as a negative amount; operators' lists often write refunds and chargebacks
 * with a minus.
 */
function isAmount(listed: string, { type, amountMinor, currency }: StoredTransaction): boolean {
  const text = type === 'revenue' ? listed : listed.replace(/^-/, '');
  return amountMinor !== null && minorOf(text, currency) === amountMinor;
}

/**
 * Converts decimal text to minor units of a currency; null where it has more decimals than the
 * currency.
 */
export function minorOf(text: string, currency: string | null): bigint | null {
  const parsed = parseDecimal(text, exponentOf(currency ?? '') ?? 2);
  return parsed.kind === 'ok' ? parsed.value : null;
}
