// Reads a world's agreements at a moment: deal and version in force, terms, exchange rates, zone,
// month, parents.
import { decimal, exponentOf, fraction, minorUnits, multiply, ONE, round, type Fraction } from './exact.ts';
import type {
  Component,
  Dated,
  Deal,
  Policy,
  ReversalType,
  Rounding,
  Terms,
  Tiers,
  Version,
  World,
  WorldEvent,
} from './world.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** Milliseconds since 1970. */
export const timeOf = (text: string): number => Date.parse(text);

/**
 * The value in force at a time: that of the latest date at or before it; of equal dates the one
 * said last.
 */
export function inForce<T>(history: readonly Dated<T>[], at: number): T | undefined {
  let best: { value: T; since: number } | undefined;
  for (const { value, since } of history) {
    const start = since === null ? -Infinity : timeOf(since);
    if (start <= at && (best === undefined || start >= best.since)) best = { value, since: start };
  }
  return best?.value;
}

/** The calendar month of a time, "2026-11", by the zone that was in force at that time. */
export function monthOf(world: World, at: number): string {
  const timeZone = inForce(world.operator.zones, at) ?? 'UTC';
  const parts = new Intl.DateTimeFormat('en', { timeZone, year: 'numeric', month: '2-digit' }).formatToParts(
    at,
  );
  const part = (type: string) => parts.find((each) => each.type === type)!.value;
  return `${part('year')}-${part('month')}`;
}

/** The chain of parents above an affiliate at a time, nearest first. */
export function parentsAt(world: World, affiliate: string, at: number, levels: number): string[] {
  const chain: string[] = [];
  let current = affiliate;
  while (chain.length < levels) {
    const parents = world.affiliates.find((each) => each.id === current)?.parents ?? [];
    const parent = inForce(parents, at);
    if (parent === undefined || parent === null) break;
    chain.push(parent);
    current = parent;
  }
  return chain;
}

export const startOf = (version: Version): number =>
  version.effective_from === null ? -Infinity : timeOf(version.effective_from);

export interface InForce {
  readonly deal: Deal;
  readonly version: Version;
}

/**
 * The version that prices an event: of the affiliate's own deal, or of the default deal where it
 * has none, or none that has begun, or one that ended. A version for new customers counts only for
 * those who were bound since its start.
 */
export function versionFor(
  world: World,
  affiliate: string,
  at: number,
  boundSince: number,
): InForce | undefined {
  for (const owner of [affiliate, undefined]) {
    let best: InForce | undefined;
    for (const deal of world.deals) {
      if (deal.affiliate !== owner || (deal.ended_at !== undefined && at >= timeOf(deal.ended_at))) continue;
      for (const version of deal.versions) {
        const start = startOf(version);
        if (start > at || (version.applies_to === 'new_customers' && boundSince < start)) continue;
        if (best === undefined || start >= startOf(best.version)) best = { deal, version };
      }
    }
    if (best !== undefined) return best;
  }
  return undefined;
}

/**
 * The latest rate at or before the time, if it is at most 31 days old. Inverse rates stay unused.
 */
export function rateAt(world: World, base: string, quote: string, at: number): Fraction | undefined {
  const found = world.rates
    .filter((rate) => rate.base === base && rate.quote === quote)
    .filter((rate) => timeOf(rate.as_of) <= at && at - timeOf(rate.as_of) <= 31 * DAY)
    .reduce<(typeof world.rates)[number] | undefined>(
      (best, rate) => (best === undefined || timeOf(rate.as_of) >= timeOf(best.as_of) ? rate : best),
      undefined,
    );
  return found && decimal(found.rate);
}

/**
 * An amount in another currency's smallest units; undefined without a rate. What is converted is
 * rounded once, halves to the even, whatever the deal says of commissions: it is a base, and not a
 * commission.
 */
export function convert(
  world: World,
  text: string,
  from: string,
  to: string,
  at: number,
): bigint | undefined {
  const exact = minorUnits(text, exponentOf(to, world.currencies));
  const factor = from === to ? ONE : rateAt(world, from, to, at);
  return factor && round(multiply(exact, factor), 'half_even');
}

export const currencyOf = (world: World, terms: Terms): string => terms.currency ?? world.operator.currency;
export const roundingOf = (terms: Terms): Rounding => terms.rounding ?? 'half_even';

const DEFAULT_POLICY: Record<ReversalType, Policy> = {
  chargeback: 'full',
  refund: 'proportional',
  bonus_abuse: 'full',
  fraud: 'full',
  account_closure: 'none',
};

export const policyOf = (terms: Terms, type: ReversalType): Policy =>
  terms.clawback?.[type] ?? DEFAULT_POLICY[type];
export const clawbackDays = (terms: Terms): number => terms.clawback?.days ?? 90;

const DEFAULT_ON: Record<Component['kind'], string> = {
  cpa: 'ftd',
  percent: 'sale',
  revshare: 'revenue',
  per_lot: 'trade',
};

/** Event types that a component pays for, each once. */
export function triggersOf(component: Component): string[] {
  const on = component.on ?? DEFAULT_ON[component.kind];
  return [...new Set(typeof on === 'string' ? [on] : on)].sort();
}

function plainLabel(component: Component): string {
  const symbols = [component.symbol_group ?? '', ...[...(component.symbols ?? [])].sort()]
    .filter(Boolean)
    .join(',');
  return `${component.kind}:${triggersOf(component).join('+')}${symbols ? `[${symbols}]` : ''}`;
}

/**
 * What makes components of versions of one deal the same: kind, triggers, symbols, and the place
 * among alike ones.
 */
export function labelOf(terms: Terms, component: Component): string {
  const plain = plainLabel(component);
  const place = terms.components.filter((each) => plainLabel(each) === plain).indexOf(component);
  return place <= 0 ? plain : `${plain}#${place + 1}`;
}

type Lines = ReadonlyMap<Component, number>;

const known = new WeakMap<Deal, ReadonlyMap<Version, Lines>>();

/**
 * Who continues whom over a deal's versions, each component by the number of its line. A new
 * version takes lines over from those saved before it: by label from the latest before its start
 * that has the label, or else the earliest after; then by a kind and a trigger in common from the
 * first one of that order. Each line once, to the first that asks.
 */
function linesOf(deal: Deal): ReadonlyMap<Version, Lines> {
  const found = known.get(deal);
  if (found !== undefined) return found;
  const all = new Map<Version, Lines>();
  let count = 0;
  for (const version of deal.versions) {
    const start = startOf(version);
    const isBefore = (saved: Version) => startOf(saved) <= start;
    const saved = [...all.keys()].sort((a, b) => startOf(a) - startOf(b));
    const order = [...saved.filter(isBefore).reverse(), ...saved.filter((each) => !isBefore(each))];
    const taken = new Map<Component, number>();
    const take = (from: Version, isSame: (own: Component, old: Component) => boolean): void => {
      for (const own of version.terms.components) {
        if (taken.has(own)) continue;
        const lines = [...all.get(from)!].filter(([old]) => isSame(own, old)).map(([, line]) => line);
        const free = lines.find((line) => ![...taken.values()].includes(line));
        if (free !== undefined) taken.set(own, free);
      }
    };
    for (const from of order)
      take(from, (own, old) => labelOf(version.terms, own) === labelOf(from.terms, old));
    for (const from of order.slice(0, 1))
      take(
        from,
        (own, old) => own.kind === old.kind && triggersOf(own).some((each) => triggersOf(old).includes(each)),
      );
    all.set(version, new Map(version.terms.components.map((own) => [own, taken.get(own) ?? count++])));
  }
  known.set(deal, all);
  return all;
}

/** What a component has in common with those that it continues in other versions of its deal. */
export const lineOf = (deal: Deal, version: Version, component: Component): string =>
  `line ${linesOf(deal).get(version)!.get(component)}`;

/** The deal's own tiers hold for a revshare component that has none of its own. */
export function tiersOf(terms: Terms, component: Component): Tiers | undefined {
  return component.tiers ?? (component.kind === 'revshare' ? terms.tiers : undefined);
}

function matchesSymbol(component: Component, event: WorldEvent): boolean {
  if (component.symbol_group !== undefined && event.symbol_group === component.symbol_group) return true;
  const symbol = event.symbol;
  if (symbol === undefined) return false;
  return (component.symbols ?? []).some((pattern) =>
    pattern.endsWith('*') ? symbol.startsWith(pattern.slice(0, -1)) : symbol === pattern,
  );
}

const isForSymbols = (component: Component) =>
  component.symbol_group !== undefined || component.symbols !== undefined;

/**
 * The components of a version that an event counts for. Lots without symbols take what no other
 * lots take.
 */
export function componentsFor(terms: Terms, event: WorldEvent): Component[] {
  const named = terms.components.filter((component) => triggersOf(component).includes(event.event));
  const isTaken = named.some(
    (each) => each.kind === 'per_lot' && isForSymbols(each) && matchesSymbol(each, event),
  );
  return named.filter((component) => {
    if (component.kind !== 'per_lot') return true;
    return isForSymbols(component) ? matchesSymbol(component, event) : !isTaken;
  });
}

export const volumeOf = (event: WorldEvent): Fraction =>
  event.volume === undefined ? fraction(0n) : decimal(event.volume);
