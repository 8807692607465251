// Scenarios in which the model of the hand-over is explored: which faults, how many postbacks, and
// whether the sweep runs.
import type { Faults } from './world.ts';
import type { Settings } from './steps.ts';

export type Scenario = { name: string; faults: Faults; settings: Settings };

export const NO_FAULTS: Faults = { crashes: 0, stalls: 0, terminations: 0, outages: 0 };

export const ONE = [[0]];
/** Two postbacks of one conversion. */
const TWO = [[0], [0]];
/** A third one about another conversion, planned beside the first. */
const THREE = [[0, 1], [0]];

export const WITH_SWEEP: Settings = { hasSweep: true, workers: 2, batches: TWO, isDown: false };
/** Without a fault of our own processes nothing may need the sweep. */
export const WITHOUT_SWEEP: Settings = { hasSweep: false, workers: 1, batches: TWO, isDown: false };

const scenario = (name: string, faults: Partial<Faults>, settings: Settings): Scenario => ({
  name,
  faults: { ...NO_FAULTS, ...faults },
  settings,
});

/** Some seconds together, for `npm test`. */
export const SMALL: readonly Scenario[] = [
  scenario('an outage, without a sweep', { outages: 1 }, WITHOUT_SWEEP),
  scenario('a kill', { crashes: 1 }, WITH_SWEEP),
  scenario('a kill and an outage, one postback', { crashes: 1, outages: 1 }, { ...WITH_SWEEP, batches: ONE }),
  scenario(
    'a kill while the endpoint is down and its workflow rests, one postback',
    { crashes: 1 },
    { ...WITH_SWEEP, batches: ONE, isDown: true },
  ),
];

/** Less than a minute together, on a quiet machine. */
export const WHOLE: readonly Scenario[] = [
  scenario(
    'an outage, without a sweep, three postbacks',
    { outages: 1 },
    { ...WITHOUT_SWEEP, batches: THREE },
  ),
  scenario('a kill, three postbacks', { crashes: 1 }, { ...WITH_SWEEP, batches: THREE }),
  scenario(
    'a person terminates a workflow, one postback',
    { terminations: 1 },
    { ...WITH_SWEEP, batches: ONE },
  ),
  scenario('a worker stands still, one postback', { stalls: 1 }, { ...WITH_SWEEP, batches: ONE }),
];

/** Some minutes, with `--long`. */
export const LONG: readonly Scenario[] = [
  scenario(
    'a worker stands still, and an outage, one postback',
    { stalls: 1, outages: 1 },
    { ...WITH_SWEEP, batches: ONE },
  ),
];
