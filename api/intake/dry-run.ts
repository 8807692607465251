// Dry run: ingests and settles events by the code that serves real traffic, in a transaction that
// is rolled back. Nothing is stored and nothing is sent.
import { type PlannedPostback, readPlannedPostbacks, rehearse } from '../../store/db/dry-run.ts';
import { newId } from '../../store/db/ids.ts';
import type { Pool } from '../../store/db/pool.ts';
import { createTraces, type Trace } from '../../store/ledger/traces.ts';
import { ApiError } from '../http/errors.ts';
import { type IntakeEvent, type IntakeResult, takeIn } from './intake.ts';

/**
 * What would become of one event. A duplicate shows the trace of the event it repeats; what is
 * refused has none.
 */
export type Rehearsed = { result: IntakeResult; trace: Trace | null; postbacks: PlannedPostback[] };

export type DryRun = (operatorId: string, events: readonly IntakeEvent[]) => Promise<Rehearsed[]>;

export type DryRunDeps = {
  pool: Pool;
  /** Makes the worker's own code that settles a batch, for the stage it is given. */
  createSettle: (deps: { pool: Pool }) => { settle(batch: SettledBatch): Promise<unknown> };
};

type SettledBatch = {
  batchId: string;
  operators: { operatorId: string; eventIds: string[] }[];
  owner: 'batch';
};

/**
 * A rehearsal locks what it touches until it is over, so that only one runs at a time in a process,
 * and few may wait.
 */
const WAITING_AT_MOST = 16;

export function createDryRun({ pool, createSettle }: DryRunDeps): DryRun {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  async function run(operatorId: string, events: readonly IntakeEvent[]): Promise<Rehearsed[]> {
    return withDryRun(pool, async (stage) => {
      const results = await takeIn(stage, events);
      const batchId = newId('bat');
      const eventIds = results.flatMap((result) => (result.kind === 'accepted' ? [result.id] : []));
      // Made anew each time, so that nothing it remembers outlives the rehearsal.
      const { settle } = createSettle({ pool: stage });
      if (eventIds.length > 0)
        await settle({ batchId, operators: [{ operatorId, eventIds }], owner: 'batch' });
      const postbacks = await readPlannedPostbacks(stage, operatorId, batchId);
      const traces = createTraces(stage);
      const rehearsed: Rehearsed[] = [];
      for (const result of results) {
        const id = result.kind === 'accepted' || result.kind === 'duplicate' ? result.id : null;
        const trace = id === null ? null : await traces.find(operatorId, id);
        const told = result.kind === 'accepted' ? postbacks.filter(({ eventId }) => eventId === id) : [];
        rehearsed.push({ result, trace, postbacks: told });
      }
      return rehearsed;
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
