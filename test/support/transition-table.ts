// Reads the table of transitions at the head of store/delivery/transitions.ts as data.
import { OWNERS, FINISHED_STATES, UNFINISHED_STATES } from '../../domain/delivery/deliveries.ts';
import { readSource } from './sources.ts';

export const TRANSITIONS_FILE = 'store/delivery/transitions.ts';

/** Cells as written: `owner/state` before and after, the condition, and the calling files. */
type TransitionRow = { name: string; from: string; to: string; guard: string; callers: string };

/** Owner and state of a delivery as `owner state`; a finished delivery has the owner `none`. */
export type Standing = `${string} ${string}`;

export const STANDINGS: readonly Standing[] = [
  ...OWNERS.flatMap((owner) => UNFINISHED_STATES.map((state): Standing => `${owner} ${state}`)),
  ...FINISHED_STATES.map((state): Standing => `none ${state}`),
];

export function transitionTable(): TransitionRow[] {
  const head = readSource(TRANSITIONS_FILE).split('\nimport ')[0]!;
  return head
    .split('\n')
    .map((line) => line.slice(3).split(/ {2,}/))
    .filter((cells) => cells.length === 5 && cells[0] !== 'function' && !cells[0]!.startsWith('-'))
    .map(([name = '', from = '', to = '', guard = '', callers = '']) => ({ name, from, to, guard, callers }));
}

const SETS: Readonly<Record<string, readonly string[]>> = {
  sender: ['batch', 'self', 'endpoint'],
  either: ['self', 'endpoint'],
  unfinished: OWNERS,
  any: UNFINISHED_STATES,
  tried: ['retrying', 'held'],
  new: ['pending', 'held'],
};
const valuesOf = (word: string): readonly string[] => SETS[word] ?? [word];

/** Owners and states that a cell of the column `from` names. */
export function standingsFrom(cell: string): Standing[] {
  const [owner = '', state = ''] = cell.split('/');
  return valuesOf(owner).flatMap((one) => valuesOf(state).map((other): Standing => `${one} ${other}`));
}

/** Owners and states that a cell of the column `to` names, for a delivery in `before`. */
export function standingsTo(cell: string, before: Standing): Standing[] {
  const [owner, state] = before.split(' ');
  const [toOwner = '', toState = ''] = cell.split('/');
  return standingsFrom(`${toOwner === 'same' ? owner : toOwner}/${toState === 'same' ? state : toState}`);
}
