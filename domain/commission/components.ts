// One component of a deal from its wire form to the form the rules calculate with, and all that can be wrong with it.
import { parseDecimal } from '../ledger/money.ts';
import {
  POSITIVE_EVENTS,
  type Cap,
  type Component,
  type EventType,
  type Qualify,
  type Tiers,
} from '../types.ts';

/** Steps of a month as callers write them: a step pays a percent of a share, or an amount for a CPA or a lot. */
export type WireTiers = {
  metric: 'revenue' | 'volume' | 'ftd_count';
  mode: 'marginal' | 'retroactive';
  period?: 'month' | undefined;
  steps: { from: string; percent?: string | undefined; amount?: string | undefined }[];
};

/** One component as callers write it: decimal text, percents. */
export type WireComponent = {
  kind: 'cpa' | 'percent' | 'revshare' | 'per_lot';
  on?: EventType | EventType[] | undefined;
  amount?: string | undefined;
  min_amount?: string | undefined;
  min_volume?: string | undefined;
  qualify?: 'first' | 'cumulative' | undefined;
  within_days?: number | undefined;
  percent?: string | undefined;
  negative?: 'reset' | 'carry' | undefined;
  carry_by?: 'ngr' | 'commission' | undefined;
  tiers?: WireTiers | undefined;
  cap?: { count?: number | undefined; amount?: string | undefined } | undefined;
};

/** What is wrong with terms, and where. */
export type TermsProblem = { path: (string | number)[]; code: string; message: string };

/** 25 % is 250,000 parts per million; four decimals of a percent are kept exactly. */
export const PERCENT_DECIMALS = 4;
/** The events a component listens to when it does not say. */
const DEFAULT_ON: Record<WireComponent['kind'], EventType[]> = {
  cpa: ['ftd'],
  percent: ['sale', 'challenge_purchase'],
  revshare: ['revenue'],
  per_lot: ['trade', 'volume'],
};

/** What each kind may say beside `kind` and `on`. */
const FIELDS: Record<WireComponent['kind'], readonly (keyof WireComponent)[]> = {
  cpa: ['amount', 'min_amount', 'min_volume', 'qualify', 'within_days', 'tiers', 'cap'],
  percent: ['percent', 'cap'],
  revshare: ['percent', 'negative', 'carry_by', 'tiers', 'cap'],
  per_lot: ['amount', 'tiers', 'cap'],
};

/** What the parts of a month are, where each is paid by the step it lies in. */
const OWN_METRIC = { cpa: 'ftd_count', revshare: 'revenue', per_lot: 'volume' } as const;

const VOLUME_DECIMALS = 4;

/** Where a component stands in its terms. `seen` counts names; `tiersPath` is given where its tiers stand elsewhere. */
type Place = {
  exponent: number;
  path: (string | number)[];
  tiersPath?: (string | number)[] | undefined;
  seen: Map<string, number>;
  problems: TermsProblem[];
};

/** The component, or undefined with its problems added to those of the place. */
export function compileComponent(wire: WireComponent, place: Place): Component | undefined {
  const { path, problems } = place;
  const before = problems.length;
  const label = labelOf(wire, place.seen);
  const on = eventsOf(wire);
  checkEvents(on, place);
  for (const name of Object.keys(wire) as (keyof WireComponent)[]) {
    const isKnown =
      name === 'kind' || name === 'on' || wire[name] === undefined || FIELDS[wire.kind].includes(name);
    if (!isKnown)
      problems.push({
        path: [...path, name],
        code: 'unexpected',
        message: `a ${wire.kind} component has no ${name}`,
      });
  }
  const component = componentOf(
    wire,
    { label, on, tiers: tiersOf(wire, place), cap: capOf(wire, place) },
    place,
  );
  return problems.length === before ? component : undefined;
}

/** Names a component by what it pays for, so that the next version's same component continues it; the second of a name gets a number. */
function labelOf(wire: WireComponent, seen: Map<string, number>): string {
  const name = `${wire.kind}:${eventsOf(wire).toSorted().join('+')}`;
  const count = (seen.get(name) ?? 0) + 1;
  seen.set(name, count);
  return count === 1 ? name : `${name}#${count}`;
}

function eventsOf(wire: WireComponent): EventType[] {
  return wire.on === undefined ? DEFAULT_ON[wire.kind] : [wire.on].flat();
}

function checkEvents(on: readonly EventType[], { path, problems }: Place): void {
  if (on.length === 0)
    problems.push({
      path: [...path, 'on'],
      code: 'required',
      message: 'a component listens to at least one event',
    });
  for (const event of new Set(on)) {
    if ((POSITIVE_EVENTS as readonly string[]).includes(event)) continue;
    problems.push({
      path: [...path, 'on'],
      code: 'unknown_event',
      message: `${event} is not an event that can earn`,
    });
  }
}

function componentOf(
  wire: WireComponent,
  common: Pick<Component, 'label' | 'on' | 'tiers' | 'cap'>,
  place: Place,
): Component {
  const amount = (): bigint =>
    wire.amount === undefined && common.tiers ? 0n : decimalAt(wire, 'amount', place.exponent, place);
  const rate = (): bigint =>
    wire.percent === undefined && common.tiers ? 0n : decimalAt(wire, 'percent', PERCENT_DECIMALS, place);
  switch (wire.kind) {
    case 'cpa': {
      const minAmountMinor =
        wire.min_amount === undefined ? null : decimalAt(wire, 'min_amount', place.exponent, place);
      return {
        ...common,
        kind: 'cpa',
        amountMinor: amount(),
        minAmountMinor,
        qualify: qualifyOf(wire, place),
      };
    }
    case 'percent':
      return { ...common, kind: 'percent', ratePpm: rate() };
    case 'revshare': {
      const { negative = 'reset', carry_by: carryBy = 'ngr' } = wire;
      if (wire.carry_by !== undefined && negative === 'reset')
        unexpected(place, 'carry_by', 'says how a negative month is carried');
      return { ...common, kind: 'revshare', ratePpm: rate(), negative, carryBy };
    }
    case 'per_lot':
      return { ...common, kind: 'per_lot', perLotMinor: amount() };
  }
}

function qualifyOf(wire: WireComponent, place: Place): Qualify {
  if (wire.qualify !== 'cumulative') {
    for (const name of ['min_volume', 'within_days'] as const)
      if (wire[name] !== undefined) unexpected(place, name, 'is for cumulative qualification');
    return { by: 'first' };
  }
  const minVolumeE4 =
    wire.min_volume === undefined ? null : decimalAt(wire, 'min_volume', VOLUME_DECIMALS, place);
  if (wire.min_amount === undefined && minVolumeE4 === null) {
    const message = 'cumulative qualification needs min_amount or min_volume';
    place.problems.push({ path: [...place.path, 'qualify'], code: 'required', message });
  }
  return { by: 'cumulative', minVolumeE4, withinDays: wire.within_days ?? null };
}

function tiersOf(wire: WireComponent, place: Place): Tiers | null {
  const { tiers, kind } = wire;
  if (tiers === undefined || kind === 'percent') return null;
  const path = place.tiersPath ?? [...place.path, 'tiers'];
  const { metric, mode, steps } = tiers;
  if (mode === 'marginal' && metric !== OWN_METRIC[kind]) {
    const message = `marginal tiers of ${kind} count its own ${OWN_METRIC[kind]}`;
    place.problems.push({ path: [...path, 'metric'], code: 'not_an_option', message });
  }
  if (steps.length === 0)
    place.problems.push({
      path: [...path, 'steps'],
      code: 'required',
      message: 'tiers have at least one step',
    });
  const pays = kind === 'revshare' ? 'percent' : 'amount';
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
    place.problems.push({
      path: [...path, 'steps', index, 'from'],
      code: 'not_rising',
      message: 'steps rise from one to the next',
    });
  });
  return { metric, mode, steps: compiled };
}

function capOf(wire: WireComponent, place: Place): Cap | null {
  if (wire.cap === undefined) return null;
  const { count, amount } = wire.cap;
  const at = { ...place, path: [...place.path, 'cap'] };
  if (count === undefined && amount === undefined)
    place.problems.push({ path: at.path, code: 'required', message: 'a cap has a count or an amount' });
  if (count !== undefined && (wire.kind === 'revshare' || wire.kind === 'per_lot'))
    unexpected(at, 'count', `a month of ${wire.kind} is one sum, which only an amount caps`);
  return {
    count: count ?? null,
    amountMinor: amount === undefined ? null : decimalAt(wire.cap, 'amount', place.exponent, at),
  };
}

/** A decimal of a field, scaled; 0 with a problem where it is missing, negative or too fine. */
function decimalAt<Name extends string>(
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

function unexpected({ path, problems }: Place, name: string, message: string): void {
  problems.push({ path: [...path, name], code: 'unexpected', message });
}
