// Closing months of the books: one operator's month, and finding the months whose time has come.
import { ApplicationFailure } from '@temporalio/common';
import { dueForClosing } from '../../domain/ledger/closing.ts';
import type { WorkflowClient } from '../../workflows/client.ts';
import { beginClosing, finishClosing, listBooks } from '../../store/ledger/closing.ts';
import type { Pool } from '../../store/db/pool.ts';
import type { PeriodInput } from '../../workflows/contract.ts';
import { singleFlight } from '../single-flight.ts';

/** What closing a month came to: closed with so much in it, or why it cannot be closed now. */
export type ClosingResult = { kind: 'closed'; transfers: number; statements: number } | { kind: string };

export type ClosePeriodsActivities = {
  /** Closes a month and writes its statements; a month that is closed already stays as it is. */
  closePeriod(input: PeriodInput): Promise<ClosingResult>;
  /** Starts the closing of months that are due, one per operator and run. */
  closeDuePeriods(): Promise<{ started: number }>;
};

export type ClosePeriodsDeps = { pool: Pool; workflows: WorkflowClient; now?: () => number };

const OPERATORS_PER_PAGE = 500;
/** Months are few and nobody waits for one: so many a run, by the schedule every hour, leave the databases to the events. */
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
          // One that is being closed already, perhaps in vain, must not use up the places of the others.
          if ((await workflows.closePeriod(state.operatorId, period)) && ++started === STARTS_PER_RUN) break;
        }
        if (books.length < OPERATORS_PER_PAGE) break;
        after = books.at(-1)!.operatorId;
      }
      return { started };
    },
  };
}
