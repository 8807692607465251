// Currency exchange at the operator's own stored, dated rates.
import { decimalsOf, divideRounded } from './money.ts';
import { DAY_MS } from '../units.ts';

/**
 * A stored rate: units of `quote` for one unit of `base`, with twelve decimals, valid from `asOf`
 * (milliseconds since 1970).
 */
export type FxRate = {
  id: string;
  base: string;
  quote: string;
  rateE12: bigint;
  rate: string;
  source: string;
  asOf: number;
};

/**
 * Days for which a rate is valid, so that a forgotten update does not book at an outdated rate in
 * silence.
 */
export const RATE_HOLDS_DAYS = 31;

const E12 = 1_000_000_000_000n;

/** The latest rate at or before a moment; null where that one has expired or there is none. */
export function rateAt(rates: readonly FxRate[], base: string, quote: string, moment: number): FxRate | null {
  let best: FxRate | null = null;
  for (const rate of rates) {
    if (rate.base !== base || rate.quote !== quote || rate.asOf > moment) continue;
    if (moment - rate.asOf > RATE_HOLDS_DAYS * DAY_MS) continue;
    if (best === null || rate.asOf > best.asOf || (rate.asOf === best.asOf && rate.id > best.id)) best = rate;
  }
  return best;
}

/**
 * Converts minor units of the base currency into minor units of the quote currency, rounded
 * half-even once. Example: 100.00 USD at 82.42135 are 8,242.14 INR (TigerBeetle's documentation on
 * currency exchange).
 */
export function converted(
  minor: bigint,
  { base, quote, rateE12 }: Pick<FxRate, 'base' | 'quote' | 'rateE12'>,
): bigint {
  const [from, to] = [BigInt(decimalsOf(base)), BigInt(decimalsOf(quote))];
  return divideRounded(minor * rateE12 * 10n ** to, E12 * 10n ** from, 'half_even');
}
