// Commission of a calendar month of one component, over all deal versions that rate its events.
// Each version's events are one part of the month. Caps, steps, the zero line and losses are the
// month's, and the month is rounded once.
import { divideRounded } from '../ledger/money.ts';
import type { Component, Terms } from '../types.ts';
import type { MonthlyKind, MonthShare, SlotSums } from './component-kind.ts';
import { kindOf, supportsCarryover } from './components/index.ts';
import { EMPTY_SUMS } from './sums.ts';
import { tieredProduct } from './tiers.ts';
import { MILLION } from '../units.ts';

/** The events of a month that one deal version rates. */
export type MonthPart = {
  component: Component;
  terms: Pick<Terms, 'currency' | 'rounding'>;
  sums: SlotSums;
  /** The deal's month in the units of the component's tiers. */
  metric: bigint;
};

/** A loss of earlier months, as revenue and as commission: minor units, never above zero. */
export type Loss = { ngr: bigint; commission: bigint };

export const NO_LOSS: Loss = { ngr: 0n, commission: 0n };

/** Share of a part without conversions. */
export const NO_SHARE: MonthShare = { minor: 0n, carriedMinor: 0n, reached: 0n, whole: null };

/** When a part of a month begins, for the order of parts. Times are milliseconds since 1970. */
export type PartStart = { effectiveFrom: number; version: number; parentsSince: number };

export function compareParts(a: PartStart, b: PartStart): number {
  return a.effectiveFrom - b.effectiveFrom || a.version - b.version || a.parentsSince - b.parentsSince;
}

/** The unit by which the loss of earlier months enters a month; null where it is dropped. */
export function carryUnitOf(component: Component): keyof Loss | null {
  return supportsCarryover(component) && component.negative === 'carry' ? component.carryBy : null;
}

/**
 * The shares of a month's parts, in their order, and the loss that the next month takes over.
 * `parts` are ordered by `compareParts`, and each has conversions; `carried` is the loss of earlier
 * months. No share is below zero, and their sum is the month's commission.
 * Example: parts of 9,000 and 9,000 with retroactive tiers of 20 %, and 40 % from 10,000, share
 * 7,200: 3,600 each. With a cap of 1,000 the parts share 1,000.
 */
export function shareMonth(parts: readonly MonthPart[], carried: Loss): { shares: MonthShare[]; loss: Loss } {
  const [first] = parts;
  if (first === undefined) return { shares: [], loss: carried };
  const takesOver = carryUnitOf(first.component);
  const { unit, sumOf } = monthlyKindOf(first.component);
  const loss = takesOver === null ? NO_LOSS : carried;
  const byNgr = follow(parts, { sum: loss.ngr, exact: 0n });
  const byCommission = follow(parts, { sum: 0n, exact: loss.commission * unit });
  const paid = takesOver === 'commission' ? byCommission : byNgr;

  const totals = parts.map(({ terms }, index) => divideRounded(paid[index]!.paid, unit, terms.rounding));
  const whole = parts.length === 1 ? null : parts.map(({ sums }) => sums).reduce(plus);
  const carriedMinor = takesOver === null ? 0n : carried[takesOver];
  const reached =
    (takesOver === 'ngr' ? carriedMinor : 0n) + parts.reduce((sum, { sums }) => sum + sumOf(sums), 0n);
  const rising = withoutFalls(totals);
  const shares = parts.map((_, index): MonthShare => {
    const beforeMinor = rising[index - 1] ?? 0n;
    const minor = rising[index]! - beforeMinor;
    return { minor, carriedMinor, reached, whole: whole === null ? null : { sums: whole, beforeMinor } };
  });
  const { rounding } = parts.at(-1)!.terms;
  return {
    shares,
    loss: {
      ngr: lossOf(parts, byNgr, ({ sum }) => sum),
      commission: divideRounded(
        lossOf(parts, byCommission, ({ exact }) => exact),
        unit,
        rounding,
      ),
    },
  };
}

/**
 * Running totals that rise only: each lowered to the lowest that follows. Their differences share
 * the last total among its parts without a share below zero.
 */
export function withoutFalls(totals: readonly bigint[]): bigint[] {
  const rising = [...totals];
  for (let index = rising.length - 2; index >= 0; index--)
    if (rising[index]! > rising[index + 1]!) rising[index] = rising[index + 1]!;
  return rising;
}

/**
 * A parent's parts of the shares of a month, in the order of the shares: each by the rate of its
 * own version, rounded over the month. A version that pays no parent of this level has no say in
 * the rounding. `level`: levels of the parent above the affiliate, from 1.
 */
export function overrideShares(
  shares: readonly { terms: Pick<Terms, 'overrides' | 'rounding'>; minor: bigint }[],
  level: number,
): bigint[] {
  let exact = 0n;
  const paying = shares.filter(({ terms }) => terms.overrides[level - 1] !== undefined);
  const totals = paying.map(({ terms: { overrides, rounding }, minor }) => {
    exact += overrides[level - 1]! * minor;
    return divideRounded(exact, MILLION, rounding);
  });
  const rising = withoutFalls(totals);
  return shares.map((share) => {
    const index = paying.indexOf(share);
    return index < 0 ? 0n : rising[index]! - (rising[index - 1] ?? 0n);
  });
}

/**
 * The state of a month after one of its parts: the running sum that the rate applies to (minor
 * units, or ten-thousandths of a lot), the commission it comes to, and what is paid of that. The
 * commission and what is paid are exact, not yet divided by the rate's unit.
 */
type State = { sum: bigint; exact: bigint; paid: bigint };

/**
 * The states after each part, from the loss carried in. Adjacent parts with equal terms are rated
 * as one, so that a version that changes nothing changes no sum.
 */
function follow(parts: readonly MonthPart[], carried: Pick<State, 'sum' | 'exact'>): State[] {
  const [first] = parts;
  const { unit, sumOf, ownMetric } = monthlyKindOf(first!.component);
  const whole = parts.reduce((sum, { sums }) => sum + sumOf(sums), carried.sum);
  const metricOf = ({ component: { tiers }, metric }: MonthPart): bigint =>
    tiers?.metric === ownMetric ? whole : metric;
  const productOf = (part: MonthPart, sum: bigint): bigint =>
    exactProduct(part.component, sum, metricOf(part));

  let state: State = { sum: carried.sum, exact: carried.exact + productOf(first!, carried.sum), paid: 0n };
  let start = state;
  return parts.map((part, index) => {
    if (index > 0 && !isSameRate(parts[index - 1]!, part)) start = state;
    const sum = state.sum + sumOf(part.sums);
    const exact = start.exact + productOf(part, sum) - productOf(part, start.sum);
    const cap = part.component.cap?.amountMinor ?? null;
    state = { sum, exact, paid: paidAfter(start, exact, cap === null ? null : cap * unit) };
    return state;
  });
}

/** A sum times its rate, or its tiered rate: exact, not yet divided by the rate's unit. */
function exactProduct(component: Component, sum: bigint, metric: bigint): bigint {
  const rate = monthlyKindOf(component).rateOf(component);
  return component.tiers ? tieredProduct(component.tiers, sum, metric, rate) : rate * sum;
}

/**
 * What a month pays once its commission went from one state to `exact`. A gain is paid above the
 * zero line and up to the cap, which takes back nothing that an earlier version paid; a loss takes
 * back what the month does not come to any more.
 */
function paidAfter({ exact: before, paid }: State, exact: bigint, cap: bigint | null): bigint {
  const [below, above] = [positive(before), positive(exact)];
  if (exact < before) return above < paid ? above : paid;
  const uncapped = paid + above - below;
  const capped = cap !== null && uncapped > cap ? cap : uncapped;
  return capped > paid ? capped : paid;
}

/**
 * The loss that a month carries on; zero where its last part resets. After a part that resets, only
 * the parts behind it count, and never more than the loss of the whole month.
 */
function lossOf(
  parts: readonly MonthPart[],
  states: readonly State[],
  valueOf: (state: State) => bigint,
): bigint {
  const lastReset = parts.findLastIndex(({ component }) => carryUnitOf(component) === null);
  if (lastReset === parts.length - 1) return 0n;
  const whole = valueOf(states.at(-1)!);
  const tail = lastReset < 0 ? whole : whole - valueOf(states[lastReset]!);
  const loss = tail > whole ? tail : whole;
  return loss < 0n ? loss : 0n;
}

/** Whether two parts are rated alike, whatever else their versions say. */
function isSameRate(a: MonthPart, b: MonthPart): boolean {
  return a.component === b.component || rateKey(a) === rateKey(b);
}

function rateKey({
  component: { label: _label, line: _line, on: _on, ...rate },
  terms: { currency, rounding },
}: MonthPart): string {
  return JSON.stringify([rate, currency, rounding], (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
}

/** The rules of a monthly component. Throws for a component whose slots are not monthly. */
function monthlyKindOf(component: Component): MonthlyKind {
  const kind = kindOf(component);
  if (kind.slotPer !== 'month') throw new Error(`slots of kind ${kind.kind} are not monthly`);
  return kind;
}

const positive = (value: bigint): bigint => (value < 0n ? 0n : value);

function plus(a: SlotSums, b: SlotSums): SlotSums {
  return {
    ...EMPTY_SUMS,
    basisMinor: a.basisMinor + b.basisMinor,
    volumeE4: a.volumeE4 + b.volumeE4,
    conversionsCount: a.conversionsCount + b.conversionsCount,
    factsCount: a.factsCount + b.factsCount,
  };
}
