// Dry run: ingests and settles events by the code that serves real traffic, in a transaction that
// is rolled back. Nothing is stored and nothing is sent.
import { type PlannedPostback, readPlannedPostbacks, withDryRun } from '../../store/db/dry-run.ts';
import { newId } from '../../store/db/ids.ts';
import type { Pool } from '../../store/db/pool.ts';
import { createTraces, type Trace } from '../../store/ledger/traces.ts';
import { ApiError } from '../http/errors.ts';
import { type IntakeEvent, type IntakeResult, ingest } from './intake.ts';

/**
 * The dry run of one event. A duplicate has the trace of the stored event; a refused event has
 * none.
 */
export type DryRunResult = { result: IntakeResult; trace: Trace | null; postbacks: PlannedPostback[] };

export type DryRun = (operatorId: string, events: readonly IntakeEvent[]) => Promise<DryRunResult[]>;

type DryRunDeps = {
  pool: Pool;
  /** Makes the worker's settling code on the connection of the dry run. */
  createSettle: (deps: { pool: Pool }) => { settle(batch: SettledBatch): Promise<unknown> };
};

type SettledBatch = {
  batchId: string;
  operators: { operatorId: string; eventIds: string[] }[];
  owner: 'batch';
};

/**
 * A dry run holds locks until its rollback, so each process runs one at a time, and few may wait.
 */
const WAITING_AT_MOST = 16;

export function createDryRun({ pool, createSettle }: DryRunDeps): DryRun {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  async function run(operatorId: string, events: readonly IntakeEvent[]): Promise<DryRunResult[]> {
    return withDryRun(pool, async (connection) => {
      const ingested = await ingest(connection, events);
      const batchId = newId('bat');
      const eventIds = ingested.flatMap((result) => (result.kind === 'accepted' ? [result.id] : []));
      // Made for each dry run, so that its caches are rolled back with it.
      const { settle } = createSettle({ pool: connection });
      if (eventIds.length > 0)
        await settle({ batchId, operators: [{ operatorId, eventIds }], owner: 'batch' });
      const postbacks = await readPlannedPostbacks(connection, operatorId, batchId);
      const traces = createTraces(connection);
      const results: DryRunResult[] = [];
      for (const result of ingested) {
        const id = result.kind === 'accepted' || result.kind === 'duplicate' ? result.id : null;
        const trace = id === null ? null : await traces.find(operatorId, id);
        const planned = result.kind === 'accepted' ? postbacks.filter(({ eventId }) => eventId === id) : [];
        results.push({ result, trace, postbacks: planned });
      }
      return results;
    });
  }

  return (operatorId, events) => {
    if (waiting >= WAITING_AT_MOST)
      throw new ApiError('rate_limited', 'too many dry runs at once; repeat it in a moment');
    waiting++;
    const result = last.then(() => run(operatorId, events)).finally(() => waiting--);
    last = result.catch(() => {});
    return result;
  };
}
