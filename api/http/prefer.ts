// The preference `Prefer: wait=5`: how long a caller lets its answer wait, and the wait itself.
import { setTimeout as delay } from 'node:timers/promises';
import type { Request, Response } from 'express';

const LONGEST_WAIT_SECONDS = 10;
const POLL_FIRST_MS = 10;
const POLL_AT_MOST_MS = 200;

/** The request header, for the OpenAPI document. */
export const PREFER = { prefer: '`wait=5` (at most 10): the answer waits for the outcome' };

/**
 * The seconds of `Prefer: wait=5`, limited. Malformed preferences are ignored, as RFC 7240 says.
 */
export function waitOf(req: Request): number {
  const [, seconds] = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,4})"?/i.exec(req.get('prefer') ?? '') ?? [];
  return Math.min(Number(seconds ?? 0), LONGEST_WAIT_SECONDS);
}

/**
 * Polls until the condition holds, the time is over or the caller hangs up; tells whether it held.
 * The request is durable by now, so a failed poll counts as false.
 */
export async function comesTrueWithin(
  seconds: number,
  res: Response,
  isTrue: () => Promise<boolean>,
): Promise<boolean> {
  const end = Date.now() + seconds * 1000;
  for (
    let pause = POLL_FIRST_MS;
    Date.now() + pause <= end && !res.closed;
    pause = Math.min(pause * 1.5, POLL_AT_MOST_MS)
  ) {
    await delay(pause);
    if (await isTrue().catch(() => false)) return true;
  }
  return false;
}
