// Exact arithmetic for the model: fractions of big integers, decimals in and out, and the three
// roundings.
import type { Rounding } from './world.ts';

export interface Fraction {
  readonly n: bigint;
  /** Always above zero. */
  readonly d: bigint;
}

export const ZERO: Fraction = { n: 0n, d: 1n };
export const ONE: Fraction = { n: 1n, d: 1n };

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? (a < 0n ? -a : a) : gcd(b, a % b);
}

export function fraction(n: bigint, d = 1n): Fraction {
  const divisor = gcd(n, d);
  return d < 0n ? { n: -n / divisor, d: -d / divisor } : { n: n / divisor, d: d / divisor };
}

export const add = (a: Fraction, b: Fraction): Fraction => fraction(a.n * b.d + b.n * a.d, a.d * b.d);
export const subtract = (a: Fraction, b: Fraction): Fraction => fraction(a.n * b.d - b.n * a.d, a.d * b.d);
export const multiply = (a: Fraction, b: Fraction): Fraction => fraction(a.n * b.n, a.d * b.d);
export const divide = (a: Fraction, b: Fraction): Fraction => fraction(a.n * b.d, a.d * b.n);
export const isLess = (a: Fraction, b: Fraction): boolean => a.n * b.d < b.n * a.d;
export const smaller = (a: Fraction, b: Fraction): Fraction => (isLess(b, a) ? b : a);
export const larger = (a: Fraction, b: Fraction): Fraction => (isLess(a, b) ? b : a);
export const total = (parts: readonly Fraction[]): Fraction => parts.reduce(add, ZERO);

/** "12.5" is 25/2. */
export function decimal(text: string): Fraction {
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text);
  if (!match) throw new Error(`not a decimal: ${text}`);
  const decimals = match[3] ?? '';
  const n = BigInt(match[2]! + decimals);
  return fraction(match[1] === '-' ? -n : n, 10n ** BigInt(decimals.length));
}

/**
 * Rounds to a whole number. Halves: to the even neighbour, or away from zero; `down` is towards
 * zero.
 */
export function round(value: Fraction, mode: Rounding): bigint {
  const isNegative = value.n < 0n;
  const n = isNegative ? -value.n : value.n;
  const whole = n / value.d;
  const twice = (n % value.d) * 2n;
  const isUp =
    mode !== 'down' && (twice > value.d || (twice === value.d && (mode === 'half_up' || whole % 2n === 1n)));
  const rounded = isUp ? whole + 1n : whole;
  return isNegative ? -rounded : rounded;
}

const NO_DECIMALS = 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ');
const THREE_DECIMALS = 'BHD IQD JOD KWD LYD OMR TND'.split(' ');
const FOUR_DECIMALS = ['CLF', 'UYW'];

/** Decimals of a currency by ISO 4217, or as the operator added it. */
export function exponentOf(currency: string, added: Readonly<Record<string, number>>): number {
  const own = added[currency];
  if (own !== undefined) return own;
  if (NO_DECIMALS.includes(currency)) return 0;
  if (THREE_DECIMALS.includes(currency)) return 3;
  return FOUR_DECIMALS.includes(currency) ? 4 : 2;
}

/** A decimal amount in the currency's smallest units, still exact. */
export function minorUnits(text: string, exponent: number): Fraction {
  return multiply(decimal(text), fraction(10n ** BigInt(exponent)));
}

/** Smallest units as decimal text: 1234 at 2 decimals is "12.34". */
export function decimalText(minor: bigint, exponent: number): string {
  const digits = (minor < 0n ? -minor : minor).toString().padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent);
  const sign = minor < 0n ? '-' : '';
  return exponent === 0 ? sign + whole : `${sign}${whole}.${digits.slice(-exponent)}`;
}
