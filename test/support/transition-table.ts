// Reads the table of transitions in docs/LOOKUP.md as data.
import { OWNERS, FINISHED_STATES, UNFINISHED_STATES } from '../../domain/delivery/deliveries.ts';
import { filesBelow, tableRows } from './sources.ts';

export const TRANSITION_FILES: readonly string[] = filesBelow('store/delivery/transitions');

/** `owner/state` before and after, each as written, and the calling files. */
type TransitionRow = { name: string; from: string[]; to: string[]; callers: string[] };

/** Owner and state of a delivery as `owner state`; a finished delivery has the owner `none`. */
export type Standing = `${string} ${string}`;

export const STANDINGS: readonly Standing[] = [
  ...OWNERS.flatMap((owner) => UNFINISHED_STATES.map((state): Standing => `${owner} ${state}`)),
  ...FINISHED_STATES.map((state): Standing => `none ${state}`),
];

export function transitionTable(): TransitionRow[] {
  return tableRows('Transitions of a delivery')
    .filter((cells) => cells.length === 5)
    .map(([name = '', from = '', to = '', , callers = '']) => ({
      name,
      from: from.split(', '),
      to: to.split(', '),
      callers: callers.split(', '),
    }));
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

/** Owners and states that the column `from` names. */
export function standingsFrom(cells: readonly string[]): Standing[] {
  return cells.flatMap((cell) => {
    const [owner = '', state = ''] = cell.split('/');
    return valuesOf(owner).flatMap((one) => valuesOf(state).map((other): Standing => `${one} ${other}`));
  });
}

/** Owners and states that the column `to` names, for a delivery in `before`. */
export function standingsTo(cells: readonly string[], before: Standing): Standing[] {
  const [owner = '', state = ''] = before.split(' ');
  const known = (word: string, same: string) => (word === 'same' ? same : word);
  return standingsFrom(
    cells.map((cell) => {
      const [toOwner = '', toState = ''] = cell.split('/');
      return `${known(toOwner, owner)}/${known(toState, state)}`;
    }),
  );
}
