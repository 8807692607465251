// Judges a history at the door: the calls about each key must be linearizable, and no two keys may
// share an event. Objects that are linearizable one by one are so together (Herlihy and Wing).
import { groupBy, type Violation } from '../records.ts';
import { eventModel, type KeyState } from './event-model.ts';
import { callsOf, type Call, type Entry } from './history.ts';
import { isUnclear, linearize } from './linearize.ts';

export interface Judgement {
  readonly violations: readonly Violation[];
  /** Calls that had an effect, or may have had one. */
  readonly calls: number;
  readonly keys: number;
  /** Without a clear answer. */
  readonly unclear: number;
  /** Most calls about one key that were under way together. */
  readonly together: number;
  readonly steps: number;
}

export function judgeDoor(entries: readonly Entry[]): Judgement {
  const calls = callsOf(entries);
  const byKey = groupBy(calls, ({ key }) => key);
  const violations: Violation[] = [];
  const keyOf = new Map<string, string>();
  let steps = 0;
  for (const [key, group] of byKey) {
    const ids = idsOf(group);
    for (const id of ids) {
      const other = keyOf.get(id);
      if (other !== undefined)
        violations.push({ judgement: 'one key', what: `${other} and ${key} have one event`, ids: [id] });
      keyOf.set(id, key);
    }
    const result = linearize(group, eventModel(ids));
    steps += result.steps;
    if (result.kind === 'undecided')
      violations.push({ judgement: 'undecided', what: `${key}: the search took ${result.steps} steps`, ids });
    if (result.kind === 'not linearizable')
      violations.push({ judgement: 'linearizable', what: `${key}: ${described(result)}`, ids });
  }
  return {
    violations,
    calls: calls.length,
    keys: byKey.size,
    unclear: calls.filter(isUnclear).length,
    together: Math.max(0, ...[...byKey.values()].map(mostTogether)),
    steps,
  };
}

/** All ids that answers named. */
function idsOf(calls: readonly Call[]): string[] {
  const ids = calls.flatMap(({ output }) => {
    if (output === null) return [];
    if (output.is === 'found') return output.events.map(({ id }) => id);
    return 'id' in output ? [output.id] : [];
  });
  return [...new Set(ids)];
}

interface Stuck {
  readonly placed: number;
  readonly state: KeyState;
  readonly waiting: readonly Call[];
}

function described({ placed, state, waiting }: Stuck): string {
  const held = state === null ? 'no event' : JSON.stringify(state);
  const answers = waiting.map(
    ({ caller, input, output }) =>
      `caller ${caller}: ${JSON.stringify(input)} answered ${JSON.stringify(output)}`,
  );
  return `after ${placed} calls there is ${held}, and none of these can come next: ${answers.join('; ')}`;
}

function mostTogether(calls: readonly Call[]): number {
  const clear = calls.filter((call) => !isUnclear(call));
  const underWay = ({ invokedAt }: Call): number =>
    clear.filter((other) => other.invokedAt <= invokedAt && other.returnedAt > invokedAt).length;
  return Math.max(0, ...clear.map(underWay));
}
