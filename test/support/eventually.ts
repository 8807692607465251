// Waits for a condition by polling, instead of sleeping.
import { setTimeout as pause } from 'node:timers/promises';

const ASK_EVERY_MS = 20;

/**
 * Polls until the answer is neither false nor null nor undefined, and returns it. Throws, naming
 * the condition, after `withinMs`; an exception of `check` is thrown on.
 */
export async function eventually<T>(
  condition: string,
  check: () => T | Promise<T>,
  withinMs = 15_000,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = await check();
    if (answer !== false && answer !== null && answer !== undefined)
      return answer as Exclude<T, false | null | undefined>;
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms in vain: ${condition}`);
    await pause(ASK_EVERY_MS);
  }
}
