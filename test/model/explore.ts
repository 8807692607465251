// Explores every state that a model reaches, breadth first: checks what must hold in each of them,
// and that from each of them the end can be reached without further faults. Knows nothing of
// deliveries.

/** A step of the model. A fault is nothing that progress may rely on. */
export type Step<State> = { name: string; next: State; isFault: boolean };

export type Model<State> = {
  initial: State;
  /** The same for states that differ in nothing that matters. */
  keyOf(state: State): string;
  stepsOf(state: State): Step<State>[];
  /** What is wrong with a state, or null. */
  wrongWith(state: State): string | null;
  isEnd(state: State): boolean;
  /** A few words about a state, for traces. */
  describe(state: State): string;
};

/** `wrong`: null, or what was found, with the shortest way to it. */
export type Explored = { states: number; steps: number; ends: number; wrong: Finding | null };

export type Finding = { what: string; trace: string[] };

/** Steps between states, each in one number of the lists: all steps that are no faults. */
type Graph = { from: number[]; to: number[] };

/** Throws where there are more than `most` states: a model that cannot be exhausted. */
export function explore<State>(model: Model<State>, most = 5_000_000): Explored {
  const indexes = new Map<string, number>();
  const parents: number[] = [];
  const names: string[] = [];
  const ends: number[] = [];
  const graph: Graph = { from: [], to: [] };
  let steps = 0;
  let frontier: State[] = [];

  const found = (what: string, index: number): Explored => {
    const wrong = { what, trace: traceOf(model, wayTo(index, parents, names)) };
    return { states: indexes.size, steps, ends: ends.length, wrong };
  };
  const add = (state: State, key: string, parent: number, name: string): number => {
    const index = indexes.size;
    if (index === most) throw new Error(`more than ${most} states`);
    indexes.set(key, index);
    parents.push(parent);
    names.push(name);
    if (model.isEnd(state)) ends.push(index);
    frontier.push(state);
    return index;
  };

  add(model.initial, model.keyOf(model.initial), -1, '');
  for (let first = 0; frontier.length > 0;) {
    const level = frontier;
    frontier = [];
    for (const [place, state] of level.entries()) {
      const what = model.wrongWith(state);
      if (what !== null) return found(what, first + place);
      for (const { name, next, isFault } of model.stepsOf(state)) {
        const key = model.keyOf(next);
        const to = indexes.get(key) ?? add(next, key, first + place, name);
        steps++;
        if (isFault || to === first + place) continue;
        graph.from.push(first + place);
        graph.to.push(to);
      }
    }
    first += level.length;
  }
  const stuck = firstWithoutWay(graph, ends, indexes.size);
  if (stuck !== null) return found('from here nothing that is to happen leads to the end', stuck);
  return { states: indexes.size, steps, ends: ends.length, wrong: null };
}

/** The first state from which no way leads to an end; null: there is none. */
function firstWithoutWay({ from, to }: Graph, ends: readonly number[], states: number): number | null {
  // The steps into each state, one list behind the other.
  const starts = new Uint32Array(states + 1);
  for (const index of to) starts[index + 1]!++;
  for (let index = 0; index < states; index++) starts[index + 1]! += starts[index]!;
  const places = starts.slice();
  const before = new Uint32Array(from.length);
  for (const [step, index] of to.entries()) before[places[index]!++] = from[step]!;

  const isLeading = new Uint8Array(states);
  const open = [...ends];
  for (const index of ends) isLeading[index] = 1;
  for (let index = open.pop(); index !== undefined; index = open.pop())
    for (let place = starts[index]!; place < starts[index + 1]!; place++) {
      const one = before[place]!;
      if (isLeading[one] === 1) continue;
      isLeading[one] = 1;
      open.push(one);
    }
  const first = isLeading.indexOf(0);
  return first === -1 ? null : first;
}

function wayTo(index: number, parents: readonly number[], names: readonly string[]): string[] {
  const way: string[] = [];
  for (let at = index; parents[at]! >= 0; at = parents[at]!) way.push(names[at]!);
  return way.reverse();
}

/** Goes the way again, since states are not kept. */
function traceOf<State>(model: Model<State>, way: readonly string[]): string[] {
  let state = model.initial;
  const keyNow = (): string => model.keyOf(state);
  const lines = [`   begin                                       ${model.describe(state)}`];
  for (const [place, name] of way.entries()) {
    const step = model.stepsOf(state).find((one) => one.name === name);
    if (step === undefined) throw new Error(`${name} is no step of ${keyNow()}`);
    state = step.next;
    lines.push(`${String(place + 1).padStart(2)} ${name.padEnd(43)} ${model.describe(state)}`);
  }
  return lines;
}
