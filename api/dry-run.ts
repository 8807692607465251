// What would happen to events if they were sent: they are taken in and settled by the code that serves real traffic, in a transaction that is
// rolled back. Nothing is kept and nobody is told.
import { newId } from '../ids.ts';
import type { Pool } from '../store/pool.ts';
import { readPlannedPostbacks, rehearse, type PlannedPostback } from '../store/rehearsal.ts';
import { createTraces, type Trace } from '../store/traces.ts';
import { ApiError } from './errors.ts';
import { takeIn, type IntakeEvent, type IntakeResult } from './intake.ts';

/** What would become of one event. A duplicate shows the trace of the event it repeats; what is refused has none. */
export type Rehearsed = { result: IntakeResult; trace: Trace | null; postbacks: PlannedPostback[] };

export type DryRun = (operatorId: string, events: readonly IntakeEvent[]) => Promise<Rehearsed[]>;

export type DryRunDeps = {
  pool: Pool;
  /** Settles a batch by the worker's own code, on the stage it is given. */
  settle: (stage: Pool, batch: { batchId: string; operatorId: string; eventIds: string[] }) => Promise<unknown>;
};

/** A rehearsal locks what it touches until it is over, so that only one runs at a time in a process, and few may wait. */
const WAITING_AT_MOST = 16;

export function createDryRun({ pool, settle }: DryRunDeps): DryRun {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  async function run(operatorId: string, events: readonly IntakeEvent[]): Promise<Rehearsed[]> {
    return rehearse(pool, async (stage) => {
      const results = await takeIn(stage, events);
      const batchId = newId('bat');
      const eventIds = results.flatMap((result) => (result.kind === 'accepted' ? [result.id] : []));
      if (eventIds.length > 0) await settle(stage, { batchId, operatorId, eventIds });
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
    if (waiting >= WAITING_AT_MOST) throw new ApiError('rate_limited', 'too many dry runs at once; repeat it in a moment');
    waiting++;
    const result = last.then(() => run(operatorId, events)).finally(() => waiting--);
    last = result.catch(() => {});
    return result;
  };
}
