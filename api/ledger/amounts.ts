// Amounts in requests of the ledger, and the operator's own minimum: decimal text to minor units.
import { decimalsOf, parseDecimal } from '../../domain/ledger/money.ts';
import type { Operator } from '../../store/setup/operators.ts';
import { invalid } from '../http/read.ts';

/**
 * An amount in minor units, positive unless `kind` says otherwise. Throws `invalid_request` with
 * the field.
 */
export function amountOf(
  given: string,
  code: string,
  field: string,
  kind: 'positive' | 'signed' | 'zero_or_more' = 'positive',
): bigint {
  const decimals = decimalsOf(code);
  const parsed = parseDecimal(kind === 'signed' ? given.replace(/^\+/, '') : given, decimals);
  const refuse = (issue: string, message: string): never => {
    throw invalid([{ path: field, code: issue, message }]);
  };
  if (parsed.kind === 'too_precise') return refuse('too_precise', `must have at most ${decimals} decimals`);
  if (parsed.kind !== 'ok')
    return refuse(
      parsed.kind === 'too_large' ? 'too_large' : 'invalid_format',
      'must be decimal text such as "10.00"',
    );
  if (parsed.value === 0n && kind !== 'zero_or_more') return refuse('too_small', 'must not be zero');
  if (parsed.value < 0n && kind !== 'signed') return refuse('too_small', 'must not be negative');
  return parsed.value;
}

/** What a payout in a currency must come to by the operator's settings, in minor units. */
export function leastPayoutOf(
  { minimumPayouts }: Pick<Operator, 'minimumPayouts'>,
  currency: string,
): bigint {
  const least = minimumPayouts[currency];
  return least === undefined ? 0n : amountOf(least, currency, 'minimum', 'zero_or_more');
}
