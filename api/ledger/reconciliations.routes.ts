// Route of reconciliations: compares the caller's list of transactions with the stored ones. Stores
// and posts nothing.
import type { Router } from 'express';
import { compareAll } from '../../domain/ledger/reconciliation.ts';
import type { Store } from '../../store/index.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { tableBody } from '../http/body.ts';
import { readingFor } from '../http/read.ts';
import { answerWhole } from '../http/lists.ts';
import { addPath } from '../http/path.ts';
import { type Difference, differenceRow, differenceView, totalsOf } from './reconciliations.answers.ts';
import { type List, listOf, ROWS_AT_MOST } from './reconciliations.schema.ts';

type Deps = { store: Pick<Store, 'reconciling'>; auth: Auth };

export function addReconciliationRoutes(router: Router, { store, auth }: Deps): void {
  addPath(router, '/v1/reconciliations', {
    post: [
      auth.scope('read'),
      ...tableBody,
      async (req, res) => {
        const list = readingFor(callerOf(res), () => listOf(req.body, req.query, Date.now()));
        const { differences, truncated } = await reconcile(store, callerOf(res).operator.id, list);
        answerWhole(req, res, {
          schema: differenceRow,
          rows: differences.map(differenceView),
          as: 'results',
          beside: { totals: totalsOf(differences), truncated },
        });
      },
    ],
  });
}

/** `truncated`: more events are missing in the list than the answer holds. */
async function reconcile(
  { reconciling }: Pick<Store, 'reconciling'>,
  operatorId: string,
  { rows, range }: List,
): Promise<{ differences: Difference[]; truncated: boolean }> {
  const listed = rows.flatMap((row, index) => (row.kind === 'listed' ? [{ ...row.listed, index }] : []));
  const ids = [...new Set(listed.map(({ transactionId }) => transactionId))];
  const { compared, unlisted } = compareAll(listed, await reconciling.find(operatorId, ids));
  const others =
    range === null
      ? { events: [], isWhole: true }
      : await reconciling.findUnlisted(operatorId, ids, range, ROWS_AT_MOST + 1);
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
    // Maps the index among readable rows to the row's number.
    const duplicateOf = one.duplicateOf === null ? null : listed[one.duplicateOf]!.index + 1;
    return { row: index + 1, listed: row.listed, ...one, duplicateOf };
  });
  const missing = [...inRange, ...others.events.slice(0, ROWS_AT_MOST)].map((kept): Difference => {
    return { row: null, listed: null, reason: 'missing_there', kept, duplicateOf: null };
  });
  return { differences: [...ofRows, ...missing], truncated: !others.isWhole };
}
