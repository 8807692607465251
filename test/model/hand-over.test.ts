// The model of the hand-over: no fault leaves a postback behind, has it sent twice at a time or out
// of order; and each planted defect is found. `npm run model` explores more of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explore } from './explore.ts';
import { handOverModel } from './hand-over.ts';
import { NO_FAULTS, ONE, SMALL, WITHOUT_SWEEP, WITH_SWEEP, type Scenario } from './scenarios.ts';
import { PLANTED, type Settings } from './steps.ts';
import type { Faults } from './world.ts';

const found = ({ faults, settings }: Pick<Scenario, 'faults' | 'settings'>) =>
  explore(handOverModel(faults, settings));

for (const { name, ...scenario } of SMALL)
  test(`every postback is finished, once at a time and in order, whatever happens: ${name}`, () => {
    const { wrong, states, ends } = found(scenario);
    assert.equal(wrong, null, wrong === null ? '' : [wrong.what, ...wrong.trace].join('\n'));
    assert.ok(states > 1000 && ends > 0, `${states} states, ${ends} ends`);
  });

/** What each defect needs to show, and as what it shows. */
const SEEN_BY: Record<(typeof PLANTED)[number], [faults: Partial<Faults>, settings: Settings, what: RegExp]> =
  {
    'a wake-up is forgotten': [{}, WITHOUT_SWEEP, /nobody will act on/],
    'the promise is kept during a look': [{ outages: 1 }, WITHOUT_SWEEP, /nobody will act on/],
    'a successor is released early': [{}, WITHOUT_SWEEP, /sent before the one that it follows/],
    'claims are not looked at': [{}, WITHOUT_SWEEP, /sent twice at a time/],
    'a batch that runs is taken over': [{}, WITH_SWEEP, /sent twice at a time/],
    'a number is lost': [{}, WITHOUT_SWEEP, /has 1 attempts, and counts 0/],
    'what is down is never late': [{ crashes: 1 }, { ...WITH_SWEEP, isDown: true }, /leads to the end/],
    'an old claim is used': [{ stalls: 1 }, WITH_SWEEP, /sent twice at a time/],
    'the claim of another is ended': [{ stalls: 1 }, WITH_SWEEP, /sent twice at a time/],
    'a late record ends the claim of another': [
      { stalls: 1, outages: 1 },
      { ...WITH_SWEEP, batches: ONE },
      /sent twice at a time/,
    ],
    'a first try under way is not reckoned with': [{ terminations: 1 }, WITH_SWEEP, /sent twice at a time/],
  };

for (const planted of PLANTED)
  test(`the checker finds a planted defect by the shortest way: ${planted}`, (t) => {
    const [faults, settings, what] = SEEN_BY[planted];
    const { wrong, states } = found({
      faults: { ...NO_FAULTS, ...faults },
      settings: { ...settings, planted },
    });
    assert.match(wrong?.what ?? 'nothing', what);
    t.diagnostic(`${wrong!.what}, by ${wrong!.trace.length - 1} steps, among ${states} states`);
    for (const line of wrong!.trace) t.diagnostic(line);
  });

test('the checker finds that a kill needs the sweep', () => {
  const settings = { ...WITH_SWEEP, hasSweep: false };
  const { wrong } = found({ faults: { ...NO_FAULTS, crashes: 1 }, settings });
  assert.match(wrong?.what ?? 'nothing', /nobody will act on/);
  assert.match(wrong!.trace.at(-1)!, /is killed/);
});
