// `npm run chaos`: kills, freezes and cuts the parts of a stack of its own while events flow in and
// receivers misbehave, and judges what is left. Exit code 1 when a promise was not kept.
import { parseArgs } from 'node:util';
import { doorPlanOf } from './door/plan.ts';
import { doorFiguresOf, keepHistory } from './door/report.ts';
import { runDoor } from './door/run.ts';
import { discard, figuresOf, keepEvidence, tableOf } from './report.ts';
import { planOf } from './plan.ts';
import type { Violation } from './records.ts';
import { runChaos } from './run.ts';

const HELP = `npm run chaos -- [options]
  --quick      12 kills and 300 events, under three minutes
  --seed N     decides traffic, faults and the receivers' moods (default: the time)
  --kills N    kills of processes, and as many other faults (default 100)
  --dense      three faults at a time in place of one or two
  --events N   events to send (default 30 for each kill)
  --plain N    sales, revenue and chargebacks besides, as operators mostly send them (default 0)
  --door       races callers for few keys at the APIs alone, and judges every answer (default 24 kills)
  --calls N    of these callers, with a clear answer (default 10000)
  --keep       keeps the records and logs also when nothing is wrong`;

/** What was sent to receivers that failed arrives at the end. */
const QUIET_MS_PER_EVENT = 6;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    seed: { type: 'string' },
    kills: { type: 'string' },
    dense: { type: 'boolean', default: false },
    events: { type: 'string' },
    plain: { type: 'string', default: '0' },
    door: { type: 'boolean', default: false },
    calls: { type: 'string' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const startedAt = Date.now();
const print = (line: string): void =>
  console.log(`${String(Math.round((Date.now() - startedAt) / 1000)).padStart(5)} s  ${line.split('\n')[0]}`);

async function run(): Promise<void> {
  const kills = Number(values.kills ?? (values.door ? 24 : values.quick ? 12 : 100));
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const events = Number(values.events ?? (values.quick ? 300 : kills * 30));
  const calls = Number(values.calls ?? 10_000);
  if (
    ![kills, seed, events, Number(values.plain), calls].every(
      (value) => Number.isInteger(value) && value >= 0,
    )
  ) {
    console.error(HELP);
    process.exitCode = 2;
    return;
  }
  const violations = await (values.door ? door(seed, kills, calls) : stack(seed, kills, events));
  for (const { judgement, what, ids } of violations.slice(0, 50))
    console.log(`${judgement}: ${what} ${ids.join(' ')}`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}

/** The whole stack. Returns the promises that were not kept. */
async function stack(seed: number, kills: number, events: number): Promise<readonly Violation[]> {
  console.log(`seed ${seed}, ${kills} kills, at least ${events} events`);
  const plan = planOf(seed, { kills, isDense: values.dense });
  const plainEvents = Number(values.plain);
  const quietWithinMs = 300_000 + QUIET_MS_PER_EVENT * (events + plainEvents);
  const options = { seed, plan, events, plainEvents, quietWithinMs, print };
  const result = await runChaos(options);
  keepWhereAsked(`.data/chaos/seed-${seed}`, result, keepEvidence);
  console.log(tableOf(options, result));
  console.log(JSON.stringify(figuresOf(options, result)));
  return result.violations;
}

/** The APIs and PostgreSQL alone. */
async function door(seed: number, kills: number, calls: number): Promise<readonly Violation[]> {
  console.log(`seed ${seed}, ${kills} kills, at least ${calls} calls`);
  const result = await runDoor({ seed, plan: doorPlanOf(seed, { kills }), calls, print });
  keepWhereAsked(`.data/chaos/door-${seed}`, result, keepHistory);
  console.log(JSON.stringify({ seed, ...doorFiguresOf(result) }));
  return result.violations;
}

type Kept = { violations: readonly Violation[]; dataDir: string };

function keepWhereAsked<Result extends Kept>(
  folder: string,
  result: Result,
  keep: (folder: string, result: Result) => void,
): void {
  if (result.violations.length > 0 || values.keep) {
    keep(folder, result);
    console.log(`the records and logs are in ${folder}`);
  }
  discard(result);
}

if (values.help) console.log(HELP);
else
  await run().catch((error: unknown) => {
    console.error(error);
    // Calls that are under way would keep the process alive.
    process.exit(1);
  });
