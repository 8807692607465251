// Progress of a customer towards a commission that has conditions: what counts so far, of how much,
// and until when.
import type { Component, Terms } from '../types.ts';
import { DAY_MS } from '../units.ts';
import { uncappedCommissionOf } from './commission.ts';
import { kindOf } from './components/index.ts';
import { earliestOf, type Group } from './group.ts';
import { paymentsOf } from './payments.ts';

/** Null where there is no such condition. Amounts in minor units, volumes in 0.0001 lots. */
export type Progress = {
  state: ProgressState;
  amount: { reached: bigint; of: bigint } | null;
  volume: { reached: bigint; of: bigint } | null;
  /** Conversions that count. */
  conversions: number;
  since: number;
  until: number | null;
};

/**
 * `too_late`: the days have passed. `missed`: only the first conversion counts, and it was too
 * small.
 */
export const PROGRESS_STATES = ['on_the_way', 'too_late', 'missed'] as const;
type ProgressState = (typeof PROGRESS_STATES)[number];

/** Null where the customer qualified, nothing of the customer is left, or nothing is asked. */
export function progressTowards(
  component: Component,
  terms: Terms,
  groups: readonly Group[],
  now: number,
): Progress | null {
  const kind = kindOf(component);
  const conditions = kind.slotPer === 'month' ? undefined : kind.conditionsOf?.(component);
  const first = earliestOf(groups);
  if (conditions === undefined || first === null) return null;
  if (uncappedCommissionOf(component, terms, groups).conversion !== null) return null;
  const { counts, minAmountMinor, minVolumeE4, withinDays } = conditions;
  const since = first.accrual.occurredAt;
  const until = withinDays === null ? null : since + withinDays * DAY_MS;
  const payments = paymentsOf(groups)
    .filter(({ conversion }) => conversion.accrual.occurredAt <= (until ?? Infinity))
    .slice(0, counts === 'first' ? 1 : undefined);
  if (payments.length === 0) return null;
  const sum = (of: 'basisMinor' | 'volumeE4') => payments.reduce((all, payment) => all + payment[of], 0n);
  return {
    state: counts === 'first' ? 'missed' : until !== null && until < now ? 'too_late' : 'on_the_way',
    amount: minAmountMinor === null ? null : { reached: sum('basisMinor'), of: minAmountMinor },
    volume: minVolumeE4 === null ? null : { reached: sum('volumeE4'), of: minVolumeE4 },
    conversions: payments.length,
    since,
    until,
  };
}
