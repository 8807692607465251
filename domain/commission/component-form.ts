// Reads the wire form of a component: the types of its fields, its decimals, tiers and cap, and the
// problems found.
import { parseDecimal } from '../ledger/money.ts';
import type { Cap, Component, Tiers } from '../types.ts';
import { PERCENT_DECIMALS, VOLUME_DECIMALS } from '../units.ts';

/**
 * Steps of a month as callers write them: a step pays a percent of a share, or an amount for a CPA
 * or a lot.
 */
export type WireTiers = {
  metric: Tiers['metric'];
  mode: Tiers['mode'];
  period?: 'month' | undefined;
  steps: { from: string; percent?: string | undefined; amount?: string | undefined }[];
};

export type WireCap = { count?: number | undefined; amount?: string | undefined };

/** The type of a field on the wire; the API's schema is made of it. */
export type FieldForm =
  | { type: 'decimal' }
  | { type: 'integer'; min: number; max: number }
  | { type: 'option'; options: readonly [string, ...string[]] };

/** Fields by name; a name that several kinds use has the same form in each. */
export type Fields = Readonly<Record<string, FieldForm>>;

type ValueOf<F extends FieldForm> = F extends { type: 'option' }
  ? F['options'][number]
  : F extends { type: 'integer' }
    ? number
    : string;

/** The values of fields, each of which may be absent. */
export type WireOf<F extends Fields> = { -readonly [Name in keyof F]?: ValueOf<F[Name]> | undefined };

/** What is wrong with terms, and where. */
export type TermsProblem = { path: (string | number)[]; code: string; message: string };

/** Where a component stands in its terms, and the decimals of their currency. */
export type Place = { exponent: number; path: (string | number)[]; problems: TermsProblem[] };

/** What components of every kind have. */
export type Common = Pick<Component, 'label' | 'on' | 'tiers' | 'cap'>;

/**
 * A required decimal of a field, scaled; 0 with a problem where it is missing, negative or too
 * fine.
 */
export function decimalAt<Name extends string>(
  of: { [key in Name]?: unknown },
  name: Name,
  decimals: number,
  place: Place,
): bigint {
  const text = of[name];
  const parsed = typeof text === 'string' ? parseDecimal(text, decimals) : undefined;
  if (parsed?.kind === 'ok' && parsed.value >= 0n) return parsed.value;
  const isMissing = text === undefined;
  const message = isMissing
    ? 'is required'
    : `must be a decimal, not negative, of at most ${decimals} decimals`;
  place.problems.push({
    path: [...place.path, name],
    code: isMissing ? 'required' : 'invalid_decimal',
    message,
  });
  return 0n;
}

/** The rate of a component, in minor units; tiers may stand in for it. */
export function amountOf(wire: { amount?: string | undefined }, { tiers }: Common, place: Place): bigint {
  return wire.amount === undefined && tiers ? 0n : decimalAt(wire, 'amount', place.exponent, place);
}

/** The rate of a component, in parts per million; tiers may stand in for it. */
export function rateOf(wire: { percent?: string | undefined }, { tiers }: Common, place: Place): bigint {
  return wire.percent === undefined && tiers ? 0n : decimalAt(wire, 'percent', PERCENT_DECIMALS, place);
}

export function unexpected({ path, problems }: Place, name: string, message: string): void {
  problems.push({ path: [...path, name], code: 'unexpected', message });
}

/** The kind whose tiers are read: its name, what its slots sum, and what its steps pay. */
type Tiered = { kind: string; ownMetric: Tiers['metric'] | null; pays: 'amount' | 'percent' };

/** `place.path` is that of the tiers. */
export function tiersOf(
  { metric, mode, steps }: WireTiers,
  { kind, ownMetric, pays }: Tiered,
  place: Place,
): Tiers {
  const { path, problems } = place;
  if (mode === 'marginal' && metric !== ownMetric) {
    const message = `marginal tiers of ${kind} count its own ${ownMetric}`;
    problems.push({ path: [...path, 'metric'], code: 'not_an_option', message });
  }
  if (steps.length === 0)
    problems.push({ path: [...path, 'steps'], code: 'required', message: 'tiers have at least one step' });
  const compiled = steps.map((step, index) => {
    const at = { ...place, path: [...path, 'steps', index] };
    const decimals = { revenue: place.exponent, volume: VOLUME_DECIMALS, ftd_count: 0 }[metric];
    const other = pays === 'percent' ? 'amount' : 'percent';
    if (step[other] !== undefined) unexpected(at, other, `a step of ${kind} has a ${pays}`);
    return {
      from: decimalAt(step, 'from', decimals, at),
      rate: decimalAt(step, pays, pays === 'percent' ? PERCENT_DECIMALS : place.exponent, at),
    };
  });
  compiled.forEach(({ from }, index) => {
    if (index === 0 || from > compiled[index - 1]!.from) return;
    const message = 'steps rise from one to the next';
    problems.push({ path: [...path, 'steps', index, 'from'], code: 'not_rising', message });
  });
  return { metric, mode, steps: compiled };
}

/**
 * `place.path` is that of the cap. `isMonthly`: a month is one sum, so there is nothing to count.
 */
export function capOf(
  wire: WireCap,
  { kind, isMonthly }: { kind: string; isMonthly: boolean },
  place: Place,
): Cap {
  const { count, amount } = wire;
  if (count === undefined && amount === undefined)
    place.problems.push({ path: place.path, code: 'required', message: 'a cap has a count or an amount' });
  if (count !== undefined && isMonthly)
    unexpected(place, 'count', `a month of ${kind} is one sum, which only an amount caps`);
  return {
    count: count ?? null,
    amountMinor: amount === undefined ? null : decimalAt(wire, 'amount', place.exponent, place),
  };
}
