// Rows, groups and figures of a report.
import type { RowOf } from '../../wire/types.ts';

export type Row = RowOf<'/v1/reports'>;

export const GROUPS = [
  ['affiliate', 'Affiliate'],
  ['link', 'Link'],
  ['type', 'Type of event'],
] as const;
export type Group = 'day' | (typeof GROUPS)[number][0];

export const COUNTS = [
  ['clicks', 'Clicks'],
  ['conversions', 'Conversions'],
  ['ftds', 'First deposits'],
  ['reversals', 'Reversals'],
] as const;
export type Count = (typeof COUNTS)[number][0];

/** Amounts in each currency. */
export const AMOUNTS = [
  ['amount', 'Amount'],
  ['commission', 'Commission'],
  ['reversed', 'Taken back'],
] as const;
export type Amount = (typeof AMOUNTS)[number][0];
