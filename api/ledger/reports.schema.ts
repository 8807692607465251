// Requests of reports: how they are grouped, which days, and of what.
import { z } from 'zod';
import { dayOf } from '../../domain/ledger/periods.ts';
import { EVENT_TYPES } from '../../domain/types.ts';
import { DAY_MS } from '../../domain/units.ts';
import { REPORT_GROUPS } from '../../store/ledger/reports.ts';
import { id } from '../http/fields.ts';
import { page } from '../http/lists.ts';

/** Days of one report: what is read for a page stays bounded. */
export const DAYS_AT_MOST = 92;
const DAYS_BY_DEFAULT = 30;

const day = z.iso.date({ error: 'must be a day such as 2026-11-22' });

/** The cursor is the id of the last row: a day, a type, an affiliate or a link. */
export const reportFilter = z
  .strictObject({
    ...page,
    cursor: z
      .string()
      .regex(/^[a-z0-9_-]{1,40}$/, 'is not a cursor of this list')
      .optional(),
    group_by: z.enum(REPORT_GROUPS).default('affiliate').meta({ description: 'what a row is about' }),
    from: day.optional().meta({
      description: 'the first day, in the operator’s time zone; without it, 29 days before `to`',
      examples: ['2026-11-01'],
    }),
    to: day.optional().meta({
      description: `the last day, included; without it, today. At most ${DAYS_AT_MOST} days in all`,
      examples: ['2026-11-30'],
    }),
    affiliate_id: id.optional(),
    link_id: id.optional(),
    event: z.enum(EVENT_TYPES).optional(),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || daysIn(from, to) >= 1, {
    params: { code: 'invalid_range' },
    error: 'is after `to`',
    path: ['from'],
  });

/** The days of a report, with what was not given. Null where they are too many. */
export function daysOf(
  { from, to }: { from?: string | undefined; to?: string | undefined },
  timezone: string,
  now: number,
): { from: string; to: string } | null {
  const last = to ?? latest(from, dayOf(now, timezone));
  const first =
    from ?? new Date(Date.parse(last) - (DAYS_BY_DEFAULT - 1) * DAY_MS).toISOString().slice(0, 10);
  return daysIn(first, last) > DAYS_AT_MOST ? null : { from: first, to: last };
}

/** Days that lie ahead are empty, and no mistake. */
function latest(from: string | undefined, today: string): string {
  return from !== undefined && from > today ? from : today;
}

function daysIn(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
}
