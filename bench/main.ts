// `npm run bench`: starts a stack of its own on this machine, measures it beside what it is compared with, and prints a table and, last, one
// line of JSON. Exit code 1 when an event was lost or told twice, or when money that was told differs from money that was booked.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadLocalConfig } from '../config.ts';
import { startStack, type Stack } from '../local/stack.ts';
import { createPool } from '../store/pool.ts';
import { freePort } from '../test/support/ports.ts';
import { startChild } from './child.ts';
import { tableOf, withRatios, type Figures } from './figures.ts';
import type { LoadQuestions } from './load.ts';
import { measureNoDurability } from './no-durability.ts';
import { measureBatch, measureIdle, measureOpenLoop, measureRealReceivers, measureSingle, type Measured } from './phases.ts';
import type { ReceiverQuestions } from './receivers.ts';
import type { Bench } from './stage.ts';
import { measureWorkflowPerEvent } from './workflow-per-event.ts';

const HELP = `npm run bench -- [options]
  --events N    events of the throughput measurements (default 20,000)
  --quick       everything in under a minute, with fewer events
  --only NAME   one measurement: single, batch, idle, open, real, wpe (a workflow per event), nodur (no durability)`;

type Name = 'single' | 'batch' | 'idle' | 'open' | 'wpe' | 'real';

/** Measurements of the stack, in this order: the one that leaves a queue behind comes last. */
const MEASUREMENTS: Record<Name, (bench: Bench, events: number) => Promise<Measured>> = {
  single: measureSingle,
  batch: measureBatch,
  idle: measureIdle,
  open: measureOpenLoop,
  wpe: measureWorkflowPerEvent,
  real: measureRealReceivers,
};

/** How many events each measurement takes. */
function sizesOf(events: number, isQuick: boolean): Record<Name | 'nodur', number> {
  if (isQuick) return { single: 4000, batch: 8000, idle: 50, open: 900, wpe: 150, real: 2000, nodur: 4000 };
  return { single: events, batch: events * 2, idle: 200, open: 4500, wpe: 500, real: Math.ceil(events / 2), nodur: events };
}

async function run(options: { events: number; isQuick: boolean; only: string | undefined }): Promise<Figures> {
  const sizes = sizesOf(options.events, options.isQuick);
  const wanted = (Object.keys(sizes) as (keyof typeof sizes)[]).filter((name) => (options.only ?? name) === name);
  if (wanted.length === 0) throw new Error(`there is no measurement ${options.only}\n${HELP}`);
  const measured: Partial<Figures> = {};
  const sum = { lost: 0, doubled: 0 };
  const note = (name: string, { figures, verdict }: Measured): void => {
    Object.assign(measured, figures);
    sum.lost += verdict.lost;
    sum.doubled += verdict.doubled;
    for (const difference of verdict.differences) console.error(`${name}: ${difference}`);
    if (verdict.differences.length > 0) process.exitCode = 1;
  };
  const [load, receivers] = await Promise.all([
    startChild<LoadQuestions>('load.ts'),
    startChild<ReceiverQuestions>('receivers.ts'),
  ]);
  try {
    const onStack = (Object.keys(MEASUREMENTS) as Name[]).filter((name) => wanted.includes(name));
    if (onStack.length > 0) {
      await withStack(async (stack) => {
        const pool = createPool(stack.databaseUrl, { max: 4, applicationName: 'bench' });
        const bench = { stack, pool, load, receivers };
        for (const name of onStack) {
          console.log(`measuring ${name}: ${sizes[name]} events`);
          note(name, await MEASUREMENTS[name](bench, sizes[name]));
        }
        await pool.end();
      });
    }
    if (wanted.includes('nodur')) {
      console.log(`measuring nodur: ${sizes.nodur} events`);
      note('nodur', await measureNoDurability({ load, receivers }, sizes.nodur));
    }
  } finally {
    await Promise.all([load.stop(), receivers.stop()]);
  }
  return withRatios({ ...measured, ...sum, cores: availableParallelism() });
}

/** A stack of its own, whatever else runs on this machine. It leaves nothing behind, except after a failure its data and logs. */
async function withStack(work: (stack: Stack) => Promise<void>): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'postrider-bench-'));
  chmodSync(dataDir, 0o755);
  const [PORT, PG_PORT, TEMPORAL_PORT, TEMPORAL_UI_PORT] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ].map(String);
  const own = { DATA_DIR: dataDir, PORT, PG_PORT, TEMPORAL_PORT, TEMPORAL_UI_PORT, DEMO: '0', LOG_LEVEL: 'warn' };
  const { PATH, HOME, NODE_OPTIONS } = process.env;
  const stopping = new AbortController();
  const stop = (): void => stopping.abort(new Error('stopped'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  const stopped = new Promise<never>((_, reject) => {
    stopping.signal.addEventListener('abort', () => reject(stopping.signal.reason as Error));
  });
  const config = loadLocalConfig({ PATH, HOME, NODE_OPTIONS, ...own });
  try {
    const stack = await startStack(config, { signal: stopping.signal });
    try {
      await Promise.race([work(stack), stopped]);
    } finally {
      await stack.stop();
    }
  } catch (error) {
    console.error(`the data and the logs are kept in ${dataDir}`);
    throw error;
  }
  rmSync(dataDir, { recursive: true, force: true });
}

function report(figures: Figures): void {
  const line = JSON.stringify(figures);
  const folder = fileURLToPath(new URL('results', import.meta.url));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'latest.json'), `${line}\n`);
  console.log(`\n${tableOf(figures)}\n`);
  console.log(line);
  if (figures.lost > 0 || figures.doubled > 0) process.exitCode = 1;
}

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '20000' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else {
  report(await run({ events: Number(values.events), isQuick: values.quick, only: values.only }));
  process.exit();
}
