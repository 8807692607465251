// The short run at the door of the test suite: sixteen callers race for few keys while an API and
// PostgreSQL are killed, and every answer is judged.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { discard } from '../report.ts';
import { shortDoorPlan } from './plan.ts';
import { doorFiguresOf, keepHistory } from './report.ts';
import { runDoor } from './run.ts';

const SEED = 5;
const CALLS = 800;

test(
  'events are stored exactly once, by a linear history of all answers, while an API and PostgreSQL are killed',
  { timeout: 120_000 },
  async (t) => {
    const result = await runDoor({
      seed: SEED,
      plan: shortDoorPlan,
      calls: CALLS,
      print: (line) => t.diagnostic(line),
    });
    if (result.violations.length > 0) keepHistory(`.data/chaos/door-${SEED}`, result);
    discard(result);
    const figures = doorFiguresOf(result);
    t.diagnostic(JSON.stringify(figures));
    assert.deepEqual(
      result.violations.map(({ judgement, what, ids }) => `${judgement}: ${what} ${ids.join(' ')}`),
      [],
    );
    assert.deepEqual([figures.kills_of_apis, figures.kills_of_postgres], [1, 1]);
    assert.ok(figures.unclear > 0 && figures.together_at_most >= 4, JSON.stringify(figures));
  },
);
