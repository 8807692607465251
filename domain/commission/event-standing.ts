// Commission of a slot with a single event, less the reversed share.
import { leftOf } from './reversals.ts';
import type { Rounding } from '../types.ts';
import type { Standing } from './component-kind.ts';
import { reversedIn, type Group } from './group.ts';

/** `gross`: the commission without reversals. */
export function standingAfterReversals(by: Group, gross: bigint, rounding: Rounding): Standing {
  const left = leftOf(gross, reversedIn(by), rounding);
  return { minor: left < 0n ? 0n : left, by, isLeft: left > 0n };
}
