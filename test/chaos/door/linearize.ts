// Linearizability of the calls to one object: the search for an order in which each call takes
// effect at one moment between its begin and its answer (Wing and Gong, with the memory of Lowe).

/** A call without a clear answer may take effect at any moment after its begin, or never. */
export interface Timed {
  /** Place of its begin in the history. */
  readonly invokedAt: number;
  /** Place of its answer; infinity for a call without a clear answer. */
  readonly returnedAt: number;
}

/**
 * What an object does in sequence. A call that leaves one state as it is must leave every state in
 * which it is possible as it is: then it may be placed as soon as it is possible.
 */
export interface Model<State, Call extends Timed> {
  readonly initial: State;
  /** States after the call with the answer that it got; none where that answer is impossible. */
  step(state: State, call: Call): readonly State[];
  /** Equal for equal states. */
  keyOf(state: State): string;
  /** Equal for calls without a clear answer that do the same. */
  effectOf(call: Call): string;
}

export type Linearization<State, Call> =
  | { readonly kind: 'linearizable'; readonly steps: number }
  /** `placed`: most clear calls that any order has; none of the `waiting` ones can come next. */
  | {
      readonly kind: 'not linearizable';
      readonly steps: number;
      readonly placed: number;
      readonly state: State;
      readonly waiting: readonly Call[];
    }
  /** The search would have taken too many steps. */
  | { readonly kind: 'undecided'; readonly steps: number };

const STEPS_AT_MOST = 1_000_000;

/** Searches depth first; a state with the same calls placed is entered once. */
export function linearize<State, Call extends Timed>(
  history: readonly Call[],
  model: Model<State, Call>,
  stepsAtMost = STEPS_AT_MOST,
): Linearization<State, Call> {
  const calls = history.toSorted((a, b) => a.invokedAt - b.invokedAt);
  const entered = new Set<string>();
  let steps = 0;
  let deepest: { placed: number; state: State; waiting: Call[] } | undefined;

  /** Whether the calls that are not placed can follow in this state. */
  function search(state: State, before: ReadonlySet<Call>): boolean {
    const placed = new Set(before);
    let next = nextOf(calls, placed);
    for (let still = stillIn(state, next); still !== undefined; still = stillIn(state, next)) {
      placed.add(still);
      next = nextOf(calls, placed);
    }
    if (next.every(isUnclear)) return true;
    const clear = [...placed].filter((call) => !isUnclear(call)).length;
    if (deepest === undefined || clear > deepest.placed)
      deepest = { placed: clear, state, waiting: next.filter((call) => !isUnclear(call)) };
    const seen = `${model.keyOf(state)} ${calls.map((call) => (placed.has(call) ? 1 : 0)).join('')}`;
    if (entered.has(seen)) return false;
    entered.add(seen);
    return distinct(next).some((call) =>
      after(state, call).some((then) => steps <= stepsAtMost && search(then, new Set([...placed, call]))),
    );
  }

  /** A clear call that is possible now and changes nothing. */
  const stillIn = (state: State, next: readonly Call[]): Call | undefined =>
    next.find(
      (call) =>
        !isUnclear(call) && model.step(state, call).some((to) => model.keyOf(to) === model.keyOf(state)),
    );

  function after(state: State, call: Call): State[] {
    steps += 1;
    return model.step(state, call).filter((to) => model.keyOf(to) !== model.keyOf(state));
  }

  /**
   * Clear calls first; of unclear ones with the same effect the earliest, which fits wherever the
   * others do.
   */
  function distinct(next: readonly Call[]): Call[] {
    const effects = new Set<string>();
    const unclear = next.filter((call) => {
      if (!isUnclear(call) || effects.has(model.effectOf(call))) return false;
      effects.add(model.effectOf(call));
      return true;
    });
    return [...next.filter((call) => !isUnclear(call)), ...unclear];
  }

  if (search(model.initial, new Set())) return { kind: 'linearizable', steps };
  if (steps > stepsAtMost) return { kind: 'undecided', steps };
  return { kind: 'not linearizable', steps, ...deepest! };
}

export const isUnclear = ({ returnedAt }: Timed): boolean => returnedAt === Infinity;

/** Calls that may take effect next: those that began before the first answer to come. */
function nextOf<Call extends Timed>(calls: readonly Call[], placed: ReadonlySet<Call>): Call[] {
  const left = calls.filter((call) => !placed.has(call));
  const firstAnswer = Math.min(...left.map(({ returnedAt }) => returnedAt));
  return left.filter(({ invokedAt }) => invokedAt < firstAnswer);
}
