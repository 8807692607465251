// Throughput of the stack on the cluster beside that on the development server, measured in turns
// on PostgreSQL as docker-compose.yml sets it up. No figure is asserted; a lost event fails.
import { startChild } from '../../bench/child.ts';
import { PARTS, processIds, watchCpu, type CpuTimes } from '../../bench/cpu.ts';
import { ratio } from '../../bench/figures.ts';
import type { LoadQuestions } from '../../bench/load.ts';
import { onServices, withOwnStack } from '../../bench/own-stack.ts';
import { measureSingle } from '../../bench/phases.ts';
import type { ReceiverQuestions } from '../../bench/receivers.ts';
import { EVENLY, setUpStage, type Bench } from '../../bench/stage.ts';
import { judge } from '../../bench/verdict.ts';
import { createPool } from '../../store/db/pool.ts';
import { withServers, type TemporalStarter, type TestRun } from '../support/test-run.ts';
import { postgresSettingsOf } from './compose.ts';

const EVENTS = 4000;
const WARM_UP = 1000;
const TURNS = 2;

interface Measured {
  readonly perSecond: number;
  /** CPU microseconds per event; null without /proc. */
  readonly cpuUs: CpuTimes | null;
}

/** Prints every turn and the ratio. Throws when an event was lost or repeated, or money differs. */
export async function compareThroughput(embedded: TemporalStarter, cluster: TemporalStarter): Promise<void> {
  const best = { embedded: 0, cluster: 0 };
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [name, starter] of Object.entries({ embedded, cluster })) {
      const measured = await withServers(starter, measure, postgresSettingsOf('postgres'));
      console.log(`${name.padEnd(9)}${lineOf(measured)}`);
      best[name as keyof typeof best] = Math.max(best[name as keyof typeof best], measured.perSecond);
    }
  }
  console.log(`cluster / embedded, the faster turn of each: ${ratio(best.cluster, best.embedded)}`);
}

function lineOf({ perSecond, cpuUs }: Measured): string {
  const cpu = cpuUs ? PARTS.map((part) => `${part} ${cpuUs[part]}`).join(', ') : 'not counted here';
  return `${String(perSecond).padStart(6)} events/s; µs of CPU per event: ${cpu}`;
}

/** Events of single requests, from the first request to the last recorded delivery. */
async function measure({ databaseUrl, temporalAddress, pids }: TestRun): Promise<Measured> {
  const [load, receivers] = await Promise.all([
    startChild<LoadQuestions>('load.ts'),
    startChild<ReceiverQuestions>('receivers.ts'),
  ]);
  const pool = createPool(databaseUrl, { max: 4, applicationName: 'bench' });
  try {
    return await withOwnStack(
      async (stack) => {
        const bench: Bench = { stack, pool, load, receivers };
        const stage = await setUpStage(bench, { events: EVENTS, warmUp: WARM_UP, spread: EVENLY });
        const cpu = watchCpu({ ...processIds(stack.dataDir), ...pids });
        const { single_per_s: perSecond } = await measureSingle(bench, stage, EVENTS);
        const cpuUs = cpu(EVENTS);
        const { lost, doubled, differences } = await judge(bench, stage);
        if (lost + doubled + differences.length > 0)
          throw new Error([`lost ${lost}, reported twice ${doubled}`, ...differences].join('; '));
        return { perSecond: perSecond!, cpuUs };
      },
      onServices(databaseUrl, temporalAddress),
    );
  } finally {
    await Promise.all([load.stop(), receivers.stop(), pool.end()]);
  }
}
