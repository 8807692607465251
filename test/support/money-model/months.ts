// Revenue shares and lots: one sum per affiliate, deal, component and calendar month, whatever
// number of versions the month has. Versions are its parts in order of their start; equal ones side
// by side count as one. Where parents are paid, a part is divided by who they were.
import { labelOf, lineOf, parentsAt, startOf, tiersOf } from './agreements.ts';
import { add, decimal, exponentOf, fraction, isLess, larger, minorUnits, multiply } from './exact.ts';
import { round, smaller, subtract, total, ZERO, type Fraction } from './exact.ts';
import { amountLeft, metricOf, stepAt, volumeLeft, type Shares } from './metrics.ts';
import { byTime, type Rated } from './rated.ts';
import type { Component, Rounding, Step, Tiers, World } from './world.ts';

interface Entry {
  readonly conversion: Rated;
  readonly component: Component;
  readonly base: Fraction;
  readonly chain: readonly string[];
}

/** What one chain of parents is paid of: a share of a month's commission. */
export interface Share {
  readonly chain: readonly string[];
  readonly percents: readonly string[];
  readonly rounding: Rounding;
  readonly amount: bigint;
}

export interface MonthlyCommission {
  readonly kind: 'revshare' | 'per_lot';
  readonly affiliate: string;
  readonly deal: string;
  readonly label: string;
  readonly month: string;
  readonly currency: string;
  readonly amount: bigint;
  readonly shares: readonly Share[];
}

/** Adjacent versions that price alike: their conversions, divided by parents. */
interface Part {
  readonly component: Component;
  readonly tiers: Tiers | undefined;
  readonly rounding: Rounding;
  readonly byChain: readonly (readonly Entry[])[];
}

interface Losses {
  readonly ngr: Fraction;
  readonly commission: Fraction;
}

const sumOf = (entries: readonly Entry[]): Fraction => total(entries.map(({ base }) => base));

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

const percentsOf = ({ terms }: Rated): string[] => (terms.overrides ?? []).map(({ percent }) => percent);

/** The parts of a month in order of their versions' start. */
function partsOf(entries: readonly Entry[]): Part[] {
  const versions = [
    ...groupBy(entries, ({ conversion: { deal, version } }) => `${deal.versions.indexOf(version)}`),
  ]
    .map(([index, own]) => ({ index: Number(index), own, start: startOf(own[0]!.conversion.version) }))
    .sort((a, b) => (a.start === b.start ? a.index - b.index : a.start - b.start));
  const merged: Entry[][] = [];
  const formOf = ({ component, conversion: { terms, rounding } }: Entry) =>
    JSON.stringify([component, tiersOf(terms, component), rounding]);
  for (const { own } of versions) {
    const last = merged.at(-1);
    if (last !== undefined && formOf(last[0]!) === formOf(own[0]!)) last.push(...own);
    else merged.push([...own]);
  }
  return merged.map((own) => {
    own.sort((a, b) => byTime(a.conversion, b.conversion));
    const { component, conversion } = own[0]!;
    const chains = groupBy(own, (entry) =>
      JSON.stringify([entry.chain, entry.chain.length ? percentsOf(entry.conversion) : []]),
    );
    const { terms, rounding } = conversion;
    return { component, tiers: tiersOf(terms, component), rounding, byChain: [...chains.values()] };
  });
}

/** Works out the rates of one month, in smallest units of money for each unit of the base. */
class Month {
  private readonly exponent: number;
  private readonly isMoney: boolean;
  private readonly first: Rated;
  private readonly ofDeal: readonly Rated[];
  private readonly shares: Shares;

  constructor(world: World, first: Rated, ofDeal: readonly Rated[], shares: Shares, isMoney: boolean) {
    [this.first, this.ofDeal, this.shares, this.isMoney] = [first, ofDeal, shares, isMoney];
    this.exponent = exponentOf(first.currency, world.currencies);
  }

  private priceOf(of: { readonly percent?: string; readonly amount?: string } | undefined): Fraction {
    if (this.isMoney) return multiply(decimal(of?.percent ?? '0'), fraction(1n, 100n));
    return minorUnits(of?.amount ?? '0', this.exponent);
  }

  private fromOf(tiers: Tiers): (step: Step) => Fraction {
    return ({ from }) => (tiers.metric === 'revenue' ? minorUnits(from, this.exponent) : decimal(from));
  }

  /**
   * What steps pay from zero up to a figure, each stretch by its own step; a loss like the first
   * cent.
   */
  private marginalUpTo(tiers: Tiers, figure: Fraction): Fraction {
    const from = this.fromOf(tiers);
    if (isLess(figure, ZERO)) return multiply(figure, this.priceOf(stepAt(tiers, from, ZERO)));
    return total(
      tiers.steps.map((step, index) => {
        const next = tiers.steps[index + 1];
        const end = next === undefined ? figure : smaller(figure, from(next));
        return multiply(larger(ZERO, subtract(end, from(step))), this.priceOf(step));
      }),
    );
  }

  /** What a stretch of the month's base earns by a part's terms. */
  gain(part: Part, before: Fraction, base: Fraction, whole: Fraction): Fraction {
    const { tiers, component } = part;
    if (tiers === undefined) return multiply(base, this.priceOf(component));
    if (tiers.mode === 'marginal') {
      return subtract(this.marginalUpTo(tiers, add(before, base)), this.marginalUpTo(tiers, before));
    }
    const isOwn = tiers.metric === (this.isMoney ? 'revenue' : 'volume');
    const figure = isOwn ? whole : metricOf(tiers.metric, this.shares, this.ofDeal, this.first.month);
    return multiply(base, this.priceOf(stepAt(tiers, this.fromOf(tiers), figure)));
  }

  limitOf({ component: { cap } }: Part): Fraction | undefined {
    return cap?.amount === undefined ? undefined : minorUnits(cap.amount, this.exponent);
  }
}

/**
 * The sum of a month's gains, and what is paid of it: nothing below zero, and no more than the cap.
 */
interface Running {
  readonly sum: Fraction;
  readonly paid: Fraction;
}

function advance({ sum, paid }: Running, gain: Fraction, limit: Fraction | undefined): Running {
  const next = add(sum, gain);
  if (isLess(gain, ZERO)) return { sum: next, paid: smaller(paid, larger(ZERO, next)) };
  const up = add(paid, subtract(larger(ZERO, next), larger(ZERO, sum)));
  return { sum: next, paid: larger(paid, limit === undefined ? up : smaller(up, limit)) };
}

/**
 * Divides what a part is paid among chains of parents, in order of their first conversion; the last
 * takes the rest.
 */
function divide(
  part: Part,
  gains: readonly Fraction[],
  start: Running,
  end: Running,
  limit?: Fraction,
): Share[] {
  const shares: Share[] = [];
  let running = start;
  for (const [index, entries] of part.byChain.entries()) {
    const next = index === part.byChain.length - 1 ? end : advance(running, gains[index]!, limit);
    const { chain, conversion } = entries[0]!;
    const amount = round(next.paid, part.rounding) - round(running.paid, part.rounding);
    shares.push({ chain, percents: percentsOf(conversion), rounding: part.rounding, amount });
    running = next;
  }
  return shares;
}

/**
 * The shares with what a later one lost taken off the latest before it that earned, so that nobody
 * pays back what another version earned.
 */
function withoutLosses(shares: readonly Share[]): Share[] {
  let lost = 0n;
  const kept = shares.toReversed().map((share) => {
    const amount = share.amount + lost;
    lost = amount < 0n ? amount : 0n;
    return { ...share, amount: amount < 0n ? 0n : amount };
  });
  return kept.toReversed();
}

function rateMonth(month: Month, parts: readonly Part[], carried: Losses, isByNgr: boolean) {
  const bases = parts.map(({ byChain }) => byChain.map(sumOf));
  const loss = isByNgr ? carried.ngr : ZERO;
  const whole = add(loss, total(bases.flat()));
  let before = ZERO;
  let running: Running = { sum: isByNgr ? ZERO : carried.commission, paid: ZERO };
  const shares: Share[] = [];
  for (const [index, part] of parts.entries()) {
    const limit = month.limitOf(part);
    const gains = bases[index]!.map((base, place) => {
      const withLoss = index === 0 && place === 0 ? add(loss, base) : base;
      const gain = month.gain(part, before, withLoss, whole);
      before = add(before, withLoss);
      return gain;
    });
    const end = advance(running, total(gains), limit);
    shares.push(...divide(part, gains, running, end, limit));
    running = end;
  }
  return { shares: withoutLosses(shares), sum: running.sum };
}

const isCarrying = ({ component }: Part) => component.negative === 'carry';

/** All months of one affiliate, deal and component, in order, with the losses that they hand on. */
function monthsOf(world: World, entries: readonly Entry[], ofDeal: readonly Rated[], shares: Shares) {
  const first = entries[0]!;
  const kind = first.component.kind as 'revshare' | 'per_lot';
  const commissions: MonthlyCommission[] = [];
  let losses: Losses = { ngr: ZERO, commission: ZERO };
  const months = [...groupBy(entries, ({ conversion }) => conversion.month)].sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  for (const [name, own] of months) {
    const parts = partsOf(own);
    const month = new Month(world, own[0]!.conversion, ofDeal, shares, kind === 'revshare');
    // A month that resets, even in one of its parts, forgets what was carried into it.
    const carried = parts.every(isCarrying) ? losses : { ngr: ZERO, commission: ZERO };
    const isByNgr = parts[0]!.component.carry_by !== 'commission';
    const { shares: divided } = rateMonth(month, parts, carried, isByNgr);
    const base = add(carried.ngr, total(own.map((entry) => entry.base)));
    const { sum } = rateMonth(month, parts, carried, false);
    // What a month lost as commission is money, and rounded like what a month earns.
    const lost = fraction(round(smaller(ZERO, sum), parts.at(-1)!.rounding));
    losses = parts.every(isCarrying) ? { ngr: smaller(ZERO, base), commission: lost } : carried;
    const { affiliate, deal, currency, terms } = own[0]!.conversion;
    commissions.push({
      kind,
      affiliate,
      deal: deal.id,
      label: labelOf(terms, own[0]!.component),
      month: name,
      currency,
      amount: divided.reduce((all, each) => all + each.amount, 0n),
      shares: divided,
    });
  }
  return commissions;
}

/** All monthly commissions of a world. */
export function monthlyCommissions(
  world: World,
  conversions: readonly Rated[],
  shares: Shares,
): MonthlyCommission[] {
  const entries: (Entry & { key: string })[] = [];
  for (const conversion of [...conversions].sort(byTime)) {
    for (const component of conversion.components) {
      if (component.kind !== 'revshare' && component.kind !== 'per_lot') continue;
      const base =
        component.kind === 'revshare'
          ? fraction(amountLeft(shares, conversion))
          : volumeLeft(shares, conversion);
      const chain = parentsAt(world, conversion.affiliate, conversion.at, percentsOf(conversion).length);
      const { affiliate, deal, version } = conversion;
      const key = [affiliate, deal.id, lineOf(deal, version, component)].join(' ');
      entries.push({ conversion, component, base, chain, key });
    }
  }
  return [...groupBy(entries, ({ key }) => key).values()].flatMap((own) => {
    const { affiliate, deal } = own[0]!.conversion;
    const ofDeal = conversions.filter((each) => each.affiliate === affiliate && each.deal === deal);
    return monthsOf(world, own, ofDeal, shares);
  });
}
