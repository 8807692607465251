// Model of commission: computes the earnings of a whole history at once, without slots, batches or
// deltas. The model reads terms as they are written and computes by other methods than the rules:
// caps by clipping running totals, carried losses by the worst run of earlier months, tiers by
// cutting a sum into bands, rounding by counting half units.
import type { WireComponent, WireTerms, WireTiers } from '../../domain/commission/terms.ts';
import type { ConversionEvent } from '../../domain/types.ts';
import { DAY_MS } from './builders.ts';

export type ModelVersion = { version: number; from: number; terms: WireTerms };
export type ModelRate = { base: string; quote: string; rate: string; asOf: number };

/**
 * The one deal by version, the affiliate of each customer, the parents of each affiliate (nearest
 * first), and all exchange rates. Months are UTC months.
 */
export type World = {
  versions: readonly ModelVersion[];
  affiliateOf: (customerId: string) => string;
  parentsOf: (affiliateId: string) => readonly string[];
  rates: readonly ModelRate[];
};

/** One paid item: its description, the paid affiliate, and the amount. */
export type Earning = { name: string; affiliateId: string; minor: bigint };

type Mode = WireTerms['rounding'];
type Fraction = readonly [bigint, bigint];

/** Final state of a conversion: the version that rates it, its value, and the reversed part. */
type Conversion = {
  event: ConversionEvent;
  by: ModelVersion;
  affiliateId: string;
  month: string;
  byOperator: boolean;
  basis: bigint;
  reversed: Fraction;
};

/**
 * All earnings at the end of a history, including the parents' parts; zero earnings are left out.
 */
export function expectedEarnings(history: readonly ConversionEvent[], world: World): Earning[] {
  const conversions = history
    .flatMap((event) => finalStateOf(event, history, world))
    .toSorted((a, b) => (orderKey(a.event) < orderKey(b.event) ? -1 : 1));
  const own = [
    ...customerPayments(conversions),
    ...eventPayments(conversions),
    ...monthlyPayments(conversions),
  ];
  const parts = own.flatMap(({ by: { terms }, ...earning }) =>
    (terms.overrides ?? []).flatMap(({ percent }, index) => {
      const affiliateId = world.parentsOf(earning.affiliateId)[index];
      if (affiliateId === undefined) return [];
      const minor = roundedQuotient(ppm(percent) * earning.minor, 1_000_000n, terms.rounding);
      return [{ name: `part ${index + 1} of ${earning.name}`, affiliateId, minor }];
    }),
  );
  return [...own.map(({ name, affiliateId, minor }) => ({ name, affiliateId, minor })), ...parts].filter(
    ({ minor }) => minor !== 0n,
  );
}

/**
 * Whether an event cannot be settled yet by the terms of its day: a rate or the operator's payout
 * is missing.
 */
export function mustWait(event: ConversionEvent, { versions, rates }: World): boolean {
  const { terms } = versionAt(versions, event.occurredAt);
  const policy = terms.payout ?? 'ignore';
  const byOperator = policy !== 'ignore' && event.payoutMinor !== null;
  const paying = terms.components.filter((component) => matches(component, event));
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

function finalStateOf(
  event: ConversionEvent,
  history: readonly ConversionEvent[],
  world: World,
): Conversion[] {
  if (isReversal(event) || mustWait(event, world)) return [];
  const by = versionAt(world.versions, event.occurredAt);
  const byOperator = (by.terms.payout ?? 'ignore') !== 'ignore' && event.payoutMinor !== null;
  const basis = convertedAmount(
    (byOperator ? event.payoutMinor : event.amountMinor) ?? 0n,
    event,
    by.terms.currency,
    world.rates,
  );
  const reversed = reversedPart(event, by.terms, history, world.rates);
  const month = new Date(event.occurredAt).toISOString().slice(0, 7);
  return [
    { event, by, affiliateId: world.affiliateOf(event.customerId!), month, byOperator, basis, reversed },
  ];
}

/** Fraction of a conversion that was reversed for good. */
function reversedPart(
  conversion: ConversionEvent,
  { clawback }: WireTerms,
  history: readonly ConversionEvent[],
  rates: readonly ModelRate[],
): Fraction {
  const against = history.filter((event) => concerns(event, conversion));
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
    refunded += convertedAmount(
      amountMinor,
      { ...event, occurredAt: conversion.occurredAt },
      conversion.currency!,
      rates,
    );
  }
  return amount > 0n && refunded > 0n ? [refunded < amount ? refunded : amount, amount] : [0n, 1n];
}

const REVERSAL_TYPES: readonly string[] = [
  'refund',
  'chargeback',
  'fraud',
  'bonus_abuse',
  'account_closure',
  'chargeback_won',
];

function isReversal({ type }: ConversionEvent): boolean {
  return REVERSAL_TYPES.includes(type);
}

function concerns(event: ConversionEvent, conversion: ConversionEvent): boolean {
  if (!isReversal(event)) return false;
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

/** Rest of a whole after a reversed part. */
function remainderOf(whole: bigint, [part, of]: Fraction, mode: Mode): bigint {
  return whole - roundedQuotient(whole * part, of, mode);
}

const isReversed = ({ reversed: [part, of] }: Conversion): boolean => part === of;

// Single payments: per customer, or per event.

type Payment = Earning & { by: ModelVersion };
/**
 * Payment for one conversion by one component of one version. `amountAt`: the amount as the n-th of so
 * many.
 */
type SinglePayment = {
  name: string;
  of: Conversion;
  by: ModelVersion;
  component: WireComponent;
  isDue: boolean;
  amountAt: (place: bigint, reached: bigint) => bigint;
};

function customerPayments(conversions: readonly Conversion[]): Payment[] {
  const byCustomer = groupBy(
    conversions.flatMap((conversion) => componentsPayingFor(conversion, 'cpa')),
    ({ label, of }) => `cpa ${label} ${of.event.customerId}`,
  );
  const found = Array.from(byCustomer, ([name, all]): SinglePayment | null => {
    // The customer's first conversion fixes the terms that hold for the customer.
    const { component, of: first } = all[0]!;
    const { by } = first;
    const of = qualifying(
      component,
      all.map((one) => one.of),
      by.terms.currency,
    );
    if (of === null) return null;
    const left: Fraction = component.qualify === 'cumulative' ? [0n, 1n] : of.reversed;
    const base = component.amount === undefined ? 0n : minorOf(component.amount, by.terms.currency);
    const { tiers } = component;
    const amountAt = (place: bigint, reached: bigint): bigint => {
      const amount = tiers
        ? stepAt(tiers, tiers.mode === 'marginal' ? place : reached, base, by.terms.currency)
        : base;
      return remainderOf(amount, left, by.terms.rounding);
    };
    return { name, of, by, component, isDue: !isReversed(of), amountAt };
  });
  return paymentsOf(
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
    inTime
      .slice(0, upTo + 1)
      .reduce((total, one) => total + remainderOf(of(one), one.reversed, 'half_even'), 0n);
  const index = inTime.findIndex(
    (one, at) =>
      !isReversed(one) &&
      (least === null || sum(at, ({ basis }) => basis) >= least) &&
      (lots === undefined || sum(at, ({ event }) => event.volumeE4 ?? 0n) >= parseScaled(lots, 4)),
  );
  return inTime[index] ?? null;
}

function eventPayments(conversions: readonly Conversion[]): Payment[] {
  const computed = conversions
    .filter(({ byOperator }) => byOperator)
    .map(({ event, basis, reversed, affiliateId, by }): Payment => {
      return {
        name: `payout ${event.id}`,
        affiliateId,
        by,
        minor: remainderOf(basis, reversed, by.terms.rounding),
      };
    });
  const percents = conversions
    .flatMap((conversion) => componentsPayingFor(conversion, 'percent'))
    .map(({ component, label, of }): SinglePayment => {
      const { rounding } = of.by.terms;
      const left = remainderOf(
        roundedQuotient(ppm(component.percent!) * of.basis, 1_000_000n, rounding),
        of.reversed,
        rounding,
      );
      const amountAt = (): bigint => (left < 0n ? 0n : left);
      return {
        name: `percent ${label} ${of.event.id}`,
        of,
        by: of.by,
        component,
        isDue: left > 0n,
        amountAt,
      };
    });
  return [...computed, ...paymentsOf(percents, conversions)];
}

/** Pays each item alone or, where its month has a cap or tiers, in order of occurrence. */
function paymentsOf(all: readonly SinglePayment[], conversions: readonly Conversion[]): Payment[] {
  const isRanked = ({ component }: SinglePayment): boolean =>
    component.cap !== undefined || component.tiers !== undefined;
  const alone = all
    .filter((one) => !isRanked(one) && one.isDue)
    .map((one) => toPayment(one, one.amountAt(1n, 1n)));
  const ranked = all.filter((one) => isRanked(one) && one.isDue);
  const pools = groupBy(
    ranked,
    ({ name, of }) => `${name.split(' ', 2).join(' ')} ${of.affiliateId} ${of.month}`,
  );
  return [...alone, ...[...pools.values()].flatMap((pool) => payPool(pool, conversions))];
}

function payPool(pool: readonly SinglePayment[], conversions: readonly Conversion[]): Payment[] {
  const ordered = pool.toSorted((a, b) => (orderKey(a.of.event) < orderKey(b.of.event) ? -1 : 1));
  const amounts = ordered.map(({ amountAt, component, of }, index) => {
    const metric = component.tiers?.metric ?? 'ftd_count';
    const reached = metric === 'ftd_count' ? BigInt(ordered.length) : metricsOfMonth(of, conversions)[metric];
    return amountAt(BigInt(index + 1), reached);
  });
  let [running, count] = [0n, 0];
  return ordered.map((one, index): Payment => {
    const { cap } = one.component;
    const most = cap?.amount === undefined ? null : minorOf(cap.amount, one.by.terms.currency);
    const isFull = cap?.count !== undefined && count >= cap.count;
    const total = isFull ? running : running + amounts[index]!;
    const clipped = most !== null && total > most ? (running > most ? running : most) : total;
    const minor = clipped - running;
    running = clipped;
    if (minor > 0n) count++;
    return toPayment(one, minor);
  });
}

function toPayment({ name, of: { affiliateId }, by }: SinglePayment, minor: bigint): Payment {
  return { name, affiliateId, by, minor };
}

// Payments for the sum of a month.

type MonthlySum = {
  name: string;
  label: string;
  month: string;
  component: WireComponent;
  of: Conversion;
  basis: bigint;
  volume: bigint;
};

function monthlyPayments(conversions: readonly Conversion[]): Payment[] {
  const paying = conversions.flatMap((conversion) => [
    ...componentsPayingFor(conversion, 'revshare'),
    ...componentsPayingFor(conversion, 'per_lot'),
  ]);
  const sums = groupBy(
    paying,
    ({ component, label, of }) =>
      `${component.kind} ${label} ${of.affiliateId} ${of.month} v${of.by.version}`,
  );
  const all = Array.from(sums, ([name, parts]): MonthlySum => {
    const { component, label, of } = parts[0]!;
    const sum = (whole: (one: Conversion) => bigint): bigint =>
      parts.reduce((total, part) => total + remainderOf(whole(part.of), part.of.reversed, 'half_even'), 0n);
    const [basis, volume] = [sum((one) => one.basis), sum(({ event }) => event.volumeE4 ?? 0n)];
    return { name, label, month: of.month, component, of, basis, volume };
  });
  const chains = groupBy(all, ({ component, label, of }) => `${component.kind} ${label} ${of.affiliateId}`);
  return [...chains.values()].flatMap((chain) => {
    const ordered = chain.toSorted((a, b) =>
      a.month === b.month ? a.of.by.version - b.of.by.version : a.month < b.month ? -1 : 1,
    );
    return ordered.map((month, index) => monthlyPayment(month, ordered.slice(0, index), conversions));
  });
}

function monthlyPayment(
  month: MonthlySum,
  before: readonly MonthlySum[],
  conversions: readonly Conversion[],
): Payment {
  const { name, component, of } = month;
  const { currency } = of.by.terms;
  let minor: bigint;
  if (component.kind === 'per_lot' || component.negative !== 'carry')
    minor = monthlyAmount(month, 0n, conversions);
  else if (component.carry_by === 'commission')
    minor =
      monthlyAmount(month, 0n, conversions) +
      largestLoss(before, (one) => monthlyAmount(one, 0n, conversions));
  else
    minor = monthlyAmount(
      month,
      largestLoss(before, ({ basis }) => basis),
      conversions,
    );
  const cap = component.cap?.amount === undefined ? null : minorOf(component.cap.amount, currency);
  const least = minor < 0n ? 0n : minor;
  return { name, affiliateId: of.affiliateId, by: of.by, minor: cap !== null && least > cap ? cap : least };
}

/** Largest loss of any unbroken run of carrying months right before; zero without a loss. */
function largestLoss(before: readonly MonthlySum[], lossOf: (month: MonthlySum) => bigint): bigint {
  let [worst, run] = [0n, 0n];
  for (const month of before.toReversed()) {
    if (month.component.negative !== 'carry') break;
    run += lossOf(month);
    if (run < worst) worst = run;
  }
  return worst;
}

/** Payment for the sum of a month; may be below zero. */
function monthlyAmount(
  { component, basis, volume, of }: MonthlySum,
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
  if (!tiers) return roundedQuotient(base * sum, per, terms.rounding);
  const isOwn = tiers.metric === (isLots ? 'volume' : 'revenue');
  const metric = isOwn ? sum : metricsOfMonth(of, conversions)[tiers.metric];
  const exact =
    tiers.mode === 'retroactive'
      ? stepAt(tiers, metric, base, terms.currency) * sum
      : sumByBands(tiers, sum, base, terms.currency);
  return roundedQuotient(exact, per, terms.rounding);
}

/**
 * Cuts a sum into the bands of the steps. An amount below zero is lost at the rate of the first
 * band.
 */
function sumByBands(tiers: WireTiers, sum: bigint, base: bigint, currency: string): bigint {
  if (sum < 0n) return stepAt(tiers, 0n, base, currency) * sum;
  const steps = [{ from: 0n, rate: base }, ...stepsOf(tiers, currency)];
  return steps.reduce((total, { from, rate }, index) => {
    const to = steps[index + 1]?.from ?? sum;
    const top = to < sum ? to : sum;
    return top > from ? total + rate * (top - from) : total;
  }, 0n);
}

// Metrics of tiers.

/**
 * Metrics of an affiliate's month, counting only events whose terms have a cap, tiers or a carry.
 */
function metricsOfMonth(
  { affiliateId, month }: Conversion,
  conversions: readonly Conversion[],
): Record<WireTiers['metric'], bigint> {
  const counted = conversions.filter(
    (one) => one.affiliateId === affiliateId && one.month === month && dependsOnMonth(one.by.terms),
  );
  const sum = (of: (one: Conversion) => bigint): bigint =>
    counted.reduce((total, one) => total + of(one), 0n);
  return {
    revenue: sum(({ event, byOperator, basis, reversed }) =>
      event.type === 'revenue' && !byOperator ? remainderOf(basis, reversed, 'half_even') : 0n,
    ),
    volume: sum(({ event, reversed }) =>
      ['trade', 'volume'].includes(event.type)
        ? remainderOf(event.volumeE4 ?? 0n, reversed, 'half_even')
        : 0n,
    ),
    ftd_count: sum((one) => (one === firstDepositOf(one, conversions) && !isReversed(one) ? 1n : 0n)),
  };
}

/** First counted first deposit of the customer; the conversions are in order of occurrence. */
function firstDepositOf(
  { event: { customerId } }: Conversion,
  conversions: readonly Conversion[],
): Conversion | undefined {
  return conversions.find(
    ({ event, by }) => event.type === 'ftd' && event.customerId === customerId && dependsOnMonth(by.terms),
  );
}

function dependsOnMonth(terms: WireTerms): boolean {
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
    volume: (text: string) => parseScaled(text, 4),
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

// Components that pay for a conversion.

const DEFAULT_ON: Record<WireComponent['kind'], readonly string[]> = {
  cpa: ['ftd'],
  percent: ['sale', 'challenge_purchase'],
  revshare: ['revenue'],
  per_lot: ['trade', 'volume'],
};

const onOf = ({ kind, on }: WireComponent): readonly string[] =>
  on === undefined ? DEFAULT_ON[kind] : [on].flat();
const matches = (component: WireComponent, { type }: ConversionEvent): boolean =>
  onOf(component).includes(type);

/**
 * Components of a kind that pay for a conversion. The label names their event types and, among
 * equals, their place.
 */
function componentsPayingFor(of: Conversion, kind: WireComponent['kind']) {
  if (of.byOperator) return [];
  const nameOf = (component: WireComponent): string => `${kind}:${[...onOf(component)].toSorted().join('+')}`;
  const ofKind = of.by.terms.components.filter((component) => component.kind === kind);
  return ofKind.flatMap((component, index) => {
    if (!matches(component, of.event)) return [];
    const earlier = ofKind.slice(0, index).filter((other) => nameOf(other) === nameOf(component)).length;
    return [{ component, of, label: `${nameOf(component)}${earlier === 0 ? '' : `#${earlier + 1}`}` }];
  });
}

function versionAt(versions: readonly ModelVersion[], moment: number): ModelVersion {
  return versions.filter(({ from }) => from <= moment).reduce((a, b) => (b.from > a.from ? b : a));
}

/** Order of occurrence: by time, then by id, as one sortable text. */
function orderKey({ occurredAt, id }: ConversionEvent): string {
  return `${String(occurredAt).padStart(16, '0')} ${id}`;
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

// Amounts.

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

/** Amount in another currency. Zero without a rate: `mustWait` holds such events back. */
function convertedAmount(
  minor: bigint,
  { currency, occurredAt }: ConversionEvent,
  to: string,
  rates: readonly ModelRate[],
): bigint {
  if (currency === null || currency === to) return minor;
  const rate = rateAt(rates, currency, to, occurredAt);
  if (rate === undefined) return 0n;
  return roundedQuotient(
    minor * parseScaled(rate, 12) * 10n ** BigInt(DECIMALS[to]!),
    10n ** BigInt(12 + DECIMALS[currency]!),
    'half_even',
  );
}

const minorOf = (text: string, currency: string): bigint => parseScaled(text, DECIMALS[currency]!);
const ppm = (percent: string): bigint => parseScaled(percent, 4);

/** Parses a decimal: "12.5" with four decimals is 125000. */
function parseScaled(text: string, decimals: number): bigint {
  const [whole, fraction = ''] = text.split('.');
  return BigInt(`${whole}${fraction.slice(0, decimals).padEnd(decimals, '0')}`);
}

/**
 * Rounds by counting half units: floor of the quotient plus one half; in mode half_even, ties go to
 * even.
 */
function roundedQuotient(dividend: bigint, divisor: bigint, mode: Mode): bigint {
  if (dividend < 0n) return -roundedQuotient(-dividend, divisor, mode);
  if (mode === 'down') return (dividend - (dividend % divisor)) / divisor;
  const up = (2n * dividend + divisor) / (2n * divisor);
  const isTie = (2n * dividend + divisor) % (2n * divisor) === 0n;
  return mode === 'half_even' && isTie ? up - (up % 2n) : up;
}
