// Waiting for something to become true, in place of sleeping.
import { setTimeout as pause } from 'node:timers/promises';

const ASK_EVERY_MS = 20;

/**
 * Asks until the answer is neither false nor null nor undefined, and returns it. Throws, with what was waited for, when that takes too
 * long; what `ask` throws is thrown on.
 */
export async function eventually<T>(
  what: string,
  ask: () => T | Promise<T>,
  withinMs = 15_000,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== false && answer !== null && answer !== undefined)
      return answer as Exclude<T, false | null | undefined>;
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms in vain: ${what}`);
    await pause(ASK_EVERY_MS);
  }
}
