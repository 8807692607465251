// Answers about events set aside: what groups of them lack, schema and view.
import { z } from 'zod';
import { formatMoney } from '../../domain/ledger/money.ts';
import {
  describeSetAside,
  SET_ASIDE_REASONS,
  type SetAsideGroup,
  type SetAsideReason,
} from '../../domain/settlement/set-aside.ts';
import * as field from '../http/answer-fields.ts';

export const lacking = field.text.meta({
  description:
    'what was lacking when it was settled last, and the call that mends it. Without that it is set aside again',
  examples: [
    '1 event of 250.00 GBP, 14 November 2026: no rate GBP→USD. POST /v1/fx-rates, then it is settled by itself.',
  ],
});
/** As `2026-11-14`. */
const day = z.iso.date().meta({ examples: ['2026-11-14'] });

/** Events that lack the same. */
export const setAsideGroup = z.object({
  reason: z.enum(SET_ASIDE_REASONS),
  count: field.count,
  amount: field.money.nullable().meta({ description: 'the sum of their amounts; null: none has one' }),
  currency: field.currency.nullable(),
  missing_rate: z
    .object({ base: field.currency, quote: field.currency })
    .nullable()
    .meta({ description: 'the exchange rate that they wait for; null: they lack something else' }),
  first_day: day.meta({
    description: 'the day of the earliest of them; for a missing rate, from when on it must be',
  }),
  last_day: day.meta({ description: 'the day of the latest of them' }),
  lacking,
});

export function groupView({ reason, ...group }: SetAsideGroup & { reason: SetAsideReason }) {
  const { count, sum, lacks, firstDay, lastDay } = group;
  const [base, quote] = lacks?.split('→') ?? [];
  return {
    reason,
    count,
    amount: sum === null ? null : formatMoney(sum.minor, sum.currency),
    currency: sum?.currency ?? null,
    missing_rate: base && quote ? { base, quote } : null,
    first_day: firstDay,
    last_day: lastDay,
    lacking: describeSetAside(reason, group),
  };
}
