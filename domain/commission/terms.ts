// Terms of a deal: the stored wire form, and its compilation into the form that the rules use.
import { exponentOf } from '../ledger/currencies.ts';
import { parseDecimal } from '../ledger/money.ts';
import type { ClawbackPolicy, NegativeEvent, Terms, Rounding } from '../types.ts';
import { compileComponent } from './compile-component.ts';
import type { TermsProblem, WireTiers } from './component-form.ts';
import type { WireComponent } from './components/index.ts';
import { PAYOUT } from './components/payout.ts';
import { revshare } from './components/revshare.ts';
import { PERCENT_DECIMALS } from '../units.ts';

export type { WireTiers } from './component-form.ts';
export type { WireComponent } from './components/index.ts';

/** Wire form of terms with all defaults filled in, as a deal version stores them. */
export type WireTerms = {
  currency: string;
  components: WireComponent[];
  hold_days: number;
  rounding: Rounding;
  clawback: { days: number } & Record<NegativeEvent, ClawbackPolicy>;
  /** Tiers of the only revshare component, listed outside the component. */
  tiers?: WireTiers | undefined;
  payout?: Terms['payout'] | undefined;
  overrides?: { percent: string }[] | undefined;
};

/** Levels of parent affiliates that overrides can pay. */
export const MAX_OVERRIDE_LEVELS = 5;

/** Clawback of a deal that names none: the window in days, and a policy for each negative event. */
export const DEFAULT_CLAWBACK: Terms['clawback'] = {
  days: 90,
  chargeback: 'full',
  refund: 'proportional',
  bonus_abuse: 'full',
  fraud: 'full',
  account_closure: 'none',
};

/**
 * Compiles wire terms into the form that the rules use. Returns `invalid` with every problem found,
 * each with the path of its value.
 * Called when terms are saved and when they are loaded, so that both read terms the same way.
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
      message: `${wire.currency} is not a currency`,
    });
  const seen = new Set<string>();
  const components = withRevshareTiers(wire, problems).map(({ component, tiersPath }, index) =>
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
  const { currency, hold_days: holdDays, rounding } = wire;
  // Versions stored before an event type was added have no policy for it.
  const clawback = { ...DEFAULT_CLAWBACK, ...wire.clawback };
  const ratedComponents = [
    ...components.filter((component) => component !== undefined),
    ...(payout === 'ignore' ? [] : [PAYOUT]),
  ];
  return {
    kind: 'ok',
    terms: { currency, components: ratedComponents, holdDays, rounding, clawback, payout, overrides },
  };
}

/** Moves the terms' own tiers into the only revshare component. */
function withRevshareTiers(
  { components, tiers }: WireTerms,
  problems: TermsProblem[],
): { component: WireComponent; tiersPath?: (string | number)[] }[] {
  if (tiers === undefined) return components.map((component) => ({ component }));
  const revshares = components.filter(({ kind }) => kind === revshare.kind);
  if (revshares.length !== 1 || revshares[0]!.tiers !== undefined) {
    const message = 'tiers of the terms need exactly one revshare component, without tiers of its own';
    problems.push({ path: ['tiers'], code: 'ambiguous', message });
    return components.map((component) => ({ component }));
  }
  return components.map((component) =>
    component === revshares[0] ? { component: { ...component, tiers }, tiersPath: ['tiers'] } : { component },
  );
}

/** Compiles percents into parts per million, nearest parent first. */
function compileOverrides(wire: readonly { percent: string }[], problems: TermsProblem[]): bigint[] {
  if (wire.length > MAX_OVERRIDE_LEVELS)
    problems.push({
      path: ['overrides'],
      code: 'too_large',
      message: `there are at most ${MAX_OVERRIDE_LEVELS} levels of overrides`,
    });
  return wire.map(({ percent }, level) => {
    const parsed = parseDecimal(percent, PERCENT_DECIMALS);
    if (parsed.kind === 'ok' && parsed.value >= 0n) return parsed.value;
    const message = `must be a decimal, not negative, of at most ${PERCENT_DECIMALS} decimals`;
    problems.push({ path: ['overrides', level, 'percent'], code: 'invalid_decimal', message });
    return 0n;
  });
}
