// History of the calls at the door: what callers asked about event keys and what they were
// answered, in the order in which it happened.
import type { Timed } from './linearize.ts';

/** What a caller asks about the event of one key. */
export type Input =
  /** Alone, or as a part of a batch. */
  | { readonly op: 'send'; readonly body: string }
  /** The list of events, by the values of the key. */
  | { readonly op: 'find' }
  | { readonly op: 'get'; readonly id: string }
  | { readonly op: 'amend'; readonly id: string; readonly amount: string };

/** An event as the list shows it: the body is what was sent first. */
export interface Found {
  readonly id: string;
  readonly body: string;
}

/** `version`: how often the event was amended; `amount`: after the last amendment. */
export type Output =
  | { readonly is: 'accepted' | 'duplicate' | 'conflict'; readonly id: string }
  | { readonly is: 'found'; readonly events: readonly Found[] }
  | ({ readonly is: 'event'; readonly version: number; readonly amount: string | null } & Found)
  | { readonly is: 'missing' }
  | { readonly is: 'amended' | 'unchanged'; readonly version: number };

/**
 * An entry of the history. `fail`: the call had no effect, since nobody was there to take it.
 * `info`: no clear answer came, so it may have had an effect, or have it later.
 */
export type Entry =
  | {
      readonly is: 'invoke';
      readonly call: number;
      readonly caller: number;
      readonly key: string;
      readonly input: Input;
    }
  | { readonly is: 'ok'; readonly call: number; readonly output: Output }
  | { readonly is: 'fail' | 'info'; readonly call: number; readonly why: string };

export interface Call extends Timed {
  readonly caller: number;
  readonly key: string;
  readonly input: Input;
  /** Null without a clear answer. */
  readonly output: Output | null;
}

/** Writes a history down. An entry's place is its time. */
export function createRecorder() {
  const entries: Entry[] = [];
  let calls = 0;
  return {
    entries: entries as readonly Entry[],
    /** Right before the request is written. Returns the number of the call. */
    invoke(caller: number, key: string, input: Input): number {
      calls += 1;
      entries.push({ is: 'invoke', call: calls, caller, key, input });
      return calls;
    },
    /** Right after the answer was read. */
    ok: (call: number, output: Output): void => void entries.push({ is: 'ok', call, output }),
    end: (call: number, is: 'fail' | 'info', why: string): void => void entries.push({ is, call, why }),
  };
}

export type Recorder = ReturnType<typeof createRecorder>;

/** The calls of a history that had an effect, or may have had one. */
export function callsOf(entries: readonly Entry[]): Call[] {
  const ends = new Map<number, { entry: Entry; at: number }>();
  for (const [at, entry] of entries.entries()) if (entry.is !== 'invoke') ends.set(entry.call, { entry, at });
  return entries.flatMap((entry, invokedAt): Call[] => {
    if (entry.is !== 'invoke') return [];
    const { caller, key, input } = entry;
    const end = ends.get(entry.call);
    if (end?.entry.is === 'fail') return [];
    if (end?.entry.is === 'ok')
      return [{ caller, key, input, invokedAt, returnedAt: end.at, output: end.entry.output }];
    return [{ caller, key, input, invokedAt, returnedAt: Infinity, output: null }];
  });
}
