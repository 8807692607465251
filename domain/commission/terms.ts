// The terms of a deal: their wire form, which is what is stored, and the form the rules calculate with.
import { exponentOf, parseDecimal } from '../ledger/money.ts';
import type { ClawbackPolicy, NegativeEvent, Terms, Rounding } from '../types.ts';
import { compileComponent } from './compile-component.ts';
import type { TermsProblem, WireTiers } from './component-form.ts';
import type { WireComponent } from './components/index.ts';
import { PAYOUT } from './components/payout.ts';
import { revshare } from './components/revshare.ts';
import { PERCENT_DECIMALS } from '../units.ts';

export type { WireTiers } from './component-form.ts';
export type { WireComponent } from './components/index.ts';

/** Terms as callers write them, every default filled in. This is what a deal version keeps. */
export type WireTerms = {
  currency: string;
  components: WireComponent[];
  hold_days: number;
  rounding: Rounding;
  clawback: { days: number } & Record<NegativeEvent, ClawbackPolicy>;
  /** In place of the revshare component's percent; the same as tiers of that component. */
  tiers?: WireTiers | undefined;
  payout?: Terms['payout'] | undefined;
  overrides?: { percent: string }[] | undefined;
};

export const LEVELS_AT_MOST = 5;

/** The clawback of a deal that names none: what each negative event takes back, and how long it may. */
export const DEFAULT_CLAWBACK: Terms['clawback'] = {
  days: 90,
  chargeback: 'full',
  refund: 'proportional',
  bonus_abuse: 'full',
  fraud: 'full',
  account_closure: 'none',
};

/**
 * Turns wire terms into the form the rules use, or lists what is wrong with them, with paths.
 * Called when terms are saved and again when they are loaded, so that both mean the same.
 */
export function compileTerms(
  wire: WireTerms,
): { kind: 'ok'; terms: Terms } | { kind: 'invalid'; problems: TermsProblem[] } {
  const problems: TermsProblem[] = [];
  const exponent = exponentOf(wire.currency);
  if (exponent === undefined)
    problems.push({
      path: ['currency'],
      code: 'unknown_currency',
      message: `${wire.currency} is not an ISO 4217 currency`,
    });
  const seen = new Map<string, number>();
  const components = withSharedTiers(wire, problems).map(({ component, tiersPath }, index) =>
    compileComponent(component, {
      exponent: exponent ?? 2,
      path: ['components', index],
      tiersPath,
      seen,
      problems,
    }),
  );
  const payout = wire.payout ?? 'ignore';
  const overrides = compileOverrides(wire.overrides ?? [], problems);
  if (problems.length > 0) return { kind: 'invalid', problems };
  const { currency, hold_days: holdDays, rounding, clawback } = wire;
  const all = [
    ...components.filter((component) => component !== undefined),
    ...(payout === 'ignore' ? [] : [PAYOUT]),
  ];
  return {
    kind: 'ok',
    terms: { currency, components: all, holdDays, rounding, clawback, payout, overrides },
  };
}

/** Hands the tiers of the terms as a whole to the component they are about: the one share of revenue. */
function withSharedTiers(
  { components, tiers }: WireTerms,
  problems: TermsProblem[],
): { component: WireComponent; tiersPath?: (string | number)[] }[] {
  if (tiers === undefined) return components.map((component) => ({ component }));
  const shares = components.filter(({ kind }) => kind === revshare.kind);
  if (shares.length !== 1 || shares[0]!.tiers !== undefined) {
    const message = 'tiers of the terms need exactly one revshare component, without tiers of its own';
    problems.push({ path: ['tiers'], code: 'ambiguous', message });
    return components.map((component) => ({ component }));
  }
  return components.map((component) =>
    component === shares[0] ? { component: { ...component, tiers }, tiersPath: ['tiers'] } : { component },
  );
}

function compileOverrides(wire: readonly { percent: string }[], problems: TermsProblem[]): bigint[] {
  if (wire.length > LEVELS_AT_MOST)
    problems.push({
      path: ['overrides'],
      code: 'too_large',
      message: `there are at most ${LEVELS_AT_MOST} levels of overrides`,
    });
  return wire.map(({ percent }, level) => {
    const parsed = parseDecimal(percent, PERCENT_DECIMALS);
    if (parsed.kind === 'ok' && parsed.value >= 0n) return parsed.value;
    const message = `must be a decimal, not negative, of at most ${PERCENT_DECIMALS} decimals`;
    problems.push({ path: ['overrides', level, 'percent'], code: 'invalid_decimal', message });
    return 0n;
  });
}
