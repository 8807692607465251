// Wire form of a component: types of its fields, readers of decimals, tiers and caps, and problems.
import { parseDecimal } from '../ledger/money.ts';
import type { Cap, Component, Tiers } from '../types.ts';
import { LOT_RATE_DECIMALS, PERCENT_DECIMALS, VOLUME_DECIMALS } from '../units.ts';

/** Tiers on the wire. A step pays a percent of revenue, or an amount per customer or per lot. */
export type WireTiers = {
  metric: Tiers['metric'];
  mode: Tiers['mode'];
  period?: 'month' | undefined;
  steps: { from: string; percent?: string | undefined; amount?: string | undefined }[];
};

/** A monthly cap on the wire, by count of paid conversions, by amount, or by both. */
export type WireCap = { count?: number | undefined; amount?: string | undefined };

/** The type of one wire field. The API's schema is generated from it. */
export type FieldForm =
  | { type: 'decimal' }
  | { type: 'text'; most: number }
  | { type: 'texts'; most: number; items: number }
  | { type: 'integer'; min: number; max: number }
  | { type: 'option'; options: readonly [string, ...string[]] };

/** Wire fields by name. A name that several kinds use has the same type in each kind. */
export type Fields = Readonly<Record<string, FieldForm>>;

type ValueOf<F extends FieldForm> = F extends { type: 'option' }
  ? F['options'][number]
  : F extends { type: 'integer' }
    ? number
    : F extends { type: 'texts' }
      ? string[]
      : string;

/** Wire values of the fields; every field may be absent. */
export type WireOf<F extends Fields> = { -readonly [Name in keyof F]?: ValueOf<F[Name]> | undefined };

/** A problem of deal terms, with the path of the wire value. */
export type TermsProblem = { path: (string | number)[]; code: string; message: string };

/**
 * Context of a wire value: decimals of the deal's currency, the value's path in the terms, and the
 * list to which readers add problems.
 */
export type FormContext = { exponent: number; path: (string | number)[]; problems: TermsProblem[] };

/** Compiled fields that components of every kind have. */
export type CommonFields = Pick<Component, 'label' | 'line' | 'on' | 'tiers' | 'cap'>;

/**
 * Reads a required decimal field, scaled to an integer of `decimals` decimals. A missing or
 * negative value, or one with more decimals, is a problem and returns 0.
 */
export function readDecimal<Name extends string>(
  wire: { [key in Name]?: unknown },
  name: Name,
  decimals: number,
  context: FormContext,
): bigint {
  const text = wire[name];
  const parsed = typeof text === 'string' ? parseDecimal(text, decimals) : undefined;
  if (parsed?.kind === 'ok' && parsed.value >= 0n) return parsed.value;
  const isMissing = text === undefined;
  const message = isMissing
    ? 'is required'
    : `must be a decimal, not negative, of at most ${decimals} decimals`;
  context.problems.push({
    path: [...context.path, name],
    code: isMissing ? 'required' : 'invalid_decimal',
    message,
  });
  return 0n;
}

/** Reads `amount` in minor units; 0 where tiers replace the field. */
export function readAmount(
  wire: { amount?: string | undefined },
  { tiers }: CommonFields,
  context: FormContext,
): bigint {
  return wire.amount === undefined && tiers ? 0n : readDecimal(wire, 'amount', context.exponent, context);
}

/**
 * Reads a required rate per lot in millionths of a minor unit. It may have six decimals, or those
 * of the currency where it has more.
 */
export function readLotRate(wire: { amount?: string | undefined }, context: FormContext): bigint {
  const decimals = Math.max(LOT_RATE_DECIMALS, context.exponent);
  const missing = context.exponent + LOT_RATE_DECIMALS - decimals;
  return readDecimal(wire, 'amount', decimals, context) * 10n ** BigInt(missing);
}

/** Reads `percent` in parts per million; 0 where tiers replace the field. */
export function readRate(
  wire: { percent?: string | undefined },
  { tiers }: CommonFields,
  context: FormContext,
): bigint {
  return wire.percent === undefined && tiers ? 0n : readDecimal(wire, 'percent', PERCENT_DECIMALS, context);
}

/** Adds the problem of a field that the component must not have. */
export function addUnexpected({ path, problems }: FormContext, name: string, message: string): void {
  problems.push({ path: [...path, name], code: 'unexpected', message });
}

/**
 * Rules for the tiers of a kind: the metric that its slots sum, and the field that a step pays.
 * `isPerLot`: amounts are rates per lot.
 */
type TierRules = {
  kind: string;
  ownMetric: Tiers['metric'] | null;
  pays: 'amount' | 'percent';
  isPerLot: boolean;
};

/**
 * Reads tiers. `context.path` is the path of the tiers. Marginal tiers must count the kind's own
 * metric; steps must rise. Problems are added to the context.
 */
export function readTiers(
  { metric, mode, steps }: WireTiers,
  { kind, ownMetric, pays, isPerLot }: TierRules,
  context: FormContext,
): Tiers {
  const { path, problems } = context;
  if (mode === 'marginal' && metric !== ownMetric) {
    const message = `marginal tiers of ${kind} count its own ${ownMetric}`;
    problems.push({ path: [...path, 'metric'], code: 'not_an_option', message });
  }
  if (steps.length === 0)
    problems.push({ path: [...path, 'steps'], code: 'required', message: 'tiers have at least one step' });
  const compiled = steps.map((step, index) => {
    const stepContext = { ...context, path: [...path, 'steps', index] };
    const decimals = { revenue: context.exponent, volume: VOLUME_DECIMALS, ftd_count: 0 }[metric];
    const other = pays === 'percent' ? 'amount' : 'percent';
    if (step[other] !== undefined) addUnexpected(stepContext, other, `a step of ${kind} has a ${pays}`);
    return {
      from: readDecimal(step, 'from', decimals, stepContext),
      rate: isPerLot
        ? readLotRate(step, stepContext)
        : readDecimal(step, pays, pays === 'percent' ? PERCENT_DECIMALS : context.exponent, stepContext),
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
 * Reads a cap. `context.path` is the path of the cap. `isMonthly`: the kind pays one sum a month,
 * so only an amount can cap it. Problems are added to the context.
 */
export function readCap(
  wire: WireCap,
  { kind, isMonthly }: { kind: string; isMonthly: boolean },
  context: FormContext,
): Cap {
  const { count, amount } = wire;
  if (count === undefined && amount === undefined)
    context.problems.push({
      path: context.path,
      code: 'required',
      message: 'a cap has a count or an amount',
    });
  if (count !== undefined && isMonthly)
    addUnexpected(context, 'count', `a month of ${kind} is one sum, which only an amount caps`);
  return {
    count: count ?? null,
    amountMinor: amount === undefined ? null : readDecimal(wire, 'amount', context.exponent, context),
  };
}
