// Rows, groups and types of events of a report.
import type { RowOf } from '../../wire/types.ts';

export type Row = RowOf<'/v1/reports'>;
export type EventType = NonNullable<Row['event']>;

export const GROUPS = [
  ['affiliate', 'Affiliate'],
  ['link', 'Link'],
  ['type', 'Type of event'],
] as const;
export type Group = 'day' | (typeof GROUPS)[number][0];

export const TYPES: readonly EventType[] = [
  'registration',
  'kyc',
  'ftd',
  'deposit',
  'trade',
  'volume',
  'revenue',
  'challenge_purchase',
  'sale',
  'vip_upgrade',
  'reactivation',
  'chargeback',
  'refund',
  'bonus_abuse',
  'fraud',
  'account_closure',
  'chargeback_won',
];
