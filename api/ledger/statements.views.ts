// Views of statements: the head in lists, and a whole statement as JSON or CSV, written while its
// lines are read.
import { formatMoney } from '../../domain/ledger/money.ts';
import { inWords, movedBy, owedOf, purposeOf, sumOf } from '../../domain/ledger/statements.ts';
import type { BalanceMoney } from '../../domain/ledger/transfers.ts';
import type { ExplainedTransfer } from '../../store/ledger/explained-transfers.ts';
import type { OpenMonth, Statement } from '../../store/ledger/statements.ts';
import { csvOf } from '../http/csv.ts';

/**
 * A statement with a stream of its lines. That of an open month is preliminary: it has no id, and
 * its closing balance is the sum of its lines.
 */
export type WholeStatement = OpenMonth & {
  opening: BalanceMoney;
  lines: AsyncIterable<ExplainedTransfer[]>;
  final: Statement | null;
  /** What the caller may see of a line. */
  shown: <Line extends object>(line: Line) => Line;
};

/** A statement in a list. */
export function statementView({
  id,
  affiliateId,
  currency,
  period,
  opening,
  closing,
  linesCount,
  createdAt,
}: Statement) {
  return {
    id,
    affiliate_id: affiliateId,
    currency,
    period,
    status: 'final',
    opening: partsView(opening, currency),
    closing: partsView(closing, currency),
    lines_count: linesCount,
    created_at: createdAt,
  };
}

/**
 * As JSON, in the order head, lines, closing: a preliminary statement knows its closing only when
 * its last line is written.
 */
export async function* asJson({
  final,
  affiliateId,
  currency,
  period,
  opening,
  lines,
  shown,
}: WholeStatement): AsyncGenerator<string> {
  const head = {
    id: final?.id ?? null,
    affiliate_id: affiliateId,
    currency,
    period,
    status: statusOf(final),
    created_at: final?.createdAt ?? null,
    opening: partsView(opening, currency),
  };
  let text = `${JSON.stringify(head).slice(0, -1)},"lines":[`;
  let [closing, count] = [opening, 0];
  for await (const chunk of lines) {
    for (const line of chunk) {
      text += (count++ === 0 ? '' : ',') + JSON.stringify(shown(lineView(line, currency)));
      closing = sumOf(closing, movedBy(line));
    }
    yield text;
    text = '';
  }
  const tail = { lines_count: count, closing: partsView(final?.closing ?? closing, currency) };
  yield `${text}],${JSON.stringify(tail).slice(1)}`;
}

/** Columns of a statement as CSV. */
export const COLUMNS = [
  'transfer_id',
  'posted_at',
  'occurred_at',
  'code',
  'description',
  'amount',
  'currency',
  'owed',
  'moved',
  'from',
  'to',
  'event_id',
  'event',
  'transaction_id',
  'original_event_id',
  'original_transaction_id',
  'commission_id',
  'formula',
  'reason',
  'period',
  'origin_period',
  'late',
  'status',
] as const;

/** As CSV: the opening, the lines with what is owed after each, the closing. */
export async function* asCsv({
  final,
  currency,
  period,
  opening,
  lines,
  shown,
}: WholeStatement): AsyncGenerator<string> {
  const row = (cells: Partial<Record<(typeof COLUMNS)[number], unknown>>) =>
    csvOf([COLUMNS.map((column) => cells[column])]);
  const always = { currency, period, status: statusOf(final) };
  const money = (minor: bigint): string => formatMoney(minor, currency);
  let owed = owedOf(opening);
  let text =
    csvOf([COLUMNS]) + row({ ...always, code: 'opening', description: 'opening balance', owed: money(owed) });
  for await (const chunk of lines) {
    for (const line of chunk) {
      owed += owedOf(movedBy(line));
      text += row({ ...always, ...shown(lineView(line, currency)), owed: money(owed) });
    }
    yield text;
    text = '';
  }
  yield (
    text +
    row({
      ...always,
      code: 'closing',
      description: 'closing balance',
      owed: money(final ? owedOf(final.closing) : owed),
    })
  );
}

function statusOf(final: Statement | null): 'final' | 'preliminary' {
  return final === null ? 'preliminary' : 'final';
}

/** `owed` is what the operator owes the affiliate: pending, payable and in payout, less debt. */
function partsView(parts: BalanceMoney, currency: string) {
  const money = (minor: bigint) => formatMoney(minor, currency);
  return {
    pending: money(parts.pendingMinor),
    payable: money(parts.payableMinor),
    in_payout: money(parts.inPayoutMinor),
    paid: money(parts.paidMinor),
    debt: money(parts.debtMinor),
    owed: money(owedOf(parts)),
  };
}

/**
 * `amount` is the change of what is owed, zero for moves between parts; `moved` is the transfer's
 * amount.
 */
function lineView(line: ExplainedTransfer, currency: string) {
  return {
    transfer_id: line.id,
    code: line.code,
    description: inWords(line.code),
    amount: formatMoney(owedOf(movedBy(line)), currency),
    moved: formatMoney(line.amountMinor, currency),
    from: purposeOf(line.debitAccount),
    to: purposeOf(line.creditAccount),
    event_id: line.eventId,
    event: line.eventType,
    transaction_id: line.transactionId,
    original_event_id: line.originalEventId,
    original_transaction_id: line.originalTransactionId,
    commission_id: line.slotId,
    formula: line.formula,
    reason: line.reason,
    actor: line.actor,
    occurred_at: line.occurredAt,
    posted_at: line.postedAt,
    period: line.period,
    origin_period: line.originPeriod,
    late: line.originPeriod !== line.period,
  };
}
