// Reference model of commission: the earnings that a whole history of events should end with.
// The model knows no slots, batches or deltas. It reads the wire form of terms and computes by
// other methods than the rules: caps by clipping running totals, months by what they would pay if
// they ended with each version, carryover from the last month back, tiers by cutting a stretch of a
// sum into bands, rounding by counting half units.
import type { WireComponent, WireTerms, WireTiers } from '../../domain/commission/terms.ts';
import type { ConversionEvent } from '../../domain/types.ts';
import { DAY_MS } from './builders.ts';

export type ModelVersion = { version: number; from: number; terms: WireTerms };
export type ModelRate = { base: string; quote: string; rate: string; asOf: number };

/**
 * Setup of a history: the versions of one deal, each customer's affiliate, each affiliate's parents
 * (nearest first) and the exchange rates. Months are UTC months.
 */
export type World = {
  versions: readonly ModelVersion[];
  affiliateOf: (customerId: string) => string;
  parentsOf: (affiliateId: string) => readonly string[];
  rates: readonly ModelRate[];
};

/** An expected commission in minor units, named in words that tests can compare. */
export type Earning = { name: string; affiliateId: string; minor: bigint };

type Mode = WireTerms['rounding'];
type Fraction = readonly [bigint, bigint];

/**
 * A conversion at the end of the history: the version that rates it, its basis in minor units of
 * the deal's currency, and the fraction that reversals took back.
 */
type Conversion = {
  event: ConversionEvent;
  version: ModelVersion;
  affiliateId: string;
  month: string;
  hasOperatorPayout: boolean;
  basis: bigint;
  reversed: Fraction;
};

/**
 * Expected earnings at the end of a history, with parents' overrides. Earnings of zero are left
 * out.
 */
export function expectedEarnings(history: readonly ConversionEvent[], world: World): Earning[] {
  const conversions = history
    .flatMap((event) => conversionOf(event, history, world))
    .toSorted((a, b) => (timeKey(a.event) < timeKey(b.event) ? -1 : 1));
  const direct = [
    ...cpaEarnings(conversions),
    ...eventEarnings(conversions),
    ...monthlyEarnings(conversions),
  ];
  const months = groupBy(direct, ({ name }) => name.replace(/ v\d+$/, ''));
  const overrides = [...months.values()].flatMap((month) =>
    Array.from({ length: 5 }, (_, level) => level).flatMap((level) => overridesOf(month, level, world)),
  );
  return [
    ...direct.map(({ name, affiliateId, minor }) => ({ name, affiliateId, minor })),
    ...overrides,
  ].filter(({ minor }) => minor !== 0n);
}

/** A parent's parts of a month's earnings, or of a single earning; `level` from 0. */
function overridesOf(month: readonly DirectEarning[], level: number, world: World): Earning[] {
  const affiliateId = world.parentsOf(month[0]!.affiliateId)[level];
  if (affiliateId === undefined) return [];
  const paying = month.filter(({ version: { terms } }) => terms.overrides?.[level] !== undefined);
  const ends = paying.map(({ version: { terms } }, index) => {
    const exact = paying
      .slice(0, index + 1)
      .reduce((sum, { version, minor }) => sum + ppm(version.terms.overrides![level]!.percent) * minor, 0n);
    return rounded(exact, 1_000_000n, terms.rounding);
  });
  return paying.map(({ name }, index) => {
    const earlier = index === 0 ? 0n : lowest(ends.slice(index - 1));
    return { name: `part ${level + 1} of ${name}`, affiliateId, minor: lowest(ends.slice(index)) - earlier };
  });
}

/**
 * Whether an event is set aside under the terms of its day, because an exchange rate or the
 * required operator's payout is missing.
 */
function mustBeSetAside(event: ConversionEvent, { versions, rates }: World): boolean {
  const { terms } = versionAt(versions, event.occurredAt);
  const policy = terms.payout ?? 'ignore';
  const hasOperatorPayout = policy !== 'ignore' && event.operatorPayoutMinor !== null;
  const matching = terms.components.filter((component) => matches(component, event, terms.components));
  if (policy === 'require' && !hasOperatorPayout && matching.length > 0) return true;
  const lacksRate = ({ currency, occurredAt }: ConversionEvent): boolean =>
    currency !== null &&
    currency !== terms.currency &&
    fxRateAt(rates, currency, terms.currency, occurredAt) === undefined;
  const isCounted =
    event.type === 'revenue' &&
    terms.components.some((component) => tiersOf(component, terms)?.metric === 'revenue');
  if (hasOperatorPayout && lacksRate(inPayoutCurrency(event))) return true;
  const isNeeded = isCounted || (!hasOperatorPayout && matching.some((component) => needsAmount(component)));
  return isNeeded && lacksRate(event);
}

/** The event as if it were in the currency of the payout that the operator computed. */
function inPayoutCurrency(event: ConversionEvent): ConversionEvent {
  return { ...event, currency: event.operatorPayoutCurrency ?? event.currency };
}

function needsAmount({ kind, min_amount: minimum }: WireComponent): boolean {
  return kind === 'percent' || kind === 'revshare' || (kind === 'cpa' && minimum !== undefined);
}

/** The event as a conversion; empty for a reversal or an event that is set aside. */
function conversionOf(
  event: ConversionEvent,
  history: readonly ConversionEvent[],
  world: World,
): Conversion[] {
  if (isReversal(event) || mustBeSetAside(event, world)) return [];
  const version = versionAt(world.versions, event.occurredAt);
  const hasOperatorPayout =
    (version.terms.payout ?? 'ignore') !== 'ignore' && event.operatorPayoutMinor !== null;
  const basis = convert(
    (hasOperatorPayout ? event.operatorPayoutMinor : event.amountMinor) ?? 0n,
    hasOperatorPayout ? inPayoutCurrency(event) : event,
    version.terms.currency,
    world.rates,
  );
  const reversed = reversedOf(event, version.terms, history, world);
  const month = new Date(event.occurredAt).toISOString().slice(0, 7);
  const affiliateId = world.affiliateOf(event.customerId!);
  return [{ event, version, affiliateId, month, hasOperatorPayout, basis, reversed }];
}

/** The fraction of a conversion that reversals took back by the end of the history. */
function reversedOf(
  conversion: ConversionEvent,
  { clawback }: WireTerms,
  history: readonly ConversionEvent[],
  world: World,
): Fraction {
  return fractionTaken(conversion, clawback, takingsOf(history, world).get(conversion.id) ?? []);
}

/** An amount that a reversal is about, in the conversion's currency; null for all of it. */
type Taking = { event: ConversionEvent; minor: bigint | null; named: string | null };

/**
 * The fraction taken, found day by day: a chargeback is open from its moment on, until the wins
 * that may undo it have come up to its amount.
 */
function fractionTaken(
  conversion: ConversionEvent,
  clawback: WireTerms['clawback'],
  takings: readonly Taking[],
): Fraction {
  const amount = conversion.amountMinor ?? 0n;
  const isAll = ({ event, minor }: Taking): boolean =>
    clawback[event.type as 'refund'] === 'full' || minor === null || amount <= 0n;
  const counted = takings.filter(
    ({ event: { type, reference, occurredAt } }) =>
      type === 'chargeback_won' ||
      (clawback[type as 'refund'] !== 'none' &&
        (reference !== null || occurredAt - conversion.occurredAt <= clawback.days * DAY_MS)),
  );
  const lost = new Map<string, bigint>();
  for (const taking of counted) {
    const { event } = taking;
    if (event.type === 'chargeback') lost.set(event.id, taking.minor ?? amount);
    if (event.type !== 'chargeback_won') continue;
    let rest = taking.minor;
    for (const id of [...lost.keys()].filter((one) => taking.named === null || taking.named === one)) {
      const owed = lost.get(id)!;
      if (rest === null || (rest > 0n && rest >= owed)) lost.delete(id);
      else lost.set(id, owed - rest);
      if (rest !== null) rest = rest > owed ? rest - owed : 0n;
    }
  }
  let sum = 0n;
  for (const taking of counted) {
    const { event, minor } = taking;
    if (event.type === 'chargeback_won' || (event.type === 'chargeback' && !lost.has(event.id))) continue;
    if (isAll(taking)) return [1n, 1n];
    sum += event.type === 'chargeback' ? lost.get(event.id)! : minor!;
  }
  return amount > 0n && sum > 0n ? [sum < amount ? sum : amount, amount] : [0n, 1n];
}

const allTakings = new WeakMap<readonly ConversionEvent[], WeakMap<World, Map<string, Taking[]>>>();

/** What each reversal of a history takes of each conversion, worked out once per history. */
function takingsOf(history: readonly ConversionEvent[], world: World): Map<string, Taking[]> {
  const byWorld = allTakings.get(history) ?? new WeakMap<World, Map<string, Taking[]>>();
  allTakings.set(history, byWorld);
  let takings = byWorld.get(world);
  if (!takings) byWorld.set(world, (takings = computeTakings(history, world)));
  return takings;
}

function computeTakings(history: readonly ConversionEvent[], world: World): Map<string, Taking[]> {
  const inTime = history.toSorted((a, b) => (timeKey(a) < timeKey(b) ? -1 : 1));
  const conversions = inTime.filter((event) => !isReversal(event) && !mustBeSetAside(event, world));
  const takings = new Map<string, Taking[]>(conversions.map(({ id }) => [id, []]));
  const inCurrencyOf = (event: ConversionEvent, minor: bigint, to: ConversionEvent): bigint | null => {
    if (event.currency === to.currency) return minor;
    const rate = fxRateAt(world.rates, event.currency!, to.currency!, to.occurredAt);
    return rate === undefined
      ? null
      : convert(minor, { ...event, occurredAt: to.occurredAt }, to.currency!, world.rates);
  };
  const give = (event: ConversionEvent, to: ConversionEvent, minor: bigint | null, named: string | null) =>
    takings.get(to.id)!.push({ event, minor, named });
  for (const event of inTime.filter(isReversal)) {
    const named = inTime.find((other) => namesChargeback(event, other));
    const hit = conversions.filter(
      (one) =>
        reverses(event, one) ||
        (named && reverses(named, one) && [null, one.customerId].includes(event.customerId)),
    );
    const isDivided =
      event.amountMinor !== null &&
      (event.type === 'chargeback_won' ? named?.reference === null : event.reference === null);
    if (!isDivided) {
      for (const one of hit) {
        const minor = event.amountMinor === null ? null : inCurrencyOf(event, event.amountMinor, one);
        give(event, one, minor, reverses(event, one) ? null : named!.id);
      }
      continue;
    }
    let rest = event.amountMinor!;
    const latestFirst = hit.toReversed();
    const inTurn = [true, false].flatMap((own) =>
      latestFirst.filter((one) => (one.currency === event.currency) === own),
    );
    const isSame = (ftd: ConversionEvent, deposit: ConversionEvent): boolean =>
      isToldAgain(ftd, deposit) && ftd.currency === deposit.currency;
    for (const first of inTurn.filter((one) => !inTurn.some((other) => isSame(other, one)))) {
      const payment = [first, ...inTurn.filter((one) => isSame(first, one))]
        .map((one) => ({ one, left: leftOf(event, one, named, takings.get(one.id)!, world) }))
        .filter(({ left }) => left > 0n);
      if (rest <= 0n || payment.length === 0) continue;
      const asked = inCurrencyOf(event, rest, payment[0]!.one);
      if (asked === null) continue;
      const taken = lowest([asked, highest(payment.map(({ left }) => left))]);
      if (taken <= 0n) continue;
      rest = rounded(rest * (asked - taken), asked, 'half_even');
      const whole = highest(payment.map(({ one }) => one.amountMinor!));
      for (const { one, left } of payment) {
        const share = lowest([left, rounded(one.amountMinor! * taken, whole, 'half_even')]);
        if (share > 0n) give(event, one, share, named?.id ?? null);
      }
    }
  }
  return takings;
}

/** What a reversal that divides its amount can take of a conversion, after `before`. */
function leftOf(
  reversal: ConversionEvent,
  conversion: ConversionEvent,
  named: ConversionEvent | undefined,
  before: readonly Taking[],
  { versions }: World,
): bigint {
  const { clawback } = versionAt(versions, conversion.occurredAt).terms;
  if (named) return chargedBy(named, conversion, before, clawback);
  if (reversal.occurredAt - conversion.occurredAt > clawback.days * DAY_MS) return 0n;
  const [part, of] = fractionTaken(conversion, clawback, before);
  const absorbed = before
    .filter(({ event: { type, reference } }) => clawback[type as 'refund'] === 'none' && reference === null)
    .reduce((sum, { minor }) => sum + (minor ?? 0n), 0n);
  const amount = conversion.amountMinor ?? 0n;
  return amount - (amount * part) / of - absorbed;
}

/** The amount by which a chargeback counts against a conversion, before any win. */
function chargedBy(
  { id, occurredAt }: ConversionEvent,
  conversion: ConversionEvent,
  takings: readonly Taking[],
  clawback: WireTerms['clawback'],
): bigint {
  const taking = takings.find(({ event }) => event.id === id);
  const isKept =
    clawback.chargeback === 'none' || occurredAt - conversion.occurredAt > clawback.days * DAY_MS;
  return taking === undefined || isKept ? 0n : (taking.minor ?? conversion.amountMinor ?? 0n);
}

const REVERSALS: readonly string[] = [
  'refund',
  'chargeback',
  'fraud',
  'bonus_abuse',
  'account_closure',
  'chargeback_won',
];

function isReversal({ type }: ConversionEvent): boolean {
  return REVERSALS.includes(type);
}

function namesChargeback(win: ConversionEvent, { type, transactionId }: ConversionEvent): boolean {
  return (
    win.type === 'chargeback_won' &&
    type === 'chargeback' &&
    transactionId === win.reference &&
    [null, 'chargeback'].includes(win.referenceType)
  );
}

function reverses(event: ConversionEvent, conversion: ConversionEvent): boolean {
  if (!isReversal(event)) return false;
  if (event.reference !== null)
    return (
      event.reference === conversion.transactionId &&
      [null, conversion.type].includes(event.referenceType) &&
      [null, conversion.customerId].includes(event.customerId)
    );
  return (
    event.type !== 'chargeback_won' &&
    event.customerId === conversion.customerId &&
    conversion.occurredAt <= event.occurredAt &&
    [null, conversion.type].includes(event.referenceType)
  );
}

/** A whole less its reversed fraction, in the unit of the whole. */
function afterReversal(whole: bigint, [part, of]: Fraction, mode: Mode): bigint {
  return whole - rounded(whole * part, of, mode);
}

const isFullyReversed = ({ reversed: [part, of] }: Conversion): boolean => part === of;

// Earnings per customer and per event.

/** An earning of the affiliate that brought the customer, with the version that rates it. */
type DirectEarning = Earning & { version: ModelVersion };
/**
 * An earning per customer or event before caps. `uncapped` gives its minor units by its place in
 * the month, from 1, and by the month's total in the units of the tiers.
 */
type RankableEarning = {
  name: string;
  conversion: Conversion;
  version: ModelVersion;
  component: WireComponent;
  hasRemainder: boolean;
  uncapped: (place: bigint, reached: bigint) => bigint;
};

function cpaEarnings(conversions: readonly Conversion[]): DirectEarning[] {
  const byCustomer = groupBy(
    conversions.flatMap((conversion) => matchingComponents(conversion, 'cpa')),
    ({ label, conversion }) => `cpa ${label} ${conversion.event.customerId}`,
  );
  const found = Array.from(byCustomer, ([name, matching]): ClaimedEarning | null => {
    // The terms of the customer's first conversion rate all of the customer's conversions.
    const { component, conversion: first } = matching[0]!;
    const { version } = first;
    const { currency } = version.terms;
    const own = matching.map((match) => match.conversion);
    const asEarned = own.map((one): Conversion => ({ ...one, reversed: [0n, 1n] }));
    const claim = qualifyingConversion(component, asEarned, currency);
    if (claim === null) return null;
    const conversion = qualifyingConversion(component, own, currency);
    if (conversion === null) return { claim, name, version, component, earning: null };
    const reversed: Fraction = component.qualify === 'cumulative' ? [0n, 1n] : conversion.reversed;
    const base = component.amount === undefined ? 0n : minorOf(component.amount, version.terms.currency);
    const { tiers } = component;
    const uncapped = (place: bigint, reached: bigint): bigint => {
      const amount = tiers
        ? tierRateAt(tiers, tiers.mode === 'marginal' ? place : reached, base, version.terms.currency)
        : base;
      return afterReversal(amount, reversed, version.terms.rounding);
    };
    const hasRemainder = !isFullyReversed(conversion);
    const earning = { name, conversion, version, component, hasRemainder, uncapped };
    return { claim, name, version, component, earning };
  });
  return afterCapsAndTiers(firstBounties(found.filter((earning) => earning !== null)), conversions);
}

/**
 * A bounty and the conversion by which it was claimed before reversals; `earning` null: nothing is
 * left of it.
 */
type ClaimedEarning = Pick<RankableEarning, 'name' | 'version' | 'component'> & {
  claim: Conversion;
  earning: RankableEarning | null;
};

/**
 * Leaves out bounties of a customer who claimed another one before: for events of which one is the
 * same, and not offered beside it. What was taken back since was claimed all the same.
 */
function firstBounties(all: readonly ClaimedEarning[]): RankableEarning[] {
  const offers = ({ version }: ClaimedEarning, { name }: ClaimedEarning): boolean =>
    labelled(version.terms, 'cpa').some(({ label }) => name.startsWith(`cpa ${label} `));
  const excludes = (a: ClaimedEarning, b: ClaimedEarning): boolean =>
    a.claim.event.customerId === b.claim.event.customerId &&
    onOf(a.component).some((type) => onOf(b.component).includes(type)) &&
    !(offers(a, b) || offers(b, a));
  const inTime = (one: ClaimedEarning): string => `${timeKey(one.claim.event)} ${one.name}`;
  return all
    .toSorted((a, b) => (inTime(a) < inTime(b) ? -1 : 1))
    .reduce<ClaimedEarning[]>(
      (first, one) => (first.some((other) => excludes(other, one)) ? first : [...first, one]),
      [],
    )
    .flatMap(({ earning }) => earning ?? []);
}

/** The conversion that qualifies a customer for a CPA; null while none does. */
function qualifyingConversion(
  component: WireComponent,
  ordered: readonly Conversion[],
  currency: string,
): Conversion | null {
  const { qualify, min_amount: minimum, min_volume: lots, within_days: days } = component;
  const minimumMinor = minimum === undefined ? null : minorOf(minimum, currency);
  if (qualify !== 'cumulative')
    return minimumMinor === null || ordered[0]!.basis >= minimumMinor ? ordered[0]! : null;
  const until = days === undefined ? Infinity : ordered[0]!.event.occurredAt + days * DAY_MS;
  const standing = ordered.filter((conversion) => !isFullyReversed(conversion));
  const inTime = standing.filter(
    (conversion) =>
      conversion.event.occurredAt <= until &&
      !standing.some((other) => isToldAgain(other.event, conversion.event)),
  );
  const sum = (upTo: number, valueOf: (conversion: Conversion) => bigint): bigint =>
    inTime.slice(0, upTo + 1).reduce((total, conversion) => {
      const told = [conversion, ...standing.filter((other) => isToldAgain(conversion.event, other.event))];
      const left = told.map((one) => afterReversal(valueOf(one), one.reversed, 'half_even'));
      return total + left.reduce((a, b) => (b > a ? b : a));
    }, 0n);
  const index = inTime.findIndex(
    (_, at) =>
      (minimumMinor === null || sum(at, ({ basis }) => basis) >= minimumMinor) &&
      (lots === undefined || sum(at, ({ event }) => event.volumeE4 ?? 0n) >= scaled(lots, 4)),
  );
  return inTime[index] ?? null;
}

/** Whether a deposit tells the payment of a first deposit again: under its transaction id. */
function isToldAgain(ftd: ConversionEvent, deposit: ConversionEvent): boolean {
  return (
    ftd.type === 'ftd' &&
    deposit.type === 'deposit' &&
    ftd.transactionId !== null &&
    ftd.transactionId === deposit.transactionId
  );
}

function eventEarnings(conversions: readonly Conversion[]): DirectEarning[] {
  const operatorPayouts = conversions
    .filter(({ hasOperatorPayout }) => hasOperatorPayout)
    .map(({ event, basis, reversed, affiliateId, version }): DirectEarning => {
      const minor = afterReversal(basis, reversed, version.terms.rounding);
      return { name: `payout ${event.id}`, affiliateId, version, minor };
    });
  const percents = conversions
    .flatMap((conversion) => matchingComponents(conversion, 'percent'))
    .map(({ component, label, conversion }): RankableEarning => {
      const { version, event, basis, reversed } = conversion;
      const { rounding } = version.terms;
      const gross = rounded(ppm(component.percent!) * basis, 1_000_000n, rounding);
      const net = afterReversal(gross, reversed, rounding);
      const uncapped = (): bigint => (net < 0n ? 0n : net);
      const name = `percent ${label} ${event.id}`;
      return { name, conversion, version, component, hasRemainder: net > 0n, uncapped };
    });
  return [...operatorPayouts, ...afterCapsAndTiers(percents, conversions)];
}

/**
 * Applies monthly caps and tiers. Earnings without a cap or tiers are paid in full; ranked earnings
 * are paid in the order in which their conversions occurred.
 */
function afterCapsAndTiers(
  all: readonly RankableEarning[],
  conversions: readonly Conversion[],
): DirectEarning[] {
  const isRanked = ({ component }: RankableEarning): boolean =>
    component.cap !== undefined || component.tiers !== undefined;
  const unranked = all
    .filter((earning) => !isRanked(earning) && earning.hasRemainder)
    .map((earning) => asEarning(earning, earning.uncapped(1n, 1n)));
  const ranked = all.filter((earning) => isRanked(earning) && earning.hasRemainder);
  const pools = groupBy(
    ranked,
    ({ name, conversion }) => `${name.split(' ', 2).join(' ')} ${conversion.affiliateId} ${conversion.month}`,
  );
  return [...unranked, ...[...pools.values()].flatMap((pool) => capped(pool, conversions))];
}

/** Earnings of one component, affiliate and month, after the month's cap and tiers. */
function capped(pool: readonly RankableEarning[], conversions: readonly Conversion[]): DirectEarning[] {
  const ordered = pool.toSorted((a, b) =>
    timeKey(a.conversion.event) < timeKey(b.conversion.event) ? -1 : 1,
  );
  const uncappedMinor = ordered.map(({ uncapped, component, conversion }, index) => {
    const metric = component.tiers?.metric ?? 'ftd_count';
    const reached =
      metric === 'ftd_count' ? BigInt(ordered.length) : monthMetrics(conversion, conversions)[metric];
    return uncapped(BigInt(index + 1), reached);
  });
  let [running, count] = [0n, 0];
  return ordered.map((earning, index): DirectEarning => {
    const { cap } = earning.component;
    const limit = cap?.amount === undefined ? null : minorOf(cap.amount, earning.version.terms.currency);
    const isFull = cap?.count !== undefined && count >= cap.count;
    const total = isFull ? running : running + uncappedMinor[index]!;
    const clipped = limit !== null && total > limit ? (running > limit ? running : limit) : total;
    const minor = clipped - running;
    running = clipped;
    if (minor > 0n) count++;
    return asEarning(earning, minor);
  });
}

function asEarning(
  { name, conversion: { affiliateId }, version }: RankableEarning,
  minor: bigint,
): DirectEarning {
  return { name, affiliateId, version, minor };
}

// Earnings per month.

/** The month's sums of one component, affiliate and version, after reversals. */
type MonthSum = {
  name: string;
  label: string;
  month: string;
  component: WireComponent;
  conversion: Conversion;
  basis: bigint;
  volume: bigint;
};

function monthlyEarnings(conversions: readonly Conversion[]): DirectEarning[] {
  const matching = conversions.flatMap((conversion) => [
    ...matchingComponents(conversion, 'revshare'),
    ...matchingComponents(conversion, 'per_lot'),
  ]);
  const sums = groupBy(
    matching,
    ({ component, label, conversion: { affiliateId, month, version } }) =>
      `${component.kind} ${label} ${affiliateId} ${month} v${version.version}`,
  );
  const all = Array.from(sums, ([name, parts]): MonthSum => {
    const { component, label, conversion } = parts[0]!;
    const sum = (valueOf: (of: Conversion) => bigint): bigint =>
      parts.reduce(
        (total, part) =>
          total + afterReversal(valueOf(part.conversion), part.conversion.reversed, 'half_even'),
        0n,
      );
    const [basis, volume] = [sum((part) => part.basis), sum(({ event }) => event.volumeE4 ?? 0n)];
    return { name, label, month: conversion.month, component, conversion, basis, volume };
  });
  const byComponent = groupBy(
    all,
    ({ component, label, conversion }) => `${component.kind} ${label} ${conversion.affiliateId}`,
  );
  return [...byComponent.values()].flatMap((parts) => {
    const ordered = parts.toSorted((a, b) =>
      a.month === b.month
        ? a.conversion.version.from - b.conversion.version.from
        : a.month < b.month
          ? -1
          : 1,
    );
    const months = [...groupBy(ordered, ({ month }) => month).values()];
    return months.flatMap((month, index) => monthEarnings(month, months.slice(0, index), conversions));
  });
}

/** The earnings of a month's versions; `before`: earlier months of the component. */
function monthEarnings(
  month: readonly MonthSum[],
  before: readonly (readonly MonthSum[])[],
  conversions: readonly Conversion[],
): DirectEarning[] {
  const { negative, carry_by: by = 'ngr' } = month[0]!.component;
  const loss = negative === 'carry' ? lossInto(before, by, conversions) : 0n;
  // What the month would pay if it ended with each version, lowered to what it pays at last.
  const ends = month.map((_, index) => {
    const { exact, per, rounding } = exactMonth(month, index + 1, by, loss, conversions);
    return rounded(exact.paid, per, rounding);
  });
  return month.map(({ name, conversion }, index) => {
    const [earlier, now] = [index === 0 ? 0n : lowest(ends.slice(index - 1)), lowest(ends.slice(index))];
    return {
      name,
      affiliateId: conversion.affiliateId,
      version: conversion.version,
      minor: now - earlier,
    };
  });
}

const highest = (values: readonly bigint[]): bigint => values.reduce((a, b) => (b > a ? b : a));
const lowest = (values: readonly bigint[]): bigint => values.reduce((a, b) => (b < a ? b : a));
const above = (value: bigint): bigint => (value > 0n ? value : 0n);
const below = (value: bigint): bigint => (value < 0n ? value : 0n);

/** The loss that earlier months leave to the next one, in the unit; 0 without a loss. */
function lossInto(
  before: readonly (readonly MonthSum[])[],
  by: 'ngr' | 'commission',
  conversions: readonly Conversion[],
): bigint {
  const month = before.at(-1);
  if (month === undefined) return 0n;
  const isCarrying = ({ component }: MonthSum): boolean => component.negative === 'carry';
  if (!isCarrying(month.at(-1)!)) return 0n;
  const earlier = isCarrying(month[0]!) ? lossInto(before.slice(0, -1), by, conversions) : 0n;
  const resets = month.length - month.toReversed().findIndex((part) => !isCarrying(part));
  const tailFrom = month.every(isCarrying) ? 0 : resets;
  if (by === 'ngr') {
    const sum = (from: number): bigint => month.slice(from).reduce((total, { basis }) => total + basis, 0n);
    const whole = earlier + sum(0);
    return below(tailFrom === 0 ? whole : sum(tailFrom) > whole ? sum(tailFrom) : whole);
  }
  const { exact, per, rounding } = exactMonth(month, month.length, by, earlier, conversions);
  const whole = exact.gains.reduce((total, gain) => total + gain, earlier * per);
  const tail = exact.gains.slice(tailFrom).reduce((total, gain) => total + gain, 0n);
  return rounded(below(tailFrom === 0 ? whole : tail > whole ? tail : whole), per, rounding);
}

/**
 * A month up to one of its versions, in parts of a minor unit: what each version's stretch of the
 * month comes to, and what the month pays. `loss` of earlier months precedes the first stretch, as
 * a sum or as a share.
 */
function exactMonth(
  month: readonly MonthSum[],
  count: number,
  by: 'ngr' | 'commission',
  loss: bigint,
  conversions: readonly Conversion[],
): { exact: { gains: bigint[]; paid: bigint }; per: bigint; rounding: Mode } {
  const isLots = month[0]!.component.kind === 'per_lot';
  const per = isLots ? 10_000n * 1_000_000n : 1_000_000n;
  const sumOf = ({ basis, volume }: MonthSum): bigint => (isLots ? volume : basis);
  const start = by === 'ngr' ? loss : 0n;
  const total = month.reduce((sum, part) => sum + sumOf(part), start);
  const stretches = month.slice(0, count).map((part, index) => {
    const from = month.slice(0, index).reduce((sum, other) => sum + sumOf(other), start);
    return { part, from, to: from + sumOf(part) };
  });
  const earned = ({ part, from, to }: (typeof stretches)[number]): bigint =>
    stretchProduct(part, from, to, total, conversions);
  const gains = stretches.map(earned);

  // Neighbours with equal rates are one stretch.
  const merged: typeof stretches = [];
  for (const stretch of stretches) {
    const last = merged.at(-1);
    if (last && rateText(last.part) === rateText(stretch.part))
      merged[merged.length - 1] = { ...last, to: stretch.to };
    else merged.push(stretch);
  }
  const first = stretches[0]!;
  let sum = (by === 'commission' ? loss * per : 0n) + earned({ part: first.part, from: 0n, to: start });
  let paid = 0n;
  for (const stretch of merged) {
    const { component, conversion } = stretch.part;
    const next = sum + earned(stretch);
    const cap = component.cap?.amount;
    const risen = paid + above(next) - above(sum);
    const limit = cap === undefined ? risen : minorOf(cap, conversion.version.terms.currency) * per;
    const kept = lowest([paid, above(next)]);
    const upToCap = lowest([risen, limit]);
    paid = upToCap > kept ? upToCap : kept;
    sum = next;
  }
  return { exact: { gains, paid }, per, rounding: stretches.at(-1)!.part.conversion.version.terms.rounding };
}

/** All that rates a version's part of a month, as text. */
function rateText({ component, conversion: { version } }: MonthSum): string {
  const { terms } = version;
  const { percent, amount, negative = 'reset', carry_by: by = 'ngr', cap } = component;
  const tiers = tiersOf(component, terms);
  const number = (text: string | undefined): string => (text === undefined ? '' : String(scaled(text, 6)));
  const steps = tiers?.steps.map((step) => [step.from, step.percent, step.amount].map(number).join(' '));
  return [
    ...[percent, amount, cap?.amount].map(number),
    negative,
    negative === 'carry' ? by : '',
    terms.rounding,
    tiers?.metric,
    tiers?.mode,
    steps?.join(';'),
  ].join('|');
}

/**
 * A stretch of the month's own sum times its rates, counted in the bands between the steps. Below
 * zero the rate is that of zero. `total`: the own sum of the whole month.
 */
function stretchProduct(
  { component, conversion }: MonthSum,
  from: bigint,
  to: bigint,
  total: bigint,
  conversions: readonly Conversion[],
): bigint {
  const { terms } = conversion.version;
  const isLots = component.kind === 'per_lot';
  const given = isLots ? component.amount : component.percent;
  const base = given === undefined ? 0n : isLots ? lotRate(given, terms.currency) : ppm(given);
  const tiers = tiersOf(component, terms);
  const rateOf = isLots ? lotRate : minorOf;
  if (!tiers) return base * (to - from);
  const isOwnMetric = tiers.metric === (isLots ? 'volume' : 'revenue');
  const metric = isOwnMetric ? total : monthMetrics(conversion, conversions)[tiers.metric];
  if (tiers.mode === 'retroactive')
    return tierRateAt(tiers, metric, base, terms.currency, rateOf) * (to - from);
  if (to < from) return -bandsProduct(tiers, to, from, base, terms.currency, rateOf);
  return bandsProduct(tiers, from, to, base, terms.currency, rateOf);
}

function bandsProduct(
  tiers: WireTiers,
  from: bigint,
  to: bigint,
  base: bigint,
  currency: string,
  rateOf: RateOf,
): bigint {
  const edges = [0n, ...stepsOf(tiers, currency, rateOf).map((step) => step.from)].filter(
    (edge) => edge > from && edge < to,
  );
  const points = [from, ...edges, to];
  return points.slice(1).reduce((sum, end, index) => {
    const begin = points[index]!;
    const rate = tierRateAt(tiers, begin < 0n ? 0n : begin, base, currency, rateOf);
    return sum + rate * (end - begin);
  }, 0n);
}

// Metrics of tiers.

/**
 * Totals of the conversion's month and affiliate in the units of the tier metrics. Only conversions
 * whose terms link slots are counted.
 */
function monthMetrics(
  { affiliateId, month }: Conversion,
  conversions: readonly Conversion[],
): Record<WireTiers['metric'], bigint> {
  const counted = conversions.filter(
    (conversion) =>
      conversion.affiliateId === affiliateId &&
      conversion.month === month &&
      linksSlots(conversion.version.terms),
  );
  const sum = (valueOf: (conversion: Conversion) => bigint): bigint =>
    counted.reduce((total, conversion) => total + valueOf(conversion), 0n);
  return {
    revenue: sum(({ event, hasOperatorPayout, basis, reversed }) =>
      event.type === 'revenue' && !hasOperatorPayout ? afterReversal(basis, reversed, 'half_even') : 0n,
    ),
    volume: sum(({ event, reversed }) =>
      ['trade', 'volume'].includes(event.type)
        ? afterReversal(event.volumeE4 ?? 0n, reversed, 'half_even')
        : 0n,
    ),
    ftd_count: sum((conversion) =>
      conversion === firstDepositOf(conversion, conversions) && !isFullyReversed(conversion) ? 1n : 0n,
    ),
  };
}

/**
 * The customer's earliest first deposit under terms that link slots. `conversions` are in the order
 * in which they occurred.
 */
function firstDepositOf(
  { event: { customerId } }: Conversion,
  conversions: readonly Conversion[],
): Conversion | undefined {
  return conversions.find(
    ({ event, version }) =>
      event.type === 'ftd' && event.customerId === customerId && linksSlots(version.terms),
  );
}

/** Whether terms make slots depend on each other: ranked slots, carryover, or another's metric. */
function linksSlots(terms: WireTerms): boolean {
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

function stepsOf(
  { metric, steps }: WireTiers,
  currency: string,
  rateOf: RateOf,
): { from: bigint; rate: bigint }[] {
  const from = {
    revenue: (text: string) => minorOf(text, currency),
    volume: (text: string) => scaled(text, 4),
    ftd_count: BigInt,
  }[metric];
  return steps.map((step) => ({
    from: from(step.from),
    rate: step.percent === undefined ? rateOf(step.amount!, currency) : ppm(step.percent),
  }));
}

function tierRateAt(
  tiers: WireTiers,
  reached: bigint,
  base: bigint,
  currency: string,
  rateOf: RateOf = minorOf,
): bigint {
  return stepsOf(tiers, currency, rateOf).findLast(({ from }) => from <= reached)?.rate ?? base;
}

// Components that match an event.

const DEFAULT_ON: Record<WireComponent['kind'], readonly string[]> = {
  cpa: ['ftd'],
  percent: ['sale', 'challenge_purchase'],
  revshare: ['revenue'],
  per_lot: ['trade', 'volume'],
};

const onOf = ({ kind, on }: WireComponent): readonly string[] =>
  on === undefined ? DEFAULT_ON[kind] : [...new Set([on].flat())];
const symbolsOf = ({ symbol_group: group, symbols }: WireComponent): string =>
  group !== undefined ? `@${group}` : symbols ? `@${symbols.join('+')}` : '';

/** Whether a component takes an event for its symbol; the symbols of the model are beginnings. */
const isNamed = (component: WireComponent, { symbol, symbolGroup }: ConversionEvent): boolean =>
  (component.symbol_group !== undefined && component.symbol_group === symbolGroup) ||
  (component.symbols ?? []).some((pattern) => symbol?.startsWith(pattern.replace('*', '')));

/** Whether a component of a deal pays for an event. */
function matches(component: WireComponent, event: ConversionEvent, all: readonly WireComponent[]): boolean {
  if (!onOf(component).includes(event.type)) return false;
  if (symbolsOf(component) !== '') return isNamed(component, event);
  const others = all.filter((other) => onOf(other).includes(event.type));
  return component.kind !== 'per_lot' || !others.some((other) => isNamed(other, event));
}

/** Components of a kind that pay for a conversion, with their labels. */
function matchingComponents(conversion: Conversion, kind: WireComponent['kind']) {
  if (conversion.hasOperatorPayout) return [];
  const all = labelled(conversion.version.terms, kind);
  const ofKind = all.map(({ component }) => component);
  return all.flatMap((one) =>
    matches(one.component, conversion.event, ofKind) ? [{ ...one, conversion }] : [],
  );
}

/** Components of a kind, labelled by kind and events; a repeated label gets a number. */
function labelled({ components }: WireTerms, kind: WireComponent['kind']) {
  const labelOf = (component: WireComponent): string =>
    `${kind}:${[...onOf(component)].toSorted().join('+')}${symbolsOf(component)}`;
  const ofKind = components.filter((component) => component.kind === kind);
  return ofKind.map((component, index) => {
    const earlier = ofKind.slice(0, index).filter((other) => labelOf(other) === labelOf(component)).length;
    return { component, label: `${labelOf(component)}${earlier === 0 ? '' : `#${earlier + 1}`}` };
  });
}

function versionAt(versions: readonly ModelVersion[], moment: number): ModelVersion {
  return versions.filter(({ from }) => from <= moment).reduce((a, b) => (b.from > a.from ? b : a));
}

/** Sort key of an event: the time it occurred, then its id. */
function timeKey({ occurredAt, id }: ConversionEvent): string {
  return `${String(occurredAt).padStart(16, '0')} ${id}`;
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

// Exchange, decimals and rounding.

const DECIMALS: Record<string, number> = { USD: 2, EUR: 2, GBP: 2, JPY: 0, KWD: 3, INR: 2 };

/** The latest rate at or before the moment, at most 31 days old; undefined without one. */
function fxRateAt(
  rates: readonly ModelRate[],
  base: string,
  quote: string,
  moment: number,
): string | undefined {
  const valid = rates.filter(
    (rate) =>
      rate.base === base && rate.quote === quote && rate.asOf <= moment && moment - rate.asOf <= 31 * DAY_MS,
  );
  return valid.toSorted((a, b) => b.asOf - a.asOf)[0]?.rate;
}

/**
 * Converts minor units into another currency; 0 without a rate. Events that need a missing rate are
 * set aside (`mustBeSetAside`), so that this 0 earns nothing.
 */
function convert(
  minor: bigint,
  { currency, occurredAt }: ConversionEvent,
  to: string,
  rates: readonly ModelRate[],
): bigint {
  if (currency === null || currency === to) return minor;
  const rate = fxRateAt(rates, currency, to, occurredAt);
  if (rate === undefined) return 0n;
  return rounded(
    minor * scaled(rate, 12) * 10n ** BigInt(DECIMALS[to]!),
    10n ** BigInt(12 + DECIMALS[currency]!),
    'half_even',
  );
}

type RateOf = (text: string, currency: string) => bigint;
const minorOf: RateOf = (text, currency) => scaled(text, DECIMALS[currency]!);
/** Millionths of a minor unit. */
const lotRate: RateOf = (text, currency) => scaled(text, DECIMALS[currency]! + 6);
const ppm = (percent: string): bigint => scaled(percent, 4);

/** Decimal text as a scaled integer: "12.5" with four decimals is 125000. */
function scaled(text: string, decimals: number): bigint {
  const [whole, fraction = ''] = text.split('.');
  return BigInt(`${whole}${fraction.slice(0, decimals).padEnd(decimals, '0')}`);
}

/**
 * A quotient rounded by counting half units: the floor of the quotient plus one half. `half_even`
 * moves odd results of ties back by one.
 */
function rounded(dividend: bigint, divisor: bigint, mode: Mode): bigint {
  if (dividend < 0n) return -rounded(-dividend, divisor, mode);
  if (mode === 'down') return (dividend - (dividend % divisor)) / divisor;
  const up = (2n * dividend + divisor) / (2n * divisor);
  const isTie = (2n * dividend + divisor) % (2n * divisor) === 0n;
  return mode === 'half_even' && isTie ? up - (up % 2n) : up;
}
