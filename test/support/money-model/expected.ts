// The model: from a whole history to every commission, every sum and every event's outcome.
import { labelOf, lineOf, parentsAt } from './agreements.ts';
import { attribute, isReversal } from './attribution.ts';
import { bountiesOf, cap, type Single } from './bounties.ts';
import { add, decimal, fraction, multiply, round, ZERO, type Fraction } from './exact.ts';
import { shareOf, type Shares } from './metrics.ts';
import { monthlyCommissions, type MonthlyCommission } from './months.ts';
import { rate, type Pricing, type Rated } from './rated.ts';
import { leftOf, reverse } from './reversals.ts';
import type { Commission, EventOutcome, Expected, Rounding, World } from './world.ts';

const percentOf = (amount: bigint, percent: string, mode: Rounding): bigint =>
  round(multiply(fraction(amount), multiply(decimal(percent), fraction(1n, 100n))), mode);

/** Percentages and payouts: one commission for each conversion and component. */
function perEvent(world: World, conversions: readonly Rated[], shares: Shares): Single[] {
  const singles: Single[] = [];
  for (const conversion of conversions) {
    const { rounding, payout, amount, terms } = conversion;
    const left = (gross: bigint) =>
      leftOf(gross, shareOf(shares, conversion), (value) => round(value, rounding));
    const own = { conversion, pricedBy: conversion };
    if (payout !== undefined) singles.push({ kind: 'payout', label: 'payout', ...own, amount: left(payout) });
    for (const component of conversion.components) {
      if (component.kind !== 'percent') continue;
      const gross = percentOf(amount, component.percent ?? '0', rounding);
      singles.push({
        kind: 'percent',
        label: labelOf(terms, component),
        ...own,
        component,
        amount: left(gross),
      });
    }
  }
  const months = new Map<string, Single[]>();
  for (const single of singles.filter(({ component }) => component?.cap !== undefined)) {
    const { affiliate, deal, version, month } = single.conversion;
    const key = [affiliate, deal.id, lineOf(deal, version, single.component!), month].join(' ');
    months.set(key, [...(months.get(key) ?? []), single]);
  }
  for (const ofMonth of months.values()) cap(world, ofMonth);
  return singles;
}

/** The commission itself, then what it gives the parents of its conversion's time. */
function withOverrides(world: World, single: Single): Commission[] {
  const { conversion, pricedBy, kind, label, amount } = single;
  const { affiliate, at, event } = conversion;
  const percents = (pricedBy.terms.overrides ?? []).map(({ percent }) => percent);
  const common = { deal: pricedBy.deal.id, currency: pricedBy.currency, event: event.id };
  return [
    { ...common, affiliate, kind, label, amount, customer: conversion.subject },
    ...parentsAt(world, affiliate, at, percents.length).map((parent, level): Commission => ({
      ...common,
      affiliate: parent,
      kind: 'override',
      label,
      via: affiliate,
      amount: percentOf(amount, percents[level]!, pricedBy.rounding),
    })),
  ];
}

/**
 * A month's commission, then what it gives parents. What a parent of a level gets of all shares is
 * rounded once.
 */
function monthlyWithOverrides(monthly: MonthlyCommission): Commission[] {
  const { shares, ...own } = monthly;
  const { deal, currency, month, label } = own;
  const given = new Map<string, { exact: Fraction; minor: bigint }>();
  const overrides = shares.flatMap(({ chain, percents, rounding, amount }) =>
    chain.map((parent, level): Commission => {
      const before = given.get(`${parent} ${level}`) ?? { exact: ZERO, minor: 0n };
      const exact = add(before.exact, multiply(fraction(amount, 100n), decimal(percents[level]!)));
      const minor = round(exact, rounding);
      given.set(`${parent} ${level}`, { exact, minor });
      const common = { affiliate: parent, kind: 'override', label, deal, currency, month } as const;
      return { ...common, via: own.affiliate, amount: minor - before.minor };
    }),
  );
  return [own, ...overrides];
}

function totalsOf(commissions: readonly Commission[]): Map<string, Map<string, bigint>> {
  const totals = new Map<string, Map<string, bigint>>();
  for (const { affiliate, currency, amount } of commissions) {
    const sums = totals.get(affiliate) ?? new Map<string, bigint>();
    sums.set(currency, (sums.get(currency) ?? 0n) + amount);
    totals.set(affiliate, sums);
  }
  return totals;
}

function outcomesOf(
  world: World,
  refused: ReadonlyMap<string, EventOutcome>,
  pricings: ReadonlyMap<string, Pricing>,
  reversed: ReadonlyMap<string, EventOutcome>,
  methods: ReadonlyMap<string, { readonly method: string }>,
): Map<string, EventOutcome> {
  const outcomeOf = (id: string): EventOutcome => {
    const pricing = pricings.get(id);
    if (pricing === undefined) return refused.get(id) ?? reversed.get(id) ?? { status: 'settled' };
    if (pricing.kind === 'outcome') return pricing.outcome;
    const { affiliate, event } = pricing.rated;
    const method = methods.get(id)!.method;
    return { status: 'settled', affiliate, method, ...(event.rejected ? { reason: 'rejected' } : {}) };
  };
  return new Map(
    world.events.map(({ id, voided }): [string, EventOutcome] => [
      id,
      voided ? { status: 'voided' } : outcomeOf(id),
    ]),
  );
}

/** What a world comes to when everything is settled. */
export function expected(world: World): Expected {
  const attributions = attribute(world);
  const pricings = rate(world, attributions);
  const conversions = [...pricings.values()].flatMap((each) => (each.kind === 'rated' ? [each.rated] : []));
  const { shares, outcomes } = reverse(world, conversions, attributions.subject);
  const singles = [...bountiesOf(world, conversions, shares), ...perEvent(world, conversions, shares)];
  const commissions = [
    ...singles.flatMap((single) => withOverrides(world, single)),
    ...monthlyCommissions(world, conversions, shares).flatMap(monthlyWithOverrides),
  ];
  const events = outcomesOf(world, attributions.refused, pricings, outcomes, attributions.whose);
  return { totals: totalsOf(commissions), events, commissions };
}

/**
 * What a world comes to, with the reason of each reversal that changed nothing, as long as no
 * reversal after it was known. Carried losses may still change later months, so nothing is said of
 * deals that carry.
 */
export function expectedWithReasons(world: World): Expected {
  const model = expected(world);
  const sumsOf = (events: World['events']) =>
    JSON.stringify(
      expected({ ...world, events }).commissions.map((each) => ({ ...each, amount: `${each.amount}` })),
    );
  const isCarrying = world.deals.some(({ versions }) =>
    versions.some(({ terms }) => terms.components.some(({ negative }) => negative === 'carry')),
  );
  const events = new Map(model.events);
  for (const [index, one] of world.events.entries()) {
    const outcome = model.events.get(one.id)!;
    if (!isReversal(one) || one.event === 'chargeback_won' || isCarrying) continue;
    if (outcome.status !== 'settled' || outcome.reason !== undefined) continue;
    const known = world.events.filter((each, place) => place <= index || !isReversal(each));
    if (sumsOf(known) === sumsOf(known.filter((each) => each !== one)))
      events.set(one.id, { ...outcome, reason: 'nothing_to_reverse' });
  }
  return { ...model, events };
}
