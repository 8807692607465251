// CPA: one bounty per customer and affiliate for triggers that overlap, pinned to the version of
// the customer's first triggering event, within the caps and steps of the month of the conversion
// that qualifies.
import { DAY, labelOf, lineOf, triggersOf, volumeOf } from './agreements.ts';
import {
  add,
  decimal,
  exponentOf,
  fraction,
  isLess,
  minorUnits,
  round,
  ZERO,
  type Fraction,
} from './exact.ts';
import { amountLeft, metricOf, overlap, shareOf, stepAt, volumeLeft, type Shares } from './metrics.ts';
import { byTime, type Rated } from './rated.ts';
import { leftOf, remains } from './reversals.ts';
import type { Component, Step, World } from './world.ts';

/** A commission for one conversion, before and after what reversals and caps leave of it. */
export interface Single {
  readonly kind: 'cpa' | 'percent' | 'payout';
  readonly label: string;
  /** The conversion that earns it: its time decides month and parents. */
  readonly conversion: Rated;
  /** The conversion whose version prices it: for a CPA the customer's first that triggers. */
  readonly pricedBy: Rated;
  readonly component?: Component;
  amount: bigint;
}

interface Candidate {
  readonly pin: Rated;
  readonly component: Component;
  readonly label: string;
  /** In order of time; an ftd and a deposit of one transaction are one. */
  readonly payments: readonly Payment[];
}

interface Payment {
  readonly conversion: Rated;
  readonly amount: bigint;
  readonly amountLeft: bigint;
  readonly volume: Fraction;
  readonly volumeLeft: Fraction;
}

const largest = (values: readonly bigint[]): bigint => values.reduce((a, b) => (b > a ? b : a));

function paymentsOf(shares: Shares, conversions: readonly Rated[]): Payment[] {
  const isPair = (ftd: Rated, deposit: Rated) =>
    ftd.event.event === 'ftd' &&
    deposit.event.event === 'deposit' &&
    ftd.event.transaction_id !== undefined &&
    ftd.event.transaction_id === deposit.event.transaction_id;
  return conversions
    .filter((each) => !conversions.some((other) => isPair(other, each)))
    .map((conversion) => {
      const same = conversions.filter((other) => other === conversion || isPair(conversion, other));
      return {
        conversion,
        amount: largest(same.map((each) => each.amount)),
        amountLeft: largest(same.map((each) => amountLeft(shares, each))),
        volume: volumeOf(conversion.event),
        volumeLeft: volumeLeft(shares, conversion),
      };
    });
}

/** Groups a customer's triggering conversions by deal and component. */
function candidatesOf(shares: Shares, conversions: readonly Rated[]): Candidate[] {
  const groups = new Map<string, { component: Component; label: string; conversions: Rated[] }>();
  for (const conversion of [...conversions].sort(byTime)) {
    for (const component of conversion.components) {
      if (component.kind !== 'cpa') continue;
      const label = labelOf(conversion.terms, component);
      const key = `${conversion.deal.id} ${label}`;
      const group = groups.get(key);
      if (group) group.conversions.push(conversion);
      else groups.set(key, { component, label, conversions: [conversion] });
    }
  }
  return [...groups.values()].map(({ component, label, conversions: own }) => ({
    pin: own[0]!,
    component,
    label,
    payments: paymentsOf(shares, own),
  }));
}

/**
 * The conversion with which the customer qualifies: the first, or the one that completes the sum of
 * what is left by these shares.
 */
function qualifying(world: World, { component, payments, pin }: Candidate, left?: Shares): Rated | undefined {
  const exponent = exponentOf(pin.currency, world.currencies);
  const [amount, volume] = [component.min_amount, component.min_volume];
  const minimum = amount === undefined ? ZERO : minorUnits(amount, exponent);
  const minimumVolume = volume === undefined ? ZERO : decimal(volume);
  const isEnough = (sum: Fraction, lots: Fraction) => !isLess(sum, minimum) && !isLess(lots, minimumVolume);
  if (component.qualify !== 'cumulative') {
    const first = payments[0]!;
    return isEnough(fraction(first.amount), first.volume) ? first.conversion : undefined;
  }
  const until = pin.at + (component.within_days ?? Infinity) * DAY;
  let [sum, lots] = [ZERO, ZERO];
  for (const payment of payments) {
    if (payment.conversion.at > until) break;
    if (left && isTakenBack(left, payment)) continue;
    sum = add(sum, fraction(left ? payment.amountLeft : payment.amount));
    lots = add(lots, left ? payment.volumeLeft : payment.volume);
    if (isEnough(sum, lots)) return payment.conversion;
  }
  return undefined;
}

function isTakenBack(shares: Shares, { conversion, amountLeft: amount, volumeLeft: volume }: Payment) {
  return amount === 0n && !isLess(ZERO, volume) && !remains(shareOf(shares, conversion));
}

/**
 * Two components that one version pays side by side do not compete; all others with overlapping
 * triggers do.
 */
function compete(a: Candidate, b: Candidate): boolean {
  if (!overlap(triggersOf(a.component), triggersOf(b.component))) return false;
  const has = ({ pin }: Candidate, label: string) =>
    pin.terms.components.some((component) => labelOf(pin.terms, component) === label);
  return a.pin.deal !== b.pin.deal || !(has(a, b.label) || has(b, a.label));
}

/**
 * The candidates of one customer that may be paid: of those that compete, the one that qualified
 * first.
 */
function winnersOf(world: World, candidates: readonly Candidate[]): Candidate[] {
  const qualified = candidates
    .map((candidate) => ({ candidate, by: qualifying(world, candidate) }))
    .filter((each): each is { candidate: Candidate; by: Rated } => each.by !== undefined)
    .sort((a, b) => byTime(a.by, b.by));
  const winners: Candidate[] = [];
  for (const { candidate } of qualified) {
    if (!winners.some((winner) => compete(winner, candidate))) winners.push(candidate);
  }
  return winners;
}

const grouped = <T>(items: readonly T[], keyOf: (item: T) => string): T[][] => {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups.values()];
};

/**
 * What a bounty pays by its fixed amount or its steps, of which own ones count the month's
 * bounties.
 */
function grossOf(
  world: World,
  single: Single,
  rank: number,
  count: number,
  ofDeal: readonly Rated[],
  shares: Shares,
) {
  const { component, pricedBy, conversion } = single;
  const exponent = exponentOf(pricedBy.currency, world.currencies);
  const tiers = component!.tiers;
  if (tiers === undefined) return round(minorUnits(component!.amount ?? '0', exponent), pricedBy.rounding);
  const isMoney = tiers.metric === 'revenue';
  const from = (step: Step) => (isMoney ? minorUnits(step.from, exponent) : decimal(step.from));
  const own = tiers.mode === 'marginal' ? rank : count;
  const figure =
    tiers.metric === 'ftd_count'
      ? fraction(BigInt(own))
      : metricOf(tiers.metric, shares, ofDeal, conversion.month);
  return round(minorUnits(stepAt(tiers, from, figure)?.amount ?? '0', exponent), pricedBy.rounding);
}

/**
 * Caps of a month: the earliest conversions come first, and one that is paid nothing takes no
 * place.
 */
export function cap(world: World, singles: readonly Single[]): void {
  let [count, sum] = [0, 0n];
  for (const single of [...singles].sort((a, b) => byTime(a.conversion, b.conversion))) {
    const limits = single.component?.cap;
    const exponent = exponentOf(single.pricedBy.currency, world.currencies);
    if (limits?.count !== undefined && count >= limits.count) single.amount = 0n;
    if (limits?.amount !== undefined) {
      const room = minorUnits(limits.amount, exponent).n - sum;
      if (single.amount > room) single.amount = room > 0n ? room : 0n;
    }
    if (single.amount <= 0n) continue;
    count += 1;
    sum += single.amount;
  }
}

/** All bounties of a world. */
export function bountiesOf(world: World, conversions: readonly Rated[], shares: Shares): Single[] {
  const paid: Single[] = [];
  for (const ofCustomer of grouped(conversions, ({ affiliate, subject }) => `${affiliate} ${subject}`)) {
    for (const winner of winnersOf(world, candidatesOf(shares, ofCustomer))) {
      const conversion = qualifying(world, winner, shares);
      const { component, label, pin: pricedBy } = winner;
      const isBySum = component.qualify === 'cumulative';
      if (conversion === undefined || !(isBySum || remains(shareOf(shares, conversion)))) continue;
      paid.push({ kind: 'cpa', label, conversion, pricedBy, component, amount: 0n });
    }
  }
  const keyOf = ({ conversion: { affiliate, month }, pricedBy: { deal, version }, component }: Single) =>
    [affiliate, deal.id, lineOf(deal, version, component!), month].join(' ');
  for (const ofMonth of grouped(paid, keyOf)) {
    ofMonth.sort((a, b) => byTime(a.conversion, b.conversion));
    const { affiliate, deal } = ofMonth[0]!.pricedBy;
    const ofDeal = conversions.filter((each) => each.affiliate === affiliate && each.deal === deal);
    for (const [index, single] of ofMonth.entries()) {
      const gross = grossOf(world, single, index + 1, ofMonth.length, ofDeal, shares);
      const isWhole = single.component?.qualify === 'cumulative';
      const share = isWhole ? ZERO : shareOf(shares, single.conversion);
      single.amount = leftOf(gross, share, (value) => round(value, single.pricedBy.rounding));
    }
    cap(world, ofMonth);
  }
  return paid;
}
