// Answers about the upcoming money of an affiliate: schema and view.
import { z } from 'zod';
import { formatMoney } from '../../domain/ledger/money.ts';
import type { Operator } from '../../store/setup/operators.ts';
import type { Upcoming } from '../../store/ledger/upcoming.ts';
import * as field from '../http/answer-fields.ts';
import { dueOf } from './balances.answers.ts';

const currencyOf = z.object({
  currency: field.currency,
  due: field.money.meta({ description: 'what a payout would reserve now: payable, less what is owed' }),
  minimum_payout: field.money
    .nullable()
    .meta({ description: 'what the operator pays out at least, as a rule; null: no minimum' }),
  becomes_payable: z.array(
    z.object({
      day: field.text.meta({ description: 'in UTC', examples: ['2026-12-24'] }),
      amount: field.money,
      commissions: field.count,
    }),
  ),
  of_older: field.money.meta({
    description:
      'pending for commissions before the newest 10,000, which are not looked at: as a rule it becomes payable first',
  }),
});

export const upcoming = z.object({ data: z.array(currencyOf) });

export function upcomingView(rows: readonly Upcoming[], { minimumPayouts }: Operator) {
  return {
    data: rows.map(({ currency, payableMinor, debtMinor, days, olderMinor }) => ({
      currency,
      due: dueOf({ payableMinor, debtMinor, currency }),
      minimum_payout: minimumPayouts[currency] ?? null,
      becomes_payable: days.map(({ day, pendingMinor, commissions }) => ({
        day,
        amount: formatMoney(pendingMinor, currency),
        commissions,
      })),
      of_older: formatMoney(olderMinor, currency),
    })),
  };
}
