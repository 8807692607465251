// Requests of commissions: the filter of the list, decisions, and the release of holds.
import { z } from 'zod';
import { COMMISSION_STATES } from '../../store/ledger/commissions.ts';
import { DECIDED_AT_MOST } from '../../store/ledger/decisions.ts';
import { currency, id, reason, time } from '../http/fields.ts';
import { page } from '../http/lists.ts';
export const holdRelease = z.strictObject({ before: time.optional() });

const period = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'must be a month such as 2026-11');

export const commissionFilter = z.strictObject({
  ...page,
  affiliate_id: id.optional(),
  state: z.enum(COMMISSION_STATES).optional(),
  currency: currency.optional(),
  period: period.optional(),
});
export const approval = z.strictObject({ reason: reason.optional() });
/** Every rejection has a reason. */
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
