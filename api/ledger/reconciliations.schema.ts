// Requests of reconciliations: a list of transactions as JSON or CSV, and its range of time.
import { z } from 'zod';
import type { Listed } from '../../domain/ledger/reconciliation.ts';
import { EVENT_TYPES } from '../../domain/types.ts';
import { tableOf } from '../http/csv-table.ts';
import type { Issue } from '../http/errors.ts';
import { currency, externalId, time } from '../http/fields.ts';
import { invalid, issuesFrom, read } from '../http/read.ts';
import { inOurWords } from '../http/wording.ts';

/** More rows are several lists. */
export const ROWS_AT_MOST = 10_000;

type ListedRow = { kind: 'listed'; listed: Listed } | { kind: 'invalid'; issues: Issue[] };

/**
 * The rows, and the range of time in which the list claims to be complete. Without a range only the
 * rows are compared.
 */
export type List = { rows: ListedRow[]; range: { from: Date; to: Date } | null };

const decimal = z
  .union([z.string(), z.number().transform(String)])
  .pipe(z.string().regex(/^-?\d{1,20}(\.\d{1,20})?$/, 'must be a decimal such as "500.00"'));

export const row = z.strictObject({
  transaction_id: externalId,
  event: z.enum(EVENT_TYPES).optional(),
  amount: decimal.optional(),
  currency: currency.optional(),
  commission: decimal.optional(),
});
const COLUMNS = Object.keys(row.shape);

const range = { from: time.optional(), to: time.optional() };
const tooMany = `a list holds at most ${ROWS_AT_MOST} rows`;
const list = z.strictObject({ rows: z.array(z.unknown()).max(ROWS_AT_MOST, tooMany), ...range });
export const query = z.strictObject(range);

/**
 * Reads a list; text is CSV, whose range is in the query, as is that of a JSON list by itself.
 * Throws `invalid_request` for a malformed list.
 */
export function listOf(body: unknown, queryOfRequest: unknown, now: number): List {
  const given = read(query, queryOfRequest);
  if (typeof body === 'string') return { rows: rowsOf(body), range: rangeOf(given, now) };
  const whole: unknown = Array.isArray(body) ? { rows: body } : body;
  const { rows, from = given.from, to = given.to } = read(list, whole);
  return { rows: rows.map(rowOf), range: rangeOf({ from, to }, now) };
}

/** `to` defaults to now. */
function rangeOf(
  { from, to }: { from?: Date | undefined; to?: Date | undefined },
  now: number,
): List['range'] {
  if (from === undefined && to === undefined) return null;
  if (from === undefined) throw invalid([{ path: 'from', code: 'required', message: 'is required with to' }]);
  const end = to ?? new Date(now);
  if (from >= end) throw invalid([{ path: 'to', code: 'invalid_time', message: 'must be after from' }]);
  return { from, to: end };
}

function rowOf(value: unknown): ListedRow {
  const result = row.safeParse(value, { error: inOurWords });
  if (!result.success) return { kind: 'invalid', issues: issuesFrom(result.error, value) };
  const {
    transaction_id: transactionId,
    event = null,
    amount = null,
    currency: code = null,
    commission = null,
  } = result.data;
  return { kind: 'listed', listed: { transactionId, event, amount, currency: code, commission } };
}

function rowsOf(text: string): ListedRow[] {
  const { rows, isCut } = tableOf(text, {
    columns: COLUMNS,
    required: ['transaction_id'],
    atMost: ROWS_AT_MOST,
  });
  const judged = rows.map(rowOf);
  const message = 'a quote is not closed, so what follows the last row above cannot be told apart';
  return isCut
    ? [...judged, { kind: 'invalid', issues: [{ path: '', code: 'unclosed_quote', message }] }]
    : judged;
}
