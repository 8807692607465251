// `npm run chaos`: kills, freezes and cuts the parts of a stack of its own while events flow in and
// receivers misbehave, and judges what is left. Exit code 1 when a promise was not kept.
import { parseArgs } from 'node:util';
import { discard, figuresOf, keepEvidence, tableOf } from './report.ts';
import { planOf } from './plan.ts';
import { runChaos } from './run.ts';

const HELP = `npm run chaos -- [options]
  --quick      12 kills and 300 events, under three minutes
  --seed N     decides traffic, faults and the receivers' moods (default: the time)
  --kills N    kills of processes, and as many other faults (default 100)
  --events N   events to send (default 30 for each kill)
  --keep       keeps the records and logs also when nothing is wrong`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    seed: { type: 'string' },
    kills: { type: 'string' },
    events: { type: 'string' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

async function run(): Promise<void> {
  const kills = Number(values.kills ?? (values.quick ? 12 : 100));
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const events = Number(values.events ?? (values.quick ? 300 : kills * 30));
  if (![kills, seed, events].every((value) => Number.isInteger(value) && value >= 0)) {
    console.error(HELP);
    process.exitCode = 2;
    return;
  }
  console.log(`seed ${seed}, ${kills} kills, at least ${events} events`);
  const startedAt = Date.now();
  const print = (line: string): void =>
    console.log(
      `${String(Math.round((Date.now() - startedAt) / 1000)).padStart(5)} s  ${line.split('\n')[0]}`,
    );
  const options = { seed, plan: planOf(seed, { kills }), events, quietWithinMs: 300_000, print };
  const result = await runChaos(options);
  const isRight = result.violations.length === 0;
  const folder = `.data/chaos/seed-${seed}`;
  if (!isRight || values.keep) keepEvidence(folder, result);
  discard(result);
  console.log(tableOf(options, result));
  for (const { judgement, what, ids } of result.violations.slice(0, 50))
    console.log(`${judgement}: ${what} ${ids.join(' ')}`);
  if (!isRight) console.log(`seed ${seed}: the records and logs are in ${folder}`);
  console.log(JSON.stringify(figuresOf(options, result)));
  process.exitCode = isRight ? 0 : 1;
}

if (values.help) console.log(HELP);
else
  await run().catch((error: unknown) => {
    console.error(error);
    // Calls that are under way would keep the process alive.
    process.exit(1);
  });
