// `npm run bench`: starts a stack on this machine, measures it and its contenders, and prints a
// table and, last, one line of JSON. Exit code 1 when an event was lost or reported twice, when
// reported and booked money differ, or when a list is slow.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Stack } from '../local/stack.ts';
import { createPool } from '../store/db/pool.ts';
import { compareWith, comparisonOf } from './baseline.ts';
import { startChild } from './child.ts';
import { measureClicks } from './clicks.ts';
import { measureDelivery } from './delivery.ts';
import { saveResults, tableOf, withRatios, type Figures } from './figures.ts';
import { measureDown, measureRefused } from './failing.ts';
import { measureLedger } from './ledger.ts';
import { measureLists } from './lists.ts';
import type { LoadQuestions } from './load.ts';
import { measureNoDurability } from './no-durability.ts';
import { onServices, withOwnStack } from './own-stack.ts';
import { measureBatch, measureIdle, measureOpenLoop, measureRealReceivers, measureSingle } from './phases.ts';
import { measurePictures } from './pictures.ts';
import { enableProfiles } from './profile.ts';
import { measureOverload } from './overload.ts';
import type { ReceiverQuestions } from './receivers.ts';
import { measureSoak } from './soak.ts';
import { sizesOf, type Name, type Sizes } from './sizes.ts';
import {
  ALL_TO_ONE,
  BESIDE_A_HUNDRED,
  EVENLY,
  HALF_TO_ONE,
  setUpStage,
  type Bench,
  type Spread,
  type Stage,
} from './stage.ts';
import { measureDrain, measureIsolation } from './trouble.ts';
import { judge, type Verdict } from './verdict.ts';
import { measureWorkflowPerEvent } from './workflow-per-event.ts';

const HELP = `npm run bench -- [options]
  --events N    events of the throughput measurements (default 20,000)
  --quick       everything in under a minute, with fewer events
  --keep DIR    the folder of the database that lists fills (20 minutes, 31 GB), which stays for the
                next runs
  --match TEXT  of lists: only the requests that contain it
  --only NAME   one measurement: single, batch, idle, open, clicks, real, wpe (a workflow per event),
                drain (an endpoint after an outage), isolation (endpoints beside one that hangs), refused, down
                (an endpoint beside a hundred that fail), overload (ten times the load; these four not with
                --quick), nodur (no durability), delivery (first attempts alone, beside undici and job
                queues), ledger (settling and the audit alone),
                lists (every list and report of an operator with 5 million events; only by its name),
                pictures (of docs/PERFORMANCE.md, as SVG; only by its name),
                soak (half of the capacity beside failing endpoints; only by its name)
  --minutes N   of soak (default 60)
  --database URL, --temporal HOST:PORT
                services that run already, in place of embedded ones
  --baseline PATH
                another checkout, measured in turns with this one: prints both, and the ratios
  --cpu         only single and batch, with the CPU time of each part per event
  --profile     writes CPU profiles of the API and the worker to bench/results/profiles`;

type Measure = (bench: Bench, stage: Stage, events: number) => Promise<Partial<Figures>>;

/**
 * Measurements by the stage they share, in this order; on each stage, a measurement that leaves a
 * queue behind comes last.
 */
const STAGES: { spread: Spread; measurements: [Name, Measure][] }[] = [
  {
    spread: EVENLY,
    measurements: [
      ['single', measureSingle],
      ['batch', measureBatch],
      ['idle', measureIdle],
      ['open', measureOpenLoop],
      ['clicks', measureClicks],
      ['wpe', measureWorkflowPerEvent],
      ['real', measureRealReceivers],
    ],
  },
  { spread: ALL_TO_ONE, measurements: [['drain', measureDrain]] },
  { spread: HALF_TO_ONE, measurements: [['isolation', measureIsolation]] },
  { spread: EVENLY, measurements: [['overload', measureOverload]] },
  { spread: EVENLY, measurements: [['pictures', measurePictures]] },
  { spread: BESIDE_A_HUNDRED, measurements: [['refused', measureRefused]] },
  { spread: BESIDE_A_HUNDRED, measurements: [['down', measureDown]] },
];

type Children = Pick<Bench, 'load' | 'receivers'>;
type Findings = { figures: Partial<Figures>; verdict: Verdict };

async function run(
  wanted: readonly (keyof Sizes)[],
  sizes: Sizes,
  isQuick: boolean,
  services: NodeJS.ProcessEnv,
  keep: string | undefined,
  match: string,
): Promise<{ figures: Figures; differences: string[] }> {
  const [load, receivers] = await Promise.all([
    startChild<LoadQuestions>('load.ts'),
    startChild<ReceiverQuestions>('receivers.ts'),
  ]);
  const found: Findings[] = [];
  try {
    const stages = STAGES.map(({ spread, measurements }) => ({
      spread,
      measurements: measurements.filter(([name]) => wanted.includes(name)),
    })).filter(({ measurements }) => measurements.length > 0);
    if (stages.length > 0)
      await withOwnStack(async (stack) => {
        for (const stage of stages)
          found.push(
            await withBench({ load, receivers }, stack, (bench) => measureStage(bench, stage, sizes)),
          );
        // A request that is never answered would delay the end.
        await receivers.ask('open', 0);
      }, services);
    if (wanted.includes('soak')) {
      console.log(`measuring soak: ${sizes.soak} minutes`);
      await withOwnStack(async (stack) => {
        found.push(await withBench({ load, receivers }, stack, (bench) => measureSoak(bench, sizes.soak)));
      }, services);
    }
    if (wanted.includes('nodur')) {
      console.log(`measuring nodur: ${sizes.nodur} events`);
      found.push(await measureNoDurability({ load, receivers }, sizes.nodur));
    }
    if (wanted.includes('delivery')) {
      console.log(`measuring delivery: ${sizes.delivery} postbacks each way`);
      found.push(await measureDelivery(receivers, sizes.delivery));
    }
    if (wanted.includes('ledger')) {
      console.log(`measuring ledger: ${sizes.ledger} events`);
      found.push({
        figures: await measureLedger(sizes.ledger, isQuick),
        verdict: { lost: 0, doubled: 0, differences: [] },
      });
    }
    if (wanted.includes('lists')) {
      console.log(`measuring lists: ${sizes.lists} events of one operator`);
      found.push({
        figures: await measureLists(sizes.lists, keep, match),
        verdict: { lost: 0, doubled: 0, differences: [] },
      });
    }
  } finally {
    await Promise.all([load.stop(), receivers.stop()]);
  }
  const measured: Partial<Figures> = Object.assign({}, ...found.map(({ figures }) => figures));
  const lost = found.reduce((sum, { verdict }) => sum + verdict.lost, 0);
  const doubled = found.reduce((sum, { verdict }) => sum + verdict.doubled, 0);
  const differences = found.flatMap(({ verdict }) => verdict.differences);
  return { figures: withRatios({ ...measured, lost, doubled, cores: availableParallelism() }), differences };
}

/** Measures with connections of the bench's own, which end before it resolves. */
async function withBench(
  children: Children,
  stack: Stack,
  measure: (bench: Bench) => Promise<Findings>,
): Promise<Findings> {
  const pool = createPool(stack.databaseUrl, { max: 4, applicationName: 'bench' });
  try {
    return await measure({ stack, pool, ...children });
  } finally {
    await pool.end();
  }
}

async function measureStage(
  bench: Bench,
  { spread, measurements }: (typeof STAGES)[number],
  sizes: Sizes,
): Promise<Findings> {
  // Visits bring clicks and no events.
  const events = measurements.reduce((sum, [name]) => sum + (name === 'clicks' ? 0 : sizes[name]), 0);
  const warmUp = Math.min(2000, Math.ceil(events / 10));
  console.log(`setting up for ${events} events, and ${warmUp} to warm up`);
  const stage = await setUpStage(bench, { events, warmUp, spread });
  const figures: Partial<Figures> = {};
  for (const [name, measure] of measurements) {
    console.log(`measuring ${name}: ${sizes[name]} ${name === 'clicks' ? 'visits' : 'events'}`);
    Object.assign(figures, await measure(bench, stage, sizes[name]));
  }
  return { figures, verdict: await judge(bench, stage) };
}

/** Prints and saves the figures, and sets the exit code by the verdicts. */
function report(figures: Figures, differences: readonly string[]): void {
  const line = JSON.stringify(figures);
  saveResults('latest.json', figures);
  console.log(`\n${tableOf(figures)}\n`);
  for (const difference of differences) console.error(difference);
  if (figures.lost + figures.doubled + differences.length > 0) process.exitCode = 1;
  console.log(line);
}

const { values } = parseArgs({
  options: {
    events: { type: 'string' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    keep: { type: 'string' },
    match: { type: 'string', default: '' },
    minutes: { type: 'string', default: '60' },
    database: { type: 'string' },
    temporal: { type: 'string' },
    baseline: { type: 'string' },
    cpu: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const isWanted = (name: keyof Sizes): boolean =>
  values.cpu ? name === 'single' || name === 'batch' : (values.only ?? name) === name;
const sizes = sizesOf(Number(values.events ?? 20_000), values.quick);
// Minutes of writing: a run of everything does not want that.
if (values.only === 'lists') sizes.lists = Number(values.events ?? 5_000_000);
if (values.only === 'soak') sizes.soak = Number(values.minutes);
if (values.only === 'pictures') sizes.pictures = Number(values.events ?? 60_000);
const wanted = (Object.keys(sizes) as (keyof Sizes)[]).filter((name) => isWanted(name) && sizes[name] > 0);
const { database, temporal, baseline } = values;
const isHalfGiven = (database === undefined) !== (temporal === undefined);
if (values.help || wanted.length === 0 || !Number.isSafeInteger(sizes.real) || isHalfGiven) {
  console.log(HELP);
  process.exitCode = values.help ? 0 : 1;
} else if (baseline !== undefined) {
  const at = process.argv.findIndex((arg) => arg.startsWith('--baseline'));
  const length = process.argv[at] === '--baseline' ? 2 : 1;
  console.log(
    `\n${comparisonOf(await compareWith(baseline, process.argv.slice(2).toSpliced(at - 2, length)))}`,
  );
} else {
  if (values.profile) enableProfiles();
  const { figures, differences } = await run(
    wanted,
    sizes,
    values.quick,
    database && temporal ? onServices(database, temporal) : {},
    values.keep,
    values.match,
  );
  report(figures, differences);
}
process.exit();
