// `npm run model`: explores the whole model of the hand-over, fault by fault, and prints what there
// is; with `--long` also a case of some minutes. Exit code 1 where something is wrong, with the
// shortest way to it.
import { explore } from './explore.ts';
import { handOverModel } from './hand-over.ts';
import { LONG, SMALL, WHOLE } from './scenarios.ts';

let states = 0;
const startedAt = Date.now();
for (const { name, faults, settings } of [
  ...SMALL,
  ...WHOLE,
  ...(process.argv.includes('--long') ? LONG : []),
]) {
  const explored = explore(handOverModel(faults, settings));
  states += explored.states;
  const { wrong, steps, ends } = explored;
  console.log(`${String(explored.states).padStart(8)} states, ${steps} steps, ${ends} ends: ${name}`);
  if (wrong === null) continue;
  console.log([wrong.what, ...wrong.trace].join('\n'));
  process.exitCode = 1;
}
console.log(`${states} states in ${Math.round((Date.now() - startedAt) / 1000)} s`);
