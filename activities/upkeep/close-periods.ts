// Closes months of the books: one month of one operator, and all months that are due.
import { ApplicationFailure } from '@temporalio/common';
import { dueForClosing } from '../../domain/ledger/closing.ts';
import type { WorkflowClient } from '../../workflows/client.ts';
import { beginClosing, finishClosing, listBooks } from '../../store/ledger/closing.ts';
import type { Pool } from '../../store/db/pool.ts';
import type { PeriodInput } from '../../workflows/contract.ts';
import { singleFlight } from '../single-flight.ts';

/**
 * Result of closing: the month is closed, with its numbers of transfers and statements, or the
 * reason why it cannot close now.
 */
export type ClosingResult = { kind: 'closed'; transfers: number; statements: number } | { kind: string };

export type ClosePeriodsActivities = {
  /**
   * Closes a month and writes its statements; a closed month stays as it is. Fails without retry
   * for an unknown operator.
   */
  closePeriod(input: PeriodInput): Promise<ClosingResult>;
  /** Starts the closing of due months, one per operator and run. */
  closeDuePeriods(): Promise<{ started: number }>;
};

type ClosePeriodsDeps = { pool: Pool; workflows: WorkflowClient; now?: () => number };

const OPERATORS_PER_PAGE = 500;
/**
 * Few months are due and none is urgent: this limit per hourly run leaves the database to the
 * events.
 */
const STARTS_PER_RUN = 200;

export function createClosePeriods({
  pool,
  workflows,
  now = Date.now,
}: ClosePeriodsDeps): ClosePeriodsActivities {
  return {
    closePeriod: singleFlight(
      ({ operatorId, period }) => `${operatorId} ${period}`,
      async ({ operatorId, period }) => {
        const answer = await beginClosing(pool, operatorId, period, now);
        if (answer === null) throw ApplicationFailure.nonRetryable(`there is no operator ${operatorId}`);
        if (answer.kind !== 'closable' && answer.kind !== 'closed') return { kind: answer.kind };
        const { transfers, statements } = await finishClosing(pool, operatorId, period);
        return { kind: 'closed', transfers: Number(transfers), statements };
      },
    ),
    async closeDuePeriods() {
      let started = 0;
      for (let after = ''; started < STARTS_PER_RUN;) {
        const books = await listBooks(pool, after, OPERATORS_PER_PAGE);
        for (const state of books) {
          const period = dueForClosing(state, now());
          if (period === null) continue;
          // A month whose closing already runs must not use up the starts of the others.
          if ((await workflows.closePeriod(state.operatorId, period)) && ++started === STARTS_PER_RUN) break;
        }
        if (books.length < OPERATORS_PER_PAGE) break;
        after = books.at(-1)!.operatorId;
      }
      return { started };
    },
  };
}
