// Answers of previews: totals, then by affiliate and month what the terms would pay beside what was
// paid.
import { z } from 'zod';
import { formatMoney } from '../../domain/ledger/money.ts';
import type { Previewed } from '../../store/settlement/previews.ts';
import * as field from '../http/answer-fields.ts';

type Row = { would: bigint; paid: bigint; events: number };
type MonthRow = Row & { month: string; components: Map<string, bigint>; elsewhere: Map<string, bigint> };

/**
 * Sums are in the currency of the terms. Amounts paid in other currencies are listed apart, without
 * comparison.
 */
export function previewView({ would, paid, events, lacking }: Previewed, currency: string) {
  const affiliates = new Map<string, Map<string, MonthRow>>();
  const rowOf = ({ affiliateId, month }: { affiliateId: string; month: string }): MonthRow => {
    const months = affiliates.get(affiliateId) ?? new Map<string, MonthRow>();
    affiliates.set(affiliateId, months);
    const row = months.get(month) ?? {
      month,
      would: 0n,
      paid: 0n,
      events: 0,
      components: new Map(),
      elsewhere: new Map(),
    };
    months.set(month, row);
    return row;
  };
  for (const one of events) rowOf(one).events += one.count;
  for (const one of would) {
    const row = rowOf(one);
    row.would += one.minor;
    row.components.set(one.component, (row.components.get(one.component) ?? 0n) + one.minor);
  }
  for (const one of paid) {
    const row = rowOf(one);
    if (one.currency === currency) row.paid += one.minor;
    else row.elsewhere.set(one.currency, (row.elsewhere.get(one.currency) ?? 0n) + one.minor);
  }
  const rows = [...affiliates.values()].map((months) => [...months.values()]);
  const amounts = (row: Row) => ({
    events: row.events,
    would_pay: formatMoney(row.would, currency),
    paid: formatMoney(row.paid, currency),
    difference: formatMoney(row.would - row.paid, currency),
  });
  return {
    currency,
    ...amounts(sumOf(rows.flat())),
    left_out: lacking,
    affiliates: [...affiliates].toSorted(byText).map(([affiliateId, months]) => ({
      affiliate_id: affiliateId,
      ...amounts(sumOf([...months.values()])),
      months: [...months].toSorted(byText).map(([, row]) => ({
        month: row.month,
        ...amounts(row),
        components: [...row.components]
          .toSorted(byText)
          .map(([component, minor]) => ({ component, amount: formatMoney(minor, currency) })),
        paid_in_other_currencies: [...row.elsewhere].map(([other, minor]) => ({
          currency: other,
          amount: formatMoney(minor, other),
        })),
      })),
    })),
  };
}

function sumOf(rows: readonly Row[]): Row {
  return rows.reduce(
    (sum, { would, paid, events }) => ({
      would: sum.would + would,
      paid: sum.paid + paid,
      events: sum.events + events,
    }),
    { would: 0n, paid: 0n, events: 0 },
  );
}

function byText([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

const previewed = { events: field.count, would_pay: field.money, paid: field.money, difference: field.money };

const amounts = { currency: field.currency, amount: field.money };

export const preview = z.object({
  deal_id: field.idOf('deal'),
  from: field.time,
  to: field.time,
  currency: field.currency,
  ...previewed,
  left_out: z
    .record(z.string(), field.count)
    .meta({ description: 'events that could not be worked out, by reason' }),
  affiliates: z.array(
    z.object({
      affiliate_id: field.affiliateId,
      ...previewed,
      months: z.array(
        z.object({
          month: field.month,
          ...previewed,
          components: z.array(z.object({ component: field.text, amount: field.money })),
          paid_in_other_currencies: z.array(z.object(amounts)),
        }),
      ),
    }),
  ),
});
