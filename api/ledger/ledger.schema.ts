// What moving money by hand takes: releases, decisions, payouts, adjustments and write-offs.
import { z } from 'zod';
import { exponentOf, parseDecimal } from '../../domain/ledger/money.ts';
import { COMMISSION_STATES } from '../../store/ledger/commissions.ts';
import { DECIDED_AT_MOST } from '../../store/ledger/decisions.ts';
import { currency, externalId, id, page, text, time } from '../http/fields.ts';
import { invalid } from '../http/read.ts';

const decimal = z.string().max(64);
const reason = text(500);

export const holdRelease = z.strictObject({ before: time.optional() });

const period = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'must be a month such as 2026-11');

export const commissionFilter = z.strictObject({
  ...page,
  affiliate_id: id.optional(),
  state: z.enum(COMMISSION_STATES).optional(),
  currency: currency.optional(),
  period: period.optional(),
});

export const payoutFilter = z.strictObject({
  ...page,
  affiliate_id: id.optional(),
  state: z.enum(['reserved', 'paid', 'failed', 'returned']).optional(),
  currency: currency.optional(),
});

export const approval = z.strictObject({ reason: reason.optional() });
/** A rejection always says why, if only that nobody said. */
const why = reason.default('no reason given');
export const rejection = z.strictObject({ reason: why });

const choice = {
  ids: z.array(id).min(1).max(DECIDED_AT_MOST).optional(),
  affiliate_id: id.optional(),
  before: time.optional(),
};

function isOneChoice({
  ids,
  affiliate_id,
  before,
}: {
  ids?: unknown;
  affiliate_id?: unknown;
  before?: unknown;
}): boolean {
  return ids === undefined
    ? affiliate_id !== undefined && before !== undefined
    : affiliate_id === undefined && before === undefined;
}
const ONE_CHOICE = {
  params: { code: 'ids_or_affiliate_required' },
  error: 'give ids, or affiliate_id and before',
  path: ['ids'],
};

export const approvals = z
  .strictObject({ ...choice, reason: reason.optional() })
  .refine(isOneChoice, ONE_CHOICE);
export const rejections = z.strictObject({ ...choice, reason: why }).refine(isOneChoice, ONE_CHOICE);

export const newPayout = z.strictObject({ affiliate_id: id, currency, minimum: decimal.optional() });
export const payoutStep = {
  confirm: z.strictObject({ external_reference: externalId.optional(), reason: reason.optional() }),
  fail: z.strictObject({ reason: reason.optional() }),
  return: z.strictObject({ reason: reason.optional() }),
};

export const newAdjustment = z.strictObject({
  currency,
  amount: decimal,
  reason,
  idempotency_key: externalId,
});
export const newWriteOff = z.strictObject({
  currency,
  amount: decimal.optional(),
  reason,
  idempotency_key: externalId.optional(),
});

/** The key of a request's header, or null without one. Throws `invalid_request` for what cannot be one. */
export function idempotencyKeyOf(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  const parsed = externalId.safeParse(header);
  if (parsed.success) return parsed.data;
  throw invalid([
    { path: 'Idempotency-Key', code: 'invalid_format', message: 'must be 1 to 255 characters' },
  ]);
}

/** An amount in minor units; positive, but for those that say so. Throws `invalid_request` with the field. */
export function amountOf(
  given: string,
  code: string,
  field: string,
  kind: 'positive' | 'signed' | 'zero_or_more' = 'positive',
): bigint {
  const decimals = exponentOf(code)!;
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
