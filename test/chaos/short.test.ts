// The short chaos run of the test suite: one fault of each main kind while a few operators send
// events, judged from outside as the long runs are.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shortPlanOf } from './plan.ts';
import { discard, figuresOf, keepEvidence } from './report.ts';
import { runChaos } from './run.ts';

const SEED = 8;
const EVENTS = 60;
/** A run takes two minutes on two busy cores. */
const WITHIN_MS = 480_000;

test(
  'nothing is lost, doubled, out of order or unowned when an API and a worker are killed, a part stands still and a connection is cut',
  { timeout: WITHIN_MS },
  async (t) => {
    const result = await runChaos({
      seed: SEED,
      plan: shortPlanOf(SEED),
      events: EVENTS,
      quietWithinMs: 240_000,
      print: (line) => t.diagnostic(line.split('\n')[0]!),
    });
    const { violations } = result;
    if (violations.length > 0) keepEvidence(`.data/chaos/seed-${SEED}`, result);
    discard(result);
    const figures = figuresOf({ seed: SEED }, result);
    t.diagnostic(JSON.stringify(figures));
    assert.deepEqual(
      violations.map(({ judgement, what, ids }) => `${judgement}: ${what} ${ids.join(' ')}`),
      [],
    );
    const { kills, freezes, cuts, events, postbacks } = figures;
    assert.deepEqual({ kills, freezes, cuts }, { kills: 2, freezes: 1, cuts: 1 });
    assert.ok(events >= EVENTS && postbacks > EVENTS, `${events} events, ${postbacks} postbacks`);
  },
);
