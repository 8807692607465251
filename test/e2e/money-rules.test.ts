// The money rules over HTTP with real processes: every story of the independent model, and random
// histories of which two operators hear in different orders.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { eventually } from '../support/eventually.ts';
import { differencesNow, play, type Run } from '../support/money-model/play.ts';
import { arrange, histories } from '../support/money-model/random-history.ts';
import { STORIES, type Story } from '../support/money-model/stories.ts';
import { RULES } from '../support/money-model/stories/story.ts';
import { withStack, type TestStack } from '../support/stack.ts';

const AT_ONCE = 6;
const SEEDS = [1, 2, 3, 4];

let stack: TestStack;
const played: { run: Run; story?: Story }[] = [];

before(async () => {
  stack = await withStack();
  await stack.startWorker();
});
after(() => stack.close());

/** Amendments, reratings and orphans are worked off by and by. */
async function agrees(run: Run, story?: Story): Promise<void> {
  let lines: string[] = [];
  const isSame = async () => (lines = await differencesNow(run, story)).length === 0;
  await eventually('the model and the API to agree', isSame).catch(() => assert.deepEqual(lines, []));
  played.push({ run, ...(story ? { story } : {}) });
}

describe('over HTTP', { concurrency: AT_ONCE }, () => {
  for (const story of STORIES) {
    test(`${RULES[story.rule]}: ${story.name}`, async () =>
      agrees(await play(stack.call, story.steps, true), story));
  }
});

describe('random histories', { concurrency: AT_ONCE }, () => {
  for (const seed of SEEDS) {
    test(`two operators who hear history ${seed} in different orders pay what the model says`, async () => {
      const [history] = fc.sample(histories(Date.now(), { events: 20 }), { numRuns: 1, seed });
      const orders = [seed, -seed].map((order) => arrange(history!, order));
      const runs = await Promise.all(orders.map((steps) => play(stack.call, steps, false)));
      for (const run of runs) await agrees(run);
    });
  }
});

// Agreement may have been a stage on the way to something else. Closing the stack audits the books.
test('sums and outcomes stay as they are once all work is done', async () => {
  for (const { run, story } of played) assert.deepEqual(await differencesNow(run, story), []);
});
