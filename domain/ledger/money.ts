// Money as integer minor units: parsing and formatting of decimal text, and rounding.
import type { Rounding } from '../types.ts';
import { exponentOf } from './currencies.ts';

/** A parsed decimal as a scaled integer, or why it was refused. */
type Parsed =
  { kind: 'ok'; value: bigint } | { kind: 'invalid' } | { kind: 'too_precise' } | { kind: 'too_large' };

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;
/** The largest accepted magnitude: a bigint column holds sums of a thousand such amounts. */
const LARGEST = 9_200_000_000_000_000n;

/**
 * Parses decimal text as a scaled integer ("500.00", 2 → 50000n). Refuses surplus decimals other
 * than trailing zeros instead of rounding.
 */
export function parseDecimal(text: string, decimals: number): Parsed {
  const match = text.length <= 64 ? DECIMAL.exec(text) : null;
  if (!match) return { kind: 'invalid' };
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  if (fraction.length > decimals) return { kind: 'too_precise' };
  const value = BigInt(match[2]! + fraction.padEnd(decimals, '0'));
  if (value > LARGEST) return { kind: 'too_large' };
  return { kind: 'ok', value: match[1] ? -value : value };
}

/** Formats a scaled integer as decimal text (50000n, 2 → "500.00"). */
export function formatDecimal(value: bigint, decimals: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  return (value < 0n ? '-' : '') + (decimals === 0 ? whole : `${whole}.${digits.slice(-decimals)}`);
}

/**
 * Formats minor units as decimal text with the decimals of their currency. `more`: how many
 * decimals the amount has besides; zeros at their end are left out.
 */
export function formatMoney(minor: bigint, currency: string, more = 0): string {
  const text = formatDecimal(minor, decimalsOf(currency) + more);
  return more === 0 ? text : text.replace(new RegExp(`0{1,${more}}$`), '').replace(/\.$/, '');
}

/**
 * Decimals of a stored amount's currency. Throws for a currency that is not registered: a guess
 * would show or book another amount.
 */
export function decimalsOf(currency: string): number {
  const exponent = exponentOf(currency);
  if (exponent === undefined) throw new Error(`the decimals of ${currency} are not known here`);
  return exponent;
}

/**
 * Divides and rounds to an integer, symmetrically: rounding −x gives the negative of rounding x.
 * The divisor must be positive.
 */
export function divideRounded(dividend: bigint, divisor: bigint, mode: Rounding): bigint {
  if (dividend < 0n) return -divideRounded(-dividend, divisor, mode);
  const quotient = dividend / divisor;
  if (mode === 'down') return quotient;
  const twiceRest = 2n * (dividend % divisor);
  const up = twiceRest > divisor || (twiceRest === divisor && (mode === 'half_up' || quotient % 2n === 1n));
  return up ? quotient + 1n : quotient;
}
