// Finds jobs of all operators that are not done, whose workflow may be missing.
import type { Job } from '../../domain/jobs.ts';
import type { Queryable } from '../db/pool.ts';

type RunningJob = Job & { operatorId: string };

/** A table for each kind of job. A replay that was cancelled runs until nothing of it waits. */
const JOBS: Record<Job['kind'], string> = {
  replay: `replays j where state = 'running' or (state = 'cancelled' and exists (
    select from replay_items i where i.operator_id = j.operator_id and i.replay_id = j.id))`,
  payoutRun: `payout_runs where state = 'running'`,
  import: `imports where state = 'running'`,
  erasure: `erasures where state = 'running'`,
  stuckAction: `stuck_actions where state = 'running'`,
};

/** Of each kind at most `limit`, the oldest first. */
export async function findRunningJobs(db: Queryable, limit: number): Promise<RunningJob[]> {
  const selects = Object.entries(JOBS).map(([kind, rows]) => {
    const action = kind === 'stuckAction' ? 'action' : 'null';
    return `(select operator_id as "operatorId", '${kind}' as kind, id, ${action} as action
      from ${rows} order by id limit $1)`;
  });
  const { rows } = await db.query<RunningJob>(selects.join(' union all '), [limit]);
  return rows;
}
