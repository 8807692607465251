// Plays stories or random histories over HTTP against a running API, and compares its sums and
// outcomes with the model's: `node --import ./typescript.mjs FILE URL TOKEN [stories]`, with
// the options below. Exit code 1 when anything differs. A random history is played twice, in two
// orders, to two operators. `--coarse`: lots without symbols and finer rates; `--fixed`: nobody is
// moved to another affiliate or parent.
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { callsTo } from './api-client.ts';
import { saidSums } from './compare.ts';
import { decimalText, exponentOf } from './exact.ts';
import { differencesNow, play, type Run } from './play.ts';
import { arrange, histories } from './random-history.ts';
import type { ApiStep } from './steps.ts';
import { STORIES, type Story } from './stories.ts';
import { RULES } from './stories/story.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', default: '' },
    rules: { type: 'string', default: '' },
    runs: { type: 'string', default: '5' },
    events: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    wait: { type: 'string', default: '10' },
    explain: { type: 'boolean', default: false },
  },
});
const [base = 'http://127.0.0.1:8080', token = '', what = 'stories'] = positionals;
const wait = Number(values.wait);

/**
 * Asks until nothing differs twice in a row, or the time is over: amendments, reratings and orphans
 * are worked off by and by, and a sum that is right for now may still change.
 */
async function differences(run: Run, story: Story | undefined, waitSeconds: number): Promise<string[]> {
  const deadline = Date.now() + waitSeconds * 1000;
  let wasSame = false;
  for (;;) {
    const lines = await differencesNow(run, story);
    const isSame = lines.length === 0;
    if ((isSame && wasSame) || Date.now() > deadline) return lines;
    wasSame = isSame;
    await new Promise((done) => setTimeout(done, 400));
  }
}

/**
 * For a difference: the single commissions of each event that the API and the model see
 * differently.
 */
async function explain({ client, world, model }: Run): Promise<string[]> {
  const lines: string[] = [];
  const names = new Map([...client.ids].map(([name, id]) => [id, name]));
  for (const { id } of world.events) {
    const own = model.commissions
      .filter((each) => each.event === id && each.kind !== 'override' && each.amount !== 0n)
      .map(
        (each) =>
          `${each.affiliate} ${each.kind} ${decimalText(each.amount, exponentOf(each.currency, world.currencies))}`,
      );
    const api = (await client.commissionsOf(id))
      .filter(
        ({ component, amount }) =>
          ['cpa', 'percent', 'payout'].includes(component) && !/^0[.0]*$/.test(amount),
      )
      .map((each) => `${names.get(each.affiliate) ?? each.affiliate} ${each.component} ${each.amount}`);
    if (own.sort().join() !== api.sort().join())
      lines.push(`  ${id}: API [${api.join(', ')}], model [${own.join(', ')}]`);
  }
  for (const each of model.commissions) {
    if (each.month === undefined) continue;
    const amount = decimalText(each.amount, exponentOf(each.currency, world.currencies));
    lines.push(
      `  model: ${each.affiliate} ${each.kind} ${each.label} ${each.deal} ${each.month} ${amount} ${each.currency}`,
    );
  }
  return lines;
}

async function report(title: string, steps: readonly ApiStep[], story?: Story): Promise<boolean> {
  try {
    const run = await play(callsTo(base, token), steps, story !== undefined);
    const lines = await differences(run, story, wait);
    const isRight = lines.length === 0;
    console.log(`${isRight ? 'same     ' : 'DIFFERENT'} ${title}`);
    for (const line of lines) console.log(`    ${line}`);
    if (!isRight && values.explain) for (const line of await explain(run)) console.log(`    ${line}`);
    return isRight;
  } catch (error) {
    console.log(`DIFFERENT ${title}\n    ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

async function tellStories(): Promise<number> {
  const rules = values.rules.split(',').filter(Boolean).map(Number);
  const chosen = STORIES.filter(
    ({ rule, name }) => (rules.length === 0 || rules.includes(rule)) && name.includes(values.only),
  );
  let different = 0;
  for (const story of chosen) {
    if (!(await report(`${RULES[story.rule]}: ${story.name}`, story.steps, story))) different += 1;
  }
  console.log(
    `${chosen.length} stories with ${chosen.flatMap(saidSums).length} sums, ${different} different`,
  );
  return different;
}

async function tellHistories(): Promise<number> {
  const seed = Number(values.seed);
  const runs = Number(values.runs);
  const sampled = fc.sample(histories(Date.now(), { events: Number(values.events) }), {
    numRuns: runs,
    seed,
  });
  let different = 0;
  for (const [index, history] of sampled.entries()) {
    for (const order of [1, 2]) {
      const steps = arrange(history, seed * 1000 + order);
      if (!(await report(`history ${index} of seed ${seed}, order ${order}: ${steps.length} calls`, steps)))
        different += 1;
    }
  }
  return different;
}

process.exitCode = (await (what === 'random' ? tellHistories() : tellStories())) > 0 ? 1 : 0;
