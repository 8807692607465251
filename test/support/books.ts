// The books of an operator on a real database, with settling and closing by a clock of the test.
import assert from 'node:assert/strict';
import { createClosePeriods, type ClosePeriodsActivities } from '../../activities/upkeep/close-periods.ts';
import type { ConversionEvent } from '../../domain/types.ts';
import type { Pool } from '../../store/db/pool.ts';
import { createStatements, type Statement } from '../../store/ledger/statements.ts';
import type { WorkflowClient } from '../../workflows/client.ts';
import { withOperator, type TestOperator } from './operator.ts';
import { createSettling, outcomesOf } from './settling.ts';

/** An operator with a clock set by the test. */
export type Books = TestOperator & {
  settle(at: string, events: readonly Partial<ConversionEvent>[]): Promise<string[]>;
  /** Changes the time zone, from now on by the clock of the database. */
  moveTo(timezone: string): Promise<void>;
  close(period: string, at: string): ReturnType<ClosePeriodsActivities['closePeriod']>;
  /** Months of the transfers, with the number of transfers by month of origin. */
  months(): Promise<string[]>;
  statements(affiliateId?: string): Promise<Statement[]>;
};

/** Creates an operator with a clock; `timezone` is in force from the beginning. */
export async function withBooks(pool: Pool, timezone = 'UTC'): Promise<Books> {
  const operator = await withOperator(pool, timezone);
  const { operatorId } = operator;
  let now = new Date();
  const settling = createSettling(pool, () => now);
  const { closePeriod } = createClosePeriods({
    pool,
    workflows: {} as WorkflowClient,
    now: () => now.getTime(),
  });
  return {
    ...operator,
    async settle(at, events) {
      now = new Date(at);
      // The events of the tests lie in months that are over, and none counts before its click.
      await pool.query(
        `with old as (update clicks set clicked_at = '2020-01-01' where operator_id = $1)
         update operators set click_window_days = 3650 where id = $1`,
        [operatorId],
      );
      const ids = await operator.ingest(events.map((event) => ({ occurredAt: now.getTime(), ...event })));
      await settling(operatorId, ids);
      assert.ok((await outcomesOf(pool, ids)).every((outcome) => outcome.startsWith('settled')));
      return ids;
    },
    async moveTo(next) {
      await pool.query(`update operators set timezone = $2 where id = $1`, [operatorId, next]);
    },
    close(period, at) {
      now = new Date(at);
      return closePeriod({ operatorId, period });
    },
    async months() {
      const { rows } = await pool.query<{ month: string }>(
        `select concat_ws(' ', period, 'about', origin_period, count(*)) as month from transfers where operator_id = $1
         group by period, origin_period order by period, origin_period`,
        [operatorId],
      );
      return rows.map(({ month }) => month);
    },
    statements: (affiliateId = operator.affiliateId) =>
      createStatements(pool).list(operatorId, affiliateId, null, { limit: 100, before: null }),
  };
}

/** A statement as `2026-10: 0 to 1000 in 1`: pending amounts before and after, and its lines. */
export const inShort = ({ period, opening, closing, linesCount }: Statement) =>
  `${period}: ${opening.pendingMinor} to ${closing.pendingMinor} in ${linesCount}`;
