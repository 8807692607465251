// How soon the workflow of an endpoint looks at its queue again after something joined it: at once
// while the endpoint is up, and ever more rarely while it fails.
import { conditionOf } from './breaker.ts';

/** Bounds of the time between two looks at the queue of an endpoint that is failing. */
export type LookPauses = { shortestMs: number; longestMs: number };

/** The first is a look for each second try of the usual schedule. */
export const LOOK_PAUSES: LookPauses = { shortestMs: 5000, longestMs: 60_000 };

/**
 * What each failing endpoint of an operator adds to the pause of all of them: together they take
 * seven looks a second, however many they are, since a look costs some 30 ms of CPU.
 */
const PER_FAILING_MS = 150;

/** Part of the time since when an endpoint is failing that passes until the next look. */
const PART_OF_FAILING = 0.1;

/** What waits for an endpoint that is down or off is only counted. */
const COUNTED_WITHIN_MS = 10_000;

/**
 * Milliseconds, at most, from when something joined the queue to the next look. `failingInAll`: how
 * many endpoints of its operator are failing.
 */
export function lookWithinMs(
  endpoint: Parameters<typeof conditionOf>[0] & { failingInAll: number },
  nowMs: number,
  { shortestMs, longestMs }: LookPauses,
): number {
  switch (conditionOf(endpoint)) {
    case 'up':
      return 0;
    case 'failing':
      return Math.min(
        longestMs,
        Math.max(
          shortestMs,
          PART_OF_FAILING * (nowMs - Number(endpoint.failingSince)),
          PER_FAILING_MS * endpoint.failingInAll,
        ),
      );
    case 'down':
    case 'off':
      return COUNTED_WITHIN_MS;
  }
}
