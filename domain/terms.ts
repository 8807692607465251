// The terms of a deal: their wire form, which is what is stored, and the form the rules calculate with.
import { exponentOf, parseDecimal, type Rounding } from './money.ts';
import {
  EVENT_TYPES,
  NEGATIVE_EVENTS,
  type ClawbackPolicy,
  type Component,
  type EventType,
  type NegativeEvent,
  type Terms,
} from './types.ts';

/** One component as callers write it: decimal text, percents. */
export type WireComponent = {
  kind: 'cpa' | 'percent' | 'revshare' | 'per_lot';
  on?: EventType | EventType[] | undefined;
  amount?: string | undefined;
  min_amount?: string | undefined;
  percent?: string | undefined;
  negative?: 'reset' | undefined;
};

/** Terms as callers write them, every default filled in. This is what a deal version keeps. */
export type WireTerms = {
  currency: string;
  components: WireComponent[];
  hold_days: number;
  rounding: Rounding;
  clawback: { days: number } & Record<NegativeEvent, ClawbackPolicy>;
};

/** The events a component listens to when it does not say. */
const DEFAULT_ON: Record<WireComponent['kind'], EventType[]> = {
  cpa: ['ftd'],
  percent: ['sale', 'challenge_purchase'],
  revshare: ['revenue'],
  per_lot: ['trade', 'volume'],
};

/** What is wrong with terms, and where. */
export type TermsProblem = { path: (string | number)[]; code: string; message: string };

/** 25 % is 250,000 parts per million; four decimals of a percent are kept exactly. */
const PERCENT_DECIMALS = 4;

/**
 * Turns wire terms into the form the rules use, or lists what is wrong with them, with paths.
 * Called when terms are saved and again when they are loaded, so that both mean the same.
 */
export function compileTerms(wire: WireTerms): { kind: 'ok'; terms: Terms } | { kind: 'invalid'; problems: TermsProblem[] } {
  const problems: TermsProblem[] = [];
  const exponent = exponentOf(wire.currency);
  if (exponent === undefined)
    problems.push({ path: ['currency'], code: 'unknown_currency', message: `${wire.currency} is not an ISO 4217 currency` });
  const seen = new Map<string, number>();
  const components = wire.components.map((component, index) =>
    compileComponent(component, labelOf(component, seen), exponent ?? 2, ['components', index], problems),
  );
  if (problems.length > 0) return { kind: 'invalid', problems };
  const terms = { currency: wire.currency, holdDays: wire.hold_days, rounding: wire.rounding, clawback: wire.clawback };
  return { kind: 'ok', terms: { ...terms, components: components.filter((component) => component !== undefined) } };
}

/** The default for each negative event: what CONTRACT promises when the deal says nothing. */
export const DEFAULT_CLAWBACK: Terms['clawback'] = {
  days: 90,
  chargeback: 'full',
  refund: 'proportional',
  bonus_abuse: 'full',
  fraud: 'full',
  account_closure: 'none',
};

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

function compileComponent(
  wire: WireComponent,
  label: string,
  exponent: number,
  path: (string | number)[],
  problems: TermsProblem[],
): Component | undefined {
  const before = problems.length;
  const on = eventsOf(wire);
  const listensTo = new Set(on);
  if (on.length === 0)
    problems.push({ path: [...path, 'on'], code: 'required', message: 'a component listens to at least one event' });
  for (const event of listensTo) {
    const earns =
      EVENT_TYPES.includes(event) && !(NEGATIVE_EVENTS as readonly string[]).includes(event) && event !== 'chargeback_won';
    if (!earns)
      problems.push({ path: [...path, 'on'], code: 'unknown_event', message: `${event} is not an event that can earn` });
  }
  const decimal = (name: 'amount' | 'min_amount' | 'percent', decimals: number): bigint => {
    const parsed = wire[name] === undefined ? undefined : parseDecimal(wire[name], decimals);
    if (parsed?.kind === 'ok' && parsed.value >= 0n) return parsed.value;
    const message =
      parsed === undefined
        ? `a ${wire.kind} component needs ${name}`
        : `${name} must be a decimal, not negative, of at most ${decimals} decimals`;
    problems.push({ path: [...path, name], code: parsed === undefined ? 'required' : 'invalid_decimal', message });
    return 0n;
  };
  const fields = (allowed: readonly (keyof WireComponent)[]): void => {
    for (const name of ['amount', 'min_amount', 'percent', 'negative'] as const) {
      if (wire[name] !== undefined && !allowed.includes(name))
        problems.push({ path: [...path, name], code: 'unexpected', message: `a ${wire.kind} component has no ${name}` });
    }
  };
  const component = ((): Component => {
    switch (wire.kind) {
      case 'cpa':
        fields(['amount', 'min_amount']);
        return {
          label,
          kind: 'cpa',
          on,
          amountMinor: decimal('amount', exponent),
          minAmountMinor: wire.min_amount === undefined ? null : decimal('min_amount', exponent),
        };
      case 'percent':
        fields(['percent']);
        return { label, kind: 'percent', on, ratePpm: decimal('percent', PERCENT_DECIMALS) };
      case 'revshare':
        fields(['percent', 'negative']);
        return { label, kind: 'revshare', on, ratePpm: decimal('percent', PERCENT_DECIMALS) };
      case 'per_lot':
        fields(['amount']);
        return { label, kind: 'per_lot', on, perLotMinor: decimal('amount', exponent) };
    }
  })();
  return problems.length === before ? component : undefined;
}
