// Compares the caller's own list of transactions with what is kept here. Nothing is stored and nothing is posted.
import type { Router } from 'express';
import { formatMoney } from '../../domain/ledger/money.ts';
import {
  compareAll,
  minorOf,
  type Compared,
  type StoredEvent,
  type Listed,
  type Reason,
} from '../../domain/ledger/reconciliation.ts';
import type { Store } from '../../store/index.ts';
import { callerOf, type Auth } from '../http/auth.ts';
import { tableBody } from '../http/body.ts';
import type { Issue } from '../http/errors.ts';
import { addResource } from '../http/resource.ts';
import { listOf, ROWS_AT_MOST, type List } from './reconciliations.schema.ts';

type Deps = { store: Pick<Store, 'reconciling'>; auth: Auth };

/** One thing to say: about a row (counted from 1), or about an event that no row speaks of. */
type Difference = { row: number | null; listed: Listed | null } & (
  Compared | { reason: 'invalid_row'; issues: Issue[]; kept: null; duplicateOf: null }
);

export function addReconciliationRoutes(router: Router, { store, auth }: Deps): void {
  addResource(router, '/v1/reconciliations', {
    post: [
      auth.scope('read'),
      ...tableBody,
      async (req, res) => {
        const list = listOf(req.body, req.query, Date.now());
        const { differences, truncated } = await reconcile(store, callerOf(res).operator.id, list);
        res.json({ totals: totalsOf(differences), results: differences.map(differenceView), truncated });
      },
    ],
  });
}

/** `truncated`: more events are missing in the list than are told. */
async function reconcile(
  { reconciling }: Pick<Store, 'reconciling'>,
  operatorId: string,
  { rows, range }: List,
): Promise<{ differences: Difference[]; truncated: boolean }> {
  const listed = rows.flatMap((row, index) => (row.kind === 'listed' ? [{ ...row.listed, index }] : []));
  const ids = [...new Set(listed.map(({ transactionId }) => transactionId))];
  const { compared, unlisted } = compareAll(listed, await reconciling.find(operatorId, ids));
  const others =
    range === null ? [] : await reconciling.findUnlisted(operatorId, ids, range, ROWS_AT_MOST + 1);
  const inRange = unlisted.filter(
    ({ occurredAt }) => range !== null && occurredAt >= range.from && occurredAt < range.to,
  );
  const byRow = new Map(compared.map((one, index) => [listed[index]!.index, one]));
  const ofRows = rows.map((row, index): Difference => {
    if (row.kind === 'invalid') {
      return {
        row: index + 1,
        listed: null,
        reason: 'invalid_row',
        issues: row.issues,
        kept: null,
        duplicateOf: null,
      };
    }
    const one = byRow.get(index)!;
    // The index among the rows that could be read becomes the row's own number.
    const duplicateOf = one.duplicateOf === null ? null : listed[one.duplicateOf]!.index + 1;
    return { row: index + 1, listed: row.listed, ...one, duplicateOf };
  });
  const missing = [...inRange, ...others.slice(0, ROWS_AT_MOST)].map((kept): Difference => {
    return { row: null, listed: null, reason: 'missing_there', kept, duplicateOf: null };
  });
  return { differences: [...ofRows, ...missing], truncated: others.length > ROWS_AT_MOST };
}

function differenceView(difference: Difference) {
  const { row, listed, kept, reason, duplicateOf } = difference;
  return {
    row,
    transaction_id: listed?.transactionId ?? kept?.transactionId ?? null,
    event: kept?.type ?? listed?.event ?? null,
    reason,
    event_id: kept?.eventId ?? null,
    here: kept === null ? null : keptView(kept),
    there:
      listed === null
        ? null
        : { amount: listed.amount, currency: listed.currency, commission: listed.commission },
    ...(duplicateOf !== null && { duplicate_of_row: duplicateOf }),
    ...('issues' in difference && { issues: difference.issues }),
  };
}

function keptView({ amountMinor, currency, reportedMinor, reportedCurrency, ...kept }: StoredEvent) {
  const money = (minor: bigint | null, code: string | null) =>
    minor === null || code === null ? null : formatMoney(minor, code);
  return {
    amount: money(amountMinor, currency),
    currency,
    commission: money(reportedMinor, reportedCurrency),
    commission_currency: reportedCurrency,
    status: kept.status,
    status_reason: kept.statusReason,
    affiliate_id: kept.affiliateId,
    occurred_at: kept.occurredAt,
  };
}

type Total = {
  reason: Reason | 'invalid_row';
  currency: string | null;
  count: number;
  here: bigint;
  there: bigint;
};

/** How many rows there are of each reason and currency, and what their amounts come to on each side. */
function totalsOf(differences: readonly Difference[]) {
  const totals = new Map<string, Total>();
  for (const { reason, kept, listed } of differences) {
    const currency = kept?.currency ?? listed?.currency ?? null;
    const total = totals.get(`${reason} ${currency}`) ?? { reason, currency, count: 0, here: 0n, there: 0n };
    total.count++;
    total.here += kept?.amountMinor ?? 0n;
    // A row in another currency than ours adds nothing to a sum in ours.
    const isComparable = listed?.amount != null && (listed.currency ?? currency) === currency;
    if (isComparable) total.there += minorOf(listed.amount!, currency) ?? 0n;
    totals.set(`${reason} ${currency}`, total);
  }
  return [...totals.values()].map(({ reason, currency, count, here, there }) => {
    const sums =
      currency === null
        ? {}
        : { amount_here: formatMoney(here, currency), amount_there: formatMoney(there, currency) };
    return { reason, currency, count, ...sums };
  });
}
