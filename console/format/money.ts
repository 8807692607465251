// Amounts as people read them. Works on decimal text throughout: a float would lose cents.

/** `-1234567.50` as `−1,234,567.50`: with the decimals that the API sent. */
export function formatAmount(amount: string): string {
  const [, sign = '', whole = '', rest = ''] = /^(-?)(\d+)(\.\d+)?$/.exec(amount) ?? [];
  if (whole === '') return amount;
  return (sign && '−') + whole.replaceAll(/\B(?=(\d{3})+$)/g, ',') + rest;
}

/**
 * A sentence of the API with each number in it as `formatAmount` writes it; ids and dates as they
 * are.
 */
export function withAmounts(text: string): string {
  return text.replaceAll(/(?<![\w.,:-])-?\d+(\.\d+)?(?![\w:-]|[.,]\w)/g, formatAmount);
}

export function isNegative(amount: string): boolean {
  return amount.startsWith('-') && /[1-9]/.test(amount);
}

export function isZero(amount: string): boolean {
  return !/[1-9]/.test(amount);
}

/** `a - b`, with the decimals of both, which must be of the same currency. */
export function difference(a: string, b: string): string {
  const decimals = Math.max(decimalsOf(a), decimalsOf(b));
  return amountOf(unitsOf(a, decimals) - unitsOf(b, decimals), decimals);
}

/** The sum of amounts of one currency. */
export function sumOf(amounts: readonly string[]): string {
  const decimals = Math.max(0, ...amounts.map(decimalsOf));
  return amountOf(
    amounts.reduce((sum, amount) => sum + unitsOf(amount, decimals), 0n),
    decimals,
  );
}

/** The amount of so many units of its last decimal. */
function amountOf(result: bigint, decimals: number): string {
  const digits = String(result < 0n ? -result : result).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const sign = result < 0n ? '-' : '';
  return sign + whole + (decimals > 0 ? `.${digits.slice(-decimals)}` : '');
}

function decimalsOf(amount: string): number {
  return amount.split('.')[1]?.length ?? 0;
}

/** The amount in units of its last decimal. */
function unitsOf(amount: string, decimals: number): bigint {
  const [whole = '0', rest = ''] = amount.split('.');
  return BigInt(whole + rest.padEnd(decimals, '0'));
}

/** `10000` as `10,000`. */
export function formatCount(count: number): string {
  return formatAmount(String(count));
}

/** `1 postback`, `10,000 postbacks`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
