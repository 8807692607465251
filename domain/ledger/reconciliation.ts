// Compares an operator's own list of transactions with what is kept here: for each row one reason, the first that holds.
import { parseDecimal, exponentOf } from './money.ts';
import { type EventType, earns } from '../types.ts';

/** A row of the operator's list; what it leaves out (null) is not compared. Amounts are decimal text as listed. */
export type Listed = {
  transactionId: string;
  event: EventType | null;
  amount: string | null;
  currency: string | null;
  commission: string | null;
};

/** An event as kept here. `payoutMinor` is what the affiliate was told to have earned by it; `isStruck`: something was said against it. */
export type Kept = {
  eventId: string;
  transactionId: string;
  type: EventType;
  amountMinor: bigint | null;
  currency: string | null;
  status: 'accepted' | 'settled' | 'orphaned' | 'rejected' | 'set_aside';
  statusReason: string | null;
  affiliateId: string | null;
  payoutMinor: bigint | null;
  payoutCurrency: string | null;
  isStruck: boolean;
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
  | 'currency_differs'
  | 'amount_differs'
  | 'reversed'
  | 'commission_differs';

/** What was found for a row; `duplicateOf` is the index of the row that speaks of the same event. */
export type Compared = { reason: Reason; kept: Kept | null; duplicateOf: number | null };

/**
 * Compares rows with the kept events of their transaction ids, in order. A row that names no event speaks of the first event of its id that no
 * earlier row spoke of, conversions first, since a deposit and its chargeback may share an id. Also gives the events that no row spoke of.
 */
export function compareAll(
  listed: readonly Listed[],
  kept: readonly Kept[],
): { compared: Compared[]; unlisted: Kept[] } {
  const byId = new Map<string, Kept[]>();
  for (const one of kept.toSorted(conversionsFirst)) {
    const same = byId.get(one.transactionId);
    if (same) same.push(one);
    else byId.set(one.transactionId, [one]);
  }
  const spokenOf = new Map<string, number>();
  const compared = listed.map((row, index): Compared => {
    const candidates = (byId.get(row.transactionId) ?? []).filter(
      ({ type }) => row.event === null || type === row.event,
    );
    const found = candidates.find(({ eventId }) => !spokenOf.has(eventId)) ?? candidates.at(-1) ?? null;
    const name = found?.eventId ?? `${row.event ?? ''} ${row.transactionId}`;
    const duplicateOf = spokenOf.get(name) ?? null;
    if (duplicateOf !== null) return { reason: 'duplicate_row', kept: found, duplicateOf };
    spokenOf.set(name, index);
    return { reason: found === null ? 'missing_here' : reasonFor(row, found), kept: found, duplicateOf };
  });
  return { compared, unlisted: kept.filter(({ eventId }) => !spokenOf.has(eventId)) };
}

function conversionsFirst(a: Kept, b: Kept): number {
  return Number(earns(b.type)) - Number(earns(a.type)) || (a.eventId < b.eventId ? -1 : 1);
}

function reasonFor(row: Listed, kept: Kept): Reason {
  if (kept.status !== 'settled') return kept.status === 'accepted' ? 'not_settled' : kept.status;
  if (row.currency !== null && kept.currency !== null && row.currency !== kept.currency)
    return 'currency_differs';
  if (row.amount !== null && !isAmount(row.amount, kept)) return 'amount_differs';
  if (!earns(kept.type)) return 'match';
  const differs =
    row.commission !== null && minorOf(row.commission, kept.payoutCurrency) !== (kept.payoutMinor ?? 0n);
  if (kept.isStruck && (row.commission === null ? kept.payoutMinor === 0n : differs)) return 'reversed';
  return differs ? 'commission_differs' : 'match';
}

/** Only a revenue can be negative here; lists often write a minus before whatever takes money back. */
function isAmount(listed: string, { type, amountMinor, currency }: Kept): boolean {
  const text = type === 'revenue' ? listed : listed.replace(/^-/, '');
  return amountMinor !== null && minorOf(text, currency) === amountMinor;
}

/** Decimal text in minor units of a currency; null where the currency has no such amount. */
export function minorOf(text: string, currency: string | null): bigint | null {
  const parsed = parseDecimal(text, exponentOf(currency ?? '') ?? 2);
  return parsed.kind === 'ok' ? parsed.value : null;
}
