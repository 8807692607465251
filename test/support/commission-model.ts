// What a history of events should have earned, by a model that looks at the whole history at once and knows no slots, batches or deltas. It reads
// terms as they are written, and gets at its figures by other ways than the rules: caps by clipping running totals, carried months by the worst
// run of months before, tiers by cutting a sum into bands, rounding by counting half units.
import type { WireComponent, WireTerms, WireTiers } from '../../domain/commission/terms.ts';
import type { ConversionEvent } from '../../domain/types.ts';
import { DAY_MS } from './builders.ts';

export type ModelVersion = { version: number; from: number; terms: WireTerms };
export type ModelRate = { base: string; quote: string; rate: string; asOf: number };

/** The one deal, by version, who brought whom, who stands above whom (nearest first), and the rates there are. Months are those of UTC. */
export type World = {
  versions: readonly ModelVersion[];
  affiliateOf: (customerId: string) => string;
  parentsOf: (affiliateId: string) => readonly string[];
  rates: readonly ModelRate[];
};

/** A thing that is paid for: what it is in words, who is paid, and how much. */
export type Earning = { name: string; affiliateId: string; minor: bigint };

type Mode = WireTerms['rounding'];
type Fraction = readonly [bigint, bigint];

/** A conversion as it stands at the end: which version rates it, what it is worth, and which part of it is gone. */
type Conversion = {
  event: ConversionEvent;
  by: ModelVersion;
  affiliateId: string;
  month: string;
  byOperator: boolean;
  basis: bigint;
  gone: Fraction;
};

/** All that should be earned at the end of a history, parents' parts included; what is worth nothing is left out. */
export function expectedEarnings(history: readonly ConversionEvent[], world: World): Earning[] {
  const conversions = history
    .flatMap((event) => standing(event, history, world))
    .toSorted((a, b) => (happenedAt(a.event) < happenedAt(b.event) ? -1 : 1));
  const own = [...customers(conversions), ...singles(conversions), ...months(conversions)];
  const parts = own.flatMap(({ by: { terms }, ...earning }) =>
    (terms.overrides ?? []).flatMap(({ percent }, index) => {
      const affiliateId = world.parentsOf(earning.affiliateId)[index];
      if (affiliateId === undefined) return [];
      const minor = rounded(ppm(percent) * earning.minor, 1_000_000n, terms.rounding);
      return [{ name: `part ${index + 1} of ${earning.name}`, affiliateId, minor }];
    }),
  );
  return [...own.map(({ name, affiliateId, minor }) => ({ name, affiliateId, minor })), ...parts].filter(
    ({ minor }) => minor !== 0n,
  );
}

/** Events that cannot be settled yet, by the terms of their day: for want of a rate, or of the payout that the operator owes. */
export function mustWait(event: ConversionEvent, { versions, rates }: World): boolean {
  const { terms } = versionAt(versions, event.occurredAt);
  const policy = terms.payout ?? 'ignore';
  const byOperator = policy !== 'ignore' && event.payoutMinor !== null;
  const paying = terms.components.filter((component) => listens(component, event));
  if (policy === 'require' && !byOperator && paying.length > 0) return true;
  if (event.currency === null || event.currency === terms.currency) return false;
  const hasRate = rateAt(rates, event.currency, terms.currency, event.occurredAt) !== undefined;
  const isCounted =
    event.type === 'revenue' && terms.components.some((one) => tiersOf(one, terms)?.metric === 'revenue');
  return !hasRate && (byOperator || paying.some((one) => needsAmount(one)) || isCounted);
}

function needsAmount({ kind, min_amount: minimum }: WireComponent): boolean {
  return kind === 'percent' || kind === 'revshare' || (kind === 'cpa' && minimum !== undefined);
}

function standing(event: ConversionEvent, history: readonly ConversionEvent[], world: World): Conversion[] {
  if (isAgainst(event) || mustWait(event, world)) return [];
  const by = versionAt(world.versions, event.occurredAt);
  const byOperator = (by.terms.payout ?? 'ignore') !== 'ignore' && event.payoutMinor !== null;
  const basis = exchanged(
    (byOperator ? event.payoutMinor : event.amountMinor) ?? 0n,
    event,
    by.terms.currency,
    world.rates,
  );
  const gone = goneOf(event, by.terms, history, world.rates);
  const month = new Date(event.occurredAt).toISOString().slice(0, 7);
  return [{ event, by, affiliateId: world.affiliateOf(event.customerId!), month, byOperator, basis, gone }];
}

/** The part of a conversion that was taken back for good. */
function goneOf(
  conversion: ConversionEvent,
  { clawback }: WireTerms,
  history: readonly ConversionEvent[],
  rates: readonly ModelRate[],
): Fraction {
  const against = history.filter((event) => isAbout(event, conversion));
  const isWon = against.some(({ type }) => type === 'chargeback_won');
  const amount = conversion.amountMinor ?? 0n;
  let refunded = 0n;
  for (const event of against) {
    const { type, reference, amountMinor, occurredAt } = event;
    if (type === 'chargeback_won' || (type === 'chargeback' && isWon)) continue;
    const policy = clawback[type as 'refund'];
    if (policy === 'none') continue;
    if (reference === null && occurredAt - conversion.occurredAt > clawback.days * DAY_MS) continue;
    if (policy === 'full' || reference === null || amountMinor === null || amount <= 0n) return [1n, 1n];
    refunded += exchanged(
      amountMinor,
      { ...event, occurredAt: conversion.occurredAt },
      conversion.currency!,
      rates,
    );
  }
  return amount > 0n && refunded > 0n ? [refunded < amount ? refunded : amount, amount] : [0n, 1n];
}

const AGAINST: readonly string[] = [
  'refund',
  'chargeback',
  'fraud',
  'bonus_abuse',
  'account_closure',
  'chargeback_won',
];

function isAgainst({ type }: ConversionEvent): boolean {
  return AGAINST.includes(type);
}

function isAbout(event: ConversionEvent, conversion: ConversionEvent): boolean {
  if (!isAgainst(event)) return false;
  if (event.reference !== null)
    return (
      event.reference === conversion.transactionId && [null, conversion.type].includes(event.referenceType)
    );
  return (
    event.type !== 'chargeback_won' &&
    event.customerId === conversion.customerId &&
    conversion.occurredAt <= event.occurredAt
  );
}

/** What is left of a whole. */
function kept(whole: bigint, [part, of]: Fraction, mode: Mode): bigint {
  return whole - rounded(whole * part, of, mode);
}

const isGone = ({ gone: [part, of] }: Conversion): boolean => part === of;

// What is paid once: for a customer, or for one event.

type Own = Earning & { by: ModelVersion };
/** Something paid by itself: for which conversion, by which component of which version, and what it brings as the n-th of so many. */
type Single = {
  name: string;
  of: Conversion;
  by: ModelVersion;
  component: WireComponent;
  isAlive: boolean;
  worth: (place: bigint, reached: bigint) => bigint;
};

function customers(conversions: readonly Conversion[]): Own[] {
  const byCustomer = grouped(
    conversions.flatMap((conversion) => payingFor(conversion, 'cpa')),
    ({ label, of }) => `cpa ${label} ${of.event.customerId}`,
  );
  const found = Array.from(byCustomer, ([name, all]): Single | null => {
    // The terms of the first are the terms that were agreed for this customer.
    const { component, of: first } = all[0]!;
    const { by } = first;
    const of = qualifying(
      component,
      all.map((one) => one.of),
      by.terms.currency,
    );
    if (of === null) return null;
    const left: Fraction = component.qualify === 'cumulative' ? [0n, 1n] : of.gone;
    const base = component.amount === undefined ? 0n : minorOf(component.amount, by.terms.currency);
    const { tiers } = component;
    const worth = (place: bigint, reached: bigint): bigint => {
      const amount = tiers
        ? stepAt(tiers, tiers.mode === 'marginal' ? place : reached, base, by.terms.currency)
        : base;
      return kept(amount, left, by.terms.rounding);
    };
    return { name, of, by, component, isAlive: !isGone(of), worth };
  });
  return paid(
    found.filter((one) => one !== null),
    conversions,
  );
}

function qualifying(
  component: WireComponent,
  ordered: readonly Conversion[],
  currency: string,
): Conversion | null {
  const { qualify, min_amount: minimum, min_volume: lots, within_days: days } = component;
  const least = minimum === undefined ? null : minorOf(minimum, currency);
  if (qualify !== 'cumulative') return least === null || ordered[0]!.basis >= least ? ordered[0]! : null;
  const until = days === undefined ? Infinity : ordered[0]!.event.occurredAt + days * DAY_MS;
  const inTime = ordered.filter(({ event }) => event.occurredAt <= until);
  const sum = (upTo: number, of: (one: Conversion) => bigint): bigint =>
    inTime.slice(0, upTo + 1).reduce((total, one) => total + kept(of(one), one.gone, 'half_even'), 0n);
  const index = inTime.findIndex(
    (one, at) =>
      !isGone(one) &&
      (least === null || sum(at, ({ basis }) => basis) >= least) &&
      (lots === undefined || sum(at, ({ event }) => event.volumeE4 ?? 0n) >= scaled(lots, 4)),
  );
  return inTime[index] ?? null;
}

function singles(conversions: readonly Conversion[]): Own[] {
  const computed = conversions
    .filter(({ byOperator }) => byOperator)
    .map(({ event, basis, gone, affiliateId, by }): Own => {
      return { name: `payout ${event.id}`, affiliateId, by, minor: kept(basis, gone, by.terms.rounding) };
    });
  const percents = conversions
    .flatMap((conversion) => payingFor(conversion, 'percent'))
    .map(({ component, label, of }): Single => {
      const { rounding } = of.by.terms;
      const left = kept(rounded(ppm(component.percent!) * of.basis, 1_000_000n, rounding), of.gone, rounding);
      const worth = (): bigint => (left < 0n ? 0n : left);
      return { name: `percent ${label} ${of.event.id}`, of, by: of.by, component, isAlive: left > 0n, worth };
    });
  return [...computed, ...paid(percents, conversions)];
}

/** Pays each by itself, or, where its month caps or steps it, in the order in which they happened. */
function paid(all: readonly Single[], conversions: readonly Conversion[]): Own[] {
  const isRanked = ({ component }: Single): boolean =>
    component.cap !== undefined || component.tiers !== undefined;
  const alone = all
    .filter((one) => !isRanked(one) && one.isAlive)
    .map((one) => asOwn(one, one.worth(1n, 1n)));
  const ranked = all.filter((one) => isRanked(one) && one.isAlive);
  const pools = grouped(
    ranked,
    ({ name, of }) => `${name.split(' ', 2).join(' ')} ${of.affiliateId} ${of.month}`,
  );
  return [...alone, ...[...pools.values()].flatMap((pool) => shared(pool, conversions))];
}

function shared(pool: readonly Single[], conversions: readonly Conversion[]): Own[] {
  const ordered = pool.toSorted((a, b) => (happenedAt(a.of.event) < happenedAt(b.of.event) ? -1 : 1));
  const worths = ordered.map(({ worth, component, of }, index) => {
    const metric = component.tiers?.metric ?? 'ftd_count';
    const reached = metric === 'ftd_count' ? BigInt(ordered.length) : monthOf(of, conversions)[metric];
    return worth(BigInt(index + 1), reached);
  });
  let [running, count] = [0n, 0];
  return ordered.map((one, index): Own => {
    const { cap } = one.component;
    const most = cap?.amount === undefined ? null : minorOf(cap.amount, one.by.terms.currency);
    const isFull = cap?.count !== undefined && count >= cap.count;
    const total = isFull ? running : running + worths[index]!;
    const clipped = most !== null && total > most ? (running > most ? running : most) : total;
    const minor = clipped - running;
    running = clipped;
    if (minor > 0n) count++;
    return asOwn(one, minor);
  });
}

function asOwn({ name, of: { affiliateId }, by }: Single, minor: bigint): Own {
  return { name, affiliateId, by, minor };
}

// What is paid for a month's sum.

type Month = {
  name: string;
  label: string;
  month: string;
  component: WireComponent;
  of: Conversion;
  basis: bigint;
  volume: bigint;
};

function months(conversions: readonly Conversion[]): Own[] {
  const paying = conversions.flatMap((conversion) => [
    ...payingFor(conversion, 'revshare'),
    ...payingFor(conversion, 'per_lot'),
  ]);
  const sums = grouped(
    paying,
    ({ component, label, of }) =>
      `${component.kind} ${label} ${of.affiliateId} ${of.month} v${of.by.version}`,
  );
  const all = Array.from(sums, ([name, parts]): Month => {
    const { component, label, of } = parts[0]!;
    const sum = (whole: (one: Conversion) => bigint): bigint =>
      parts.reduce((total, part) => total + kept(whole(part.of), part.of.gone, 'half_even'), 0n);
    const [basis, volume] = [sum((one) => one.basis), sum(({ event }) => event.volumeE4 ?? 0n)];
    return { name, label, month: of.month, component, of, basis, volume };
  });
  const chains = grouped(all, ({ component, label, of }) => `${component.kind} ${label} ${of.affiliateId}`);
  return [...chains.values()].flatMap((chain) => {
    const ordered = chain.toSorted((a, b) =>
      a.month === b.month ? a.of.by.version - b.of.by.version : a.month < b.month ? -1 : 1,
    );
    return ordered.map((month, index) => monthly(month, ordered.slice(0, index), conversions));
  });
}

function monthly(month: Month, before: readonly Month[], conversions: readonly Conversion[]): Own {
  const { name, component, of } = month;
  const { currency } = of.by.terms;
  let minor: bigint;
  if (component.kind === 'per_lot' || component.negative !== 'carry') minor = shareOf(month, 0n, conversions);
  else if (component.carry_by === 'commission')
    minor = shareOf(month, 0n, conversions) + worstRun(before, (one) => shareOf(one, 0n, conversions));
  else
    minor = shareOf(
      month,
      worstRun(before, ({ basis }) => basis),
      conversions,
    );
  const cap = component.cap?.amount === undefined ? null : minorOf(component.cap.amount, currency);
  const least = minor < 0n ? 0n : minor;
  return { name, affiliateId: of.affiliateId, by: of.by, minor: cap !== null && least > cap ? cap : least };
}

/** The most that any unbroken run of carrying months just before lost; nothing where none did. */
function worstRun(before: readonly Month[], lossOf: (month: Month) => bigint): bigint {
  let [worst, run] = [0n, 0n];
  for (const month of before.toReversed()) {
    if (month.component.negative !== 'carry') break;
    run += lossOf(month);
    if (run < worst) worst = run;
  }
  return worst;
}

/** What a month's sum pays, below zero too. */
function shareOf(
  { component, basis, volume, of }: Month,
  carried: bigint,
  conversions: readonly Conversion[],
): bigint {
  const { terms } = of.by;
  const isLots = component.kind === 'per_lot';
  const sum = isLots ? volume : basis + carried;
  const given = isLots ? component.amount : component.percent;
  const base = given === undefined ? 0n : isLots ? minorOf(given, terms.currency) : ppm(given);
  const tiers = tiersOf(component, terms);
  const per = isLots ? 10_000n : 1_000_000n;
  if (!tiers) return rounded(base * sum, per, terms.rounding);
  const isOwn = tiers.metric === (isLots ? 'volume' : 'revenue');
  const metric = isOwn ? sum : monthOf(of, conversions)[tiers.metric];
  const exact =
    tiers.mode === 'retroactive'
      ? stepAt(tiers, metric, base, terms.currency) * sum
      : banded(tiers, sum, base, terms.currency);
  return rounded(exact, per, terms.rounding);
}

/** Cuts a sum into the bands of the steps. What lies below zero is lost at the rate at which the first would be earned. */
function banded(tiers: WireTiers, sum: bigint, base: bigint, currency: string): bigint {
  if (sum < 0n) return stepAt(tiers, 0n, base, currency) * sum;
  const steps = [{ from: 0n, rate: base }, ...stepsOf(tiers, currency)];
  return steps.reduce((total, { from, rate }, index) => {
    const to = steps[index + 1]?.from ?? sum;
    const top = to < sum ? to : sum;
    return top > from ? total + rate * (top - from) : total;
  }, 0n);
}

// What tiers go by.

/** What the month of a conversion came to for its affiliate: of events whose terms tie things to a month at all. */
function monthOf(
  { affiliateId, month }: Conversion,
  conversions: readonly Conversion[],
): Record<WireTiers['metric'], bigint> {
  const counted = conversions.filter(
    (one) => one.affiliateId === affiliateId && one.month === month && ties(one.by.terms),
  );
  const sum = (of: (one: Conversion) => bigint): bigint =>
    counted.reduce((total, one) => total + of(one), 0n);
  return {
    revenue: sum(({ event, byOperator, basis, gone }) =>
      event.type === 'revenue' && !byOperator ? kept(basis, gone, 'half_even') : 0n,
    ),
    volume: sum(({ event, gone }) =>
      ['trade', 'volume'].includes(event.type) ? kept(event.volumeE4 ?? 0n, gone, 'half_even') : 0n,
    ),
    ftd_count: sum((one) => (one === firstDepositOf(one, conversions) && !isGone(one) ? 1n : 0n)),
  };
}

/** The first of a customer's first deposits that a month counts at all; the conversions are in the order in which they happened. */
function firstDepositOf(
  { event: { customerId } }: Conversion,
  conversions: readonly Conversion[],
): Conversion | undefined {
  return conversions.find(
    ({ event, by }) => event.type === 'ftd' && event.customerId === customerId && ties(by.terms),
  );
}

function ties(terms: WireTerms): boolean {
  return terms.components.some((component) => {
    const { kind, cap, negative } = component;
    const tiers = tiersOf(component, terms);
    if (kind === 'cpa' || kind === 'percent') return cap !== undefined || tiers !== undefined;
    return (
      negative === 'carry' ||
      (tiers !== undefined && tiers.metric !== (kind === 'per_lot' ? 'volume' : 'revenue'))
    );
  });
}

function tiersOf(component: WireComponent, terms: WireTerms): WireTiers | undefined {
  return component.tiers ?? (component.kind === 'revshare' ? terms.tiers : undefined);
}

function stepsOf({ metric, steps }: WireTiers, currency: string): { from: bigint; rate: bigint }[] {
  const from = {
    revenue: (text: string) => minorOf(text, currency),
    volume: (text: string) => scaled(text, 4),
    ftd_count: BigInt,
  }[metric];
  return steps.map((step) => ({
    from: from(step.from),
    rate: step.percent === undefined ? minorOf(step.amount!, currency) : ppm(step.percent),
  }));
}

function stepAt(tiers: WireTiers, reached: bigint, base: bigint, currency: string): bigint {
  return stepsOf(tiers, currency).findLast(({ from }) => from <= reached)?.rate ?? base;
}

// Who pays for what.

const DEFAULT_ON: Record<WireComponent['kind'], readonly string[]> = {
  cpa: ['ftd'],
  percent: ['sale', 'challenge_purchase'],
  revshare: ['revenue'],
  per_lot: ['trade', 'volume'],
};

const onOf = ({ kind, on }: WireComponent): readonly string[] =>
  on === undefined ? DEFAULT_ON[kind] : [on].flat();
const listens = (component: WireComponent, { type }: ConversionEvent): boolean =>
  onOf(component).includes(type);

/** The components of a kind that pay for a conversion, named by what they pay for and, among equals, by their place. */
function payingFor(of: Conversion, kind: WireComponent['kind']) {
  if (of.byOperator) return [];
  const nameOf = (component: WireComponent): string => `${kind}:${[...onOf(component)].toSorted().join('+')}`;
  const ofKind = of.by.terms.components.filter((component) => component.kind === kind);
  return ofKind.flatMap((component, index) => {
    if (!listens(component, of.event)) return [];
    const earlier = ofKind.slice(0, index).filter((other) => nameOf(other) === nameOf(component)).length;
    return [{ component, of, label: `${nameOf(component)}${earlier === 0 ? '' : `#${earlier + 1}`}` }];
  });
}

function versionAt(versions: readonly ModelVersion[], moment: number): ModelVersion {
  return versions.filter(({ from }) => from <= moment).reduce((a, b) => (b.from > a.from ? b : a));
}

/** "First" is by the clock, then by the id, as one text that sorts. */
function happenedAt({ occurredAt, id }: ConversionEvent): string {
  return `${String(occurredAt).padStart(16, '0')} ${id}`;
}

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

// Figures.

const DECIMALS: Record<string, number> = { USD: 2, EUR: 2, GBP: 2, JPY: 0, KWD: 3, INR: 2 };

function rateAt(
  rates: readonly ModelRate[],
  base: string,
  quote: string,
  moment: number,
): string | undefined {
  const holding = rates.filter(
    (one) =>
      one.base === base && one.quote === quote && one.asOf <= moment && moment - one.asOf <= 31 * DAY_MS,
  );
  return holding.toSorted((a, b) => b.asOf - a.asOf)[0]?.rate;
}

/** An amount in another currency; without a rate it is nobody's business (`mustWait`) and counts as nothing. */
function exchanged(
  minor: bigint,
  { currency, occurredAt }: ConversionEvent,
  to: string,
  rates: readonly ModelRate[],
): bigint {
  if (currency === null || currency === to) return minor;
  const rate = rateAt(rates, currency, to, occurredAt);
  if (rate === undefined) return 0n;
  return rounded(
    minor * scaled(rate, 12) * 10n ** BigInt(DECIMALS[to]!),
    10n ** BigInt(12 + DECIMALS[currency]!),
    'half_even',
  );
}

const minorOf = (text: string, currency: string): bigint => scaled(text, DECIMALS[currency]!);
const ppm = (percent: string): bigint => scaled(percent, 4);

/** "12.5" with four decimals is 125000. */
function scaled(text: string, decimals: number): bigint {
  const [whole, fraction = ''] = text.split('.');
  return BigInt(`${whole}${fraction.slice(0, decimals).padEnd(decimals, '0')}`);
}

/** Rounds by counting half units: floor of the quotient plus one half, with ties sent back to even where that is asked for. */
function rounded(dividend: bigint, divisor: bigint, mode: Mode): bigint {
  if (dividend < 0n) return -rounded(-dividend, divisor, mode);
  if (mode === 'down') return (dividend - (dividend % divisor)) / divisor;
  const up = (2n * dividend + divisor) / (2n * divisor);
  const isTie = (2n * dividend + divisor) % (2n * divisor) === 0n;
  return mode === 'half_even' && isTie ? up - (up % 2n) : up;
}
