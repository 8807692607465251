// The event of one key as callers know it, in sequence: it is stored once, keeps its id and body,
// and is amended version by version.
import type { Call, Found, Output } from './history.ts';
import type { Model } from './linearize.ts';

/** Null: no event has this key. */
export type KeyState = (Found & { readonly version: number; readonly amount: string | null }) | null;

/**
 * `ids`: all that answers named for the key. An event that was stored without an answer has one of
 * them, or else nobody can tell that it is there.
 */
export function eventModel(ids: readonly string[]): Model<KeyState, Call> {
  return {
    initial: null,
    step(state, { input, output }) {
      if (input.op === 'send')
        return state === null
          ? stored(input.body, output, ids)
          : same(state, sentAgain(state, input.body, output));
      if (input.op === 'amend' && state !== null && state.id === input.id)
        return amended(state, input.amount, output);
      return same(state, output !== null && isSeen(state, input, output));
    },
    keyOf: (state) => JSON.stringify(state),
    effectOf: ({ input }) => JSON.stringify(input),
  };
}

const same = (state: KeyState, isPossible: boolean): KeyState[] => (isPossible ? [state] : []);

/** The first to be sent is accepted, whatever its body; nobody else is. */
function stored(body: string, output: Output | null, ids: readonly string[]): KeyState[] {
  if (output === null) return ids.map((id) => ({ id, body, version: 0, amount: null }));
  return output.is === 'accepted' ? [{ id: output.id, body, version: 0, amount: null }] : [];
}

function sentAgain({ id, body }: Found, sent: string, output: Output | null): boolean {
  if (output === null) return true;
  return output.is === (sent === body ? 'duplicate' : 'conflict') && 'id' in output && output.id === id;
}

/** Amounts are those of the last amendment; the one that was sent counts until there is one. */
function amended(state: NonNullable<KeyState>, amount: string, output: Output | null): KeyState[] {
  const isSame = (state.amount ?? state.body) === amount;
  const version = state.version + (isSame ? 0 : 1);
  const isPossible =
    output === null ||
    (output.is === (isSame ? 'unchanged' : 'amended') && 'version' in output && output.version === version);
  if (!isPossible) return [];
  return [isSame ? state : { ...state, version, amount }];
}

/** Whether what a caller was shown is the state. */
function isSeen(state: KeyState, input: Call['input'], output: Output): boolean {
  switch (output.is) {
    case 'missing':
      return !('id' in input && input.id === state?.id);
    case 'found':
      return state === null
        ? output.events.length === 0
        : output.events.length === 1 && isOf(state, output.events[0]!);
    case 'event':
      return (
        state !== null &&
        isOf(state, output) &&
        output.version === state.version &&
        output.amount === state.amount
      );
    default:
      return false;
  }
}

const isOf = (state: Found, { id, body }: Found): boolean => id === state.id && body === state.body;
