// Activities of imports: each step takes in the next lines, and has them settled before the next,
// so that an import keeps pace with settling and holds up nobody's events.
import { newId } from '../../store/db/ids.ts';
import type { Pool, Queryable } from '../../store/db/pool.ts';
import { stepImport, type EventFields, type ImportStep } from '../../store/intake/import-steps.ts';
import { cancelImport, type LineResult } from '../../store/intake/imports.ts';
import { findOperatorRules, type OperatorRules } from '../../store/access/callers.ts';
import type { WorkflowClient } from '../../workflows/client.ts';
import type { ImportInput } from '../../workflows/contract.ts';

/** Takes lines in as events of an operator, as a request with them would be. */
export type TakeInLines = (
  db: Queryable,
  operator: OperatorRules,
  lines: readonly EventFields[],
) => Promise<LineResult[]>;

/** Counts only: what is in the lines belongs into no history. */
export type Imported = Omit<ImportStep, 'accepted'>;

export type ImportActivities = {
  importStep(input: ImportInput): Promise<Imported>;
  cancelImport(input: ImportInput): Promise<void>;
};

/** Longest wait for the batch of a step; it goes on by itself. */
const SETTLED_WITHIN_MS = 10_000;

export function createImportSteps({
  pool,
  workflows,
  takeInLines,
}: {
  pool: Pool;
  workflows: WorkflowClient;
  takeInLines: TakeInLines;
}): ImportActivities {
  return {
    async importStep({ operatorId, importId }) {
      const operator = await findOperatorRules(pool, operatorId);
      if (operator === null) throw new Error(`there is no operator ${operatorId}`);
      const { accepted, ...step } = await stepImport(pool, operatorId, importId, (db, lines) =>
        takeInLines(db, operator, lines),
      );
      // After a crash between commit and start the sweep starts the batch.
      if (accepted.length > 0)
        await workflows.startBatch(
          { batchId: newId('bat'), operators: [{ operatorId, eventIds: accepted }] },
          SETTLED_WITHIN_MS,
        );
      return step;
    },
    cancelImport: ({ operatorId, importId }) => cancelImport(pool, operatorId, importId),
  };
}
