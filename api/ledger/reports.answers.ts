// Answers of reports: schemas and view.
import { z } from 'zod';
import { formatMoney } from '../../domain/ledger/money.ts';
import { EVENT_TYPES, type EventType } from '../../domain/types.ts';
import type { ReportGroup, ReportRow } from '../../store/ledger/reports.ts';
import * as field from '../http/answer-fields.ts';

const day = z.iso.date().meta({ examples: ['2026-11-22'] });

const reportMoney = z.object({
  currency: field.currency,
  amount: field.money.meta({
    description:
      'sum of the conversions’ amounts in this currency; one payment that was sent as ftd and as deposit counts once',
  }),
  commission: field.money.meta({
    description: 'what was earned less what was reversed, whatever its state',
    examples: ['200.00'],
  }),
  reversed: field.money.meta({ description: 'commission that was taken back', examples: ['0.00'] }),
});

export const reportRow = z.object({
  day: day.nullable().meta({ description: 'in the operator’s time zone; null unless grouped by day' }),
  event: z.enum(EVENT_TYPES).nullable().meta({
    description: 'null unless grouped by type; then null is clicks, and commission that no event caused',
  }),
  affiliate_id: field.affiliateId
    .nullable()
    .meta({ description: 'whose figures these are; null: of all affiliates' }),
  affiliate_name: field.text.nullable().meta({ description: 'null unless grouped by affiliate' }),
  link_id: field.idOf('link').nullable().meta({ description: 'null unless grouped by link' }),
  clicks: field.count.meta({ description: 'clicks but those of programs' }),
  conversions: field.count.meta({ description: 'settled events that are no reversals' }),
  ftds: field.count.meta({ description: 'first deposits among the conversions' }),
  reversals: field.count.meta({ description: 'settled events that reverse a conversion' }),
  money: z.array(reportMoney).meta({ description: 'a sum for each currency' }),
});

/** What stands beside the rows of a report. */
export const reportScope = {
  from: day.meta({ description: 'the first day' }),
  to: day.meta({ description: 'the last day, included' }),
  timezone: field.text.meta({ description: 'whose days these are', examples: ['Europe/Berlin'] }),
  counted_at: field.time.nullable().meta({
    description: 'when the figures were counted last, as a rule a minute ago; null: not yet',
  }),
};

/** `ofAffiliate`: the affiliate whose figures alone these are, if any. */
export function reportView(group: ReportGroup, ofAffiliate: string | null) {
  return ({ id, affiliateId, name, clicks, conversions, ftds, reversals, money }: ReportRow) => ({
    day: group === 'day' ? id : null,
    event: group === 'type' && id !== '' ? (id as EventType) : null,
    affiliate_id: affiliateId ?? ofAffiliate,
    affiliate_name: name,
    link_id: group === 'link' ? id : null,
    clicks,
    conversions,
    ftds,
    reversals,
    money: money.map(({ currency, amountMinor, commissionMinor, reversedMinor }) => ({
      currency,
      amount: formatMoney(amountMinor, currency),
      commission: formatMoney(commissionMinor, currency),
      reversed: formatMoney(reversedMinor, currency),
    })),
  });
}
