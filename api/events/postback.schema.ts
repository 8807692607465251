// Parameters of /postback: our own names, the field's usual other names, and the operator's
// aliases.
import { SUBS } from '../../domain/types.ts';
import type { ApiError, Issue } from '../http/errors.ts';
import { invalid } from '../http/read.ts';
import { formOf } from './events.schema.ts';
import { type EventReading, type EventRules, readEvent } from './read-event.ts';

/** The fields of an event that can be parameters: all but `metadata`, which is structured. */
export const POSTBACK_FIELDS = [
  'click_id',
  'event',
  'amount',
  'currency',
  'customer_id',
  ...SUBS,
  'payout',
  'payout_currency',
  'transaction_id',
  'occurred_at',
  'volume',
  'symbol',
  'symbol_group',
  'reference',
  'reference_event',
  'coupon',
] as const;

type PostbackField = (typeof POSTBACK_FIELDS)[number];
type PostbackAliases = Readonly<Record<string, string | null>>;

const OWN_NAMES: ReadonlySet<string> = new Set(POSTBACK_FIELDS);

/** Names of trackers and shops for our fields. The operator's own aliases take precedence. */
const USUAL_NAMES: Partial<Record<PostbackField, string>> = {
  click_id: 'clickid cid click aff_click_id',
  event: 'goal event_type event_name action',
  amount: 'sum value sale_amount price',
  currency: 'cur currency_code',
  customer_id: 'customer user_id userid uid player_id client_id account_id',
  transaction_id: 'txid tid txn_id trx_id transaction order_id orderid',
  payout: 'commission',
  payout_currency: 'commission_currency payout_cur',
  occurred_at: 'timestamp time event_time',
  volume: 'lots',
  symbol: 'instrument ticker',
  symbol_group: 'instrument_group asset_class',
  coupon: 'coupon_code promo promo_code',
  sub1: 's1 subid1 aff_sub aff_sub1',
  sub2: 's2 subid2 aff_sub2',
  sub3: 's3 subid3 aff_sub3',
  sub4: 's4 subid4 aff_sub4',
  sub5: 's5 subid5 aff_sub5',
};
const USUAL = new Map(
  Object.entries(USUAL_NAMES).flatMap(([field, names]) =>
    names.split(' ').map((name) => [name, field] as const),
  ),
);

/**
 * Reads an event from parameters. Empty parameters count as absent, since trackers send them for
 * unknown values. Issues use the caller's names.
 */
export function readPostback(
  params: unknown,
  aliases: PostbackAliases,
  rules: EventRules,
  now: number,
): EventReading {
  const issues: Issue[] = [];
  if (typeof params !== 'object' || params === null || Array.isArray(params)) {
    formOf(params, issues);
    return { kind: 'invalid', error: invalid(issues) };
  }
  const form: Record<string, unknown> = {};
  const nameOf = new Map<string, string>();
  for (const [name, value] of Object.entries(params)) {
    const field = fieldOf(name, aliases);
    if (field === null || value === '') continue;
    if (field === undefined) {
      issues.push({ path: name, code: 'unknown_field', message: 'there is no such parameter' });
      continue;
    }
    const isTwice = Array.isArray(value) || nameOf.has(field);
    if (isTwice) issues.push(twice(name, nameOf.get(field)));
    // The first value is still read, so that the field is not reported as missing.
    form[field] ??= Array.isArray(value) ? (value as unknown[])[0] : value;
    nameOf.set(field, nameOf.get(field) ?? name);
  }
  const reading = readEvent(form, rules, now);
  if (reading.kind === 'event' && issues.length === 0) return reading;
  return {
    kind: 'invalid',
    error: withIssues(issues, reading.kind === 'invalid' ? reading.error : null, nameOf),
  };
}

/** Null for an ignored parameter, undefined for an unknown one. */
function fieldOf(name: string, aliases: PostbackAliases): string | null | undefined {
  if (OWN_NAMES.has(name)) return name;
  return Object.hasOwn(aliases, name) ? aliases[name] : USUAL.get(name);
}

function twice(name: string, other: string | undefined): Issue {
  const message = other === undefined || other === name ? 'is given twice' : `says the same as ${other}`;
  return { path: name, code: 'given_twice', message };
}

function withIssues(issues: Issue[], error: ApiError | null, nameOf: ReadonlyMap<string, string>): ApiError {
  const ofEvent =
    error?.issues?.map((issue) => ({ ...issue, path: nameOf.get(issue.path) ?? issue.path })) ?? [];
  return invalid(
    [...issues, ...ofEvent],
    error?.code === 'unknown_event' ? 'unknown_event' : 'invalid_request',
  );
}
