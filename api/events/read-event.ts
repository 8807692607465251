// Reads an event from the wire: converts values to minor units, derives its key and content hash,
// and reports every issue. Every event passes here, so this makes no closures and copies nothing
// twice.
import { aboutUnknownEvent, eventNamed } from '../../domain/event-names.ts';
import { exponentOf, isUsable, type AddedCurrencies } from '../../domain/ledger/currencies.ts';
import { parseDecimal } from '../../domain/ledger/money.ts';
import {
  type ConversionEvent,
  type EventKey,
  type EventType,
  isNegative,
  ONE_OFF_EVENTS,
} from '../../domain/types.ts';
import { VOLUME_DECIMALS } from '../../domain/units.ts';
import { newId } from '../../store/db/ids.ts';
import type { Operator } from '../../store/setup/operators.ts';
import type { ApiError, Issue } from '../http/errors.ts';
import { NOT_A_CURRENCY } from '../http/fields.ts';
import { invalid } from '../http/read.ts';
import { contentHashOf } from '../intake/content-hash.ts';
import type { IntakeEvent } from '../intake/intake.ts';
import { type EventField, type EventParts, formOf, isAbsent } from './events.schema.ts';
import { readOccurredAt } from './occurred-at.ts';

/** Settings of the operator that decide how its events are read. */
export type EventRules = {
  operatorId: string;
  withoutTransactionId: NonNullable<Operator['withoutTransactionId']>;
  repeatWindowHours: number;
  /** The operator's own names of events. */
  eventTypes: ReadonlyMap<string, EventType>;
  currencies: AddedCurrencies;
};

export type EventReading = { kind: 'event'; event: IntakeEvent } | { kind: 'invalid'; error: ApiError };

const HOUR_MS = 3_600_000;
/**
 * Fields that identify an event. While one of them is invalid, rules about their combination are
 * skipped.
 */
const IDENTIFYING: ReadonlySet<string> = new Set([
  'event',
  'transaction_id',
  'click_id',
  'customer_id',
  'reference',
]);
/** A double represents every decimal of up to 15 digits uniquely, so no digit was lost in JSON. */
const EXACT_DIGITS = 15;

/** Reads one event. `now` is its time of receipt in milliseconds, the default of `occurred_at`. */
export function readEvent(value: unknown, rules: EventRules, now: number): EventReading {
  const issues: Issue[] = [];
  const form = formOf(value, issues);
  if (form === null) return { kind: 'invalid', error: invalid(issues) };
  const event = eventFrom(form, rules, now, issues);
  if (!issues.some(({ path }) => IDENTIFYING.has(path))) checkIdentity(event, issues);
  if (issues.length > 0) return { kind: 'invalid', error: invalid(issues, codeOf(issues)) };
  const metadata = form.metadata ?? null;
  const isTimed = !isAbsent(form.occurred_at);
  const contentHash = contentHashOf({ event, isTimed, metadata });
  const notes = metadata === null ? null : JSON.stringify(metadata);
  const incoming: IntakeEvent = { event, isTimed, metadata: notes, contentHash };
  if (form.event !== event.type) incoming.sentAs = form.event!;
  if (event.key.kind === 'content') {
    event.key.value = contentHash.toString('hex');
    incoming.repeatableFrom = now + rules.repeatWindowHours * HOUR_MS;
  }
  return { kind: 'event', event: incoming };
}

function eventFrom(form: EventParts, rules: EventRules, now: number, issues: Issue[]): ConversionEvent {
  const currency = currencyOf('currency', form.currency, rules.currencies, issues);
  const payoutCurrency = currencyOf('payout_currency', form.payout_currency, rules.currencies, issues);
  const id = newId('evt', now);
  const type = typeOf('event', form.event, rules, issues);
  const transactionId = form.transaction_id ?? null;
  const clickId = form.click_id ?? null;
  const customerId = form.customer_id ?? null;
  return {
    operatorId: rules.operatorId,
    id,
    type,
    key: keyOf(type, { id, transactionId, customerId, clickId }, rules),
    transactionId,
    clickId,
    customerId,
    amountMinor: money('amount', form, currency, type === 'revenue', issues),
    currency,
    volumeE4: isAbsent(form.volume) ? null : scaled('volume', form.volume, VOLUME_DECIMALS, false, issues),
    symbol: given(form.symbol),
    symbolGroup: given(form.symbol_group),
    reference: form.reference ?? null,
    referenceType: isAbsent(form.reference_event)
      ? null
      : typeOf('reference_event', form.reference_event, rules, issues),
    operatorPayoutMinor: money('payout', form, payoutCurrency ?? currency, false, issues),
    operatorPayoutCurrency: payoutCurrency,
    subs: [given(form.sub1), given(form.sub2), given(form.sub3), given(form.sub4), given(form.sub5)],
    coupon: form.coupon ?? null,
    occurredAt: isAbsent(form.occurred_at) ? now : occurredAt(form.occurred_at, now, issues),
    receivedAt: now,
  };
}

/**
 * The key of an event: its transaction id; for one-off events its customer or click; else by the
 * operator's setting. An empty value means that a transaction id is required. The value of a
 * content key is filled in once the content is valid.
 */
function keyOf(
  type: EventType,
  ids: Pick<ConversionEvent, 'id' | 'transactionId' | 'customerId' | 'clickId'>,
  { withoutTransactionId }: EventRules,
): EventKey {
  if (ids.transactionId !== null) return { kind: 'transaction', value: ids.transactionId };
  if (ONE_OFF_EVENTS.has(type)) {
    if (ids.customerId !== null) return { kind: 'customer', value: ids.customerId };
    if (ids.clickId !== null) return { kind: 'click', value: ids.clickId };
  }
  if (withoutTransactionId === 'same_content_is_repeat') return { kind: 'content', value: 'not known yet' };
  return { kind: 'each', value: withoutTransactionId === 'accept_each' ? ids.id : '' };
}

/** Checks the fields that identify the event, and those that attribute it. */
function checkIdentity(
  { type, key, clickId, customerId, reference, referenceType }: ConversionEvent,
  issues: Issue[],
): void {
  const mayRefer = isNegative(type) || type === 'chargeback_won';
  if (key.value === '')
    report(issues, 'transaction_id', 'transaction_id_required', `is required for ${type}`);
  const namesByType = type === 'refund' && customerId !== null && referenceType !== null;
  if (reference === null && (type === 'refund' || type === 'chargeback_won') && !namesByType)
    report(
      issues,
      'reference',
      'reference_required',
      `is required for ${type}: the transaction_id of what it is about${
        type === 'refund' ? '; or give customer_id with reference_event' : ''
      }`,
    );
  else if (clickId === null && customerId === null && !(mayRefer && reference !== null))
    report(
      issues,
      mayRefer ? 'reference' : 'click_id',
      'click_or_customer_required',
      `give click_id or customer_id${mayRefer ? ' or reference' : ''}`,
    );
}

function typeOf(
  field: 'event' | 'reference_event',
  text: string | undefined,
  { eventTypes }: EventRules,
  issues: Issue[],
): EventType {
  if (text === undefined) {
    report(issues, field, 'unknown_event', 'is not an event we know');
    return text as unknown as EventType;
  }
  const type = eventNamed(text, eventTypes);
  if (type === undefined) report(issues, field, 'unknown_event', aboutUnknownEvent(text, eventTypes));
  return type ?? (text as EventType);
}

function given(text: string | null | undefined): string | null {
  return isAbsent(text) ? null : text;
}

export function currencyOf(
  field: 'currency' | 'payout_currency',
  text: string | null | undefined,
  added: AddedCurrencies,
  issues: Issue[],
): string | null {
  if (isAbsent(text)) return null;
  const code = text.toUpperCase();
  if (isUsable(code, added)) return code;
  report(issues, field, 'unknown_currency', NOT_A_CURRENCY);
  return code;
}

/** An amount in minor units, or null with an issue; it needs a currency. */
export function money(
  field: 'amount' | 'payout',
  form: EventParts,
  currency: string | null,
  mayBeNegative: boolean,
  issues: Issue[],
): bigint | null {
  const value = form[field];
  if (isAbsent(value)) return null;
  if (currency === null) report(issues, 'currency', 'currency_required', `is required with ${field}`);
  const exponent = exponentOf(currency ?? '');
  return exponent === undefined ? null : scaled(field, value, exponent, mayBeNegative, issues);
}

/** A decimal in its smallest unit (cents for USD, 0.0001 for lots), or null with an issue. */
export function scaled(
  field: EventField,
  value: string | number,
  decimals: number,
  mayBeNegative: boolean,
  issues: Issue[],
): bigint | null {
  const text = typeof value === 'number' ? decimalOf(value) : value;
  if (text === null) {
    report(
      issues,
      field,
      Number.isInteger(value) ? 'too_large' : 'too_precise',
      'is not exact as a JSON number; send it as text',
    );
    return null;
  }
  const parsed = parseDecimal(text, decimals);
  switch (parsed.kind) {
    case 'ok':
      if (parsed.value < 0n && !mayBeNegative) report(issues, field, 'negative', 'must not be negative');
      return parsed.value;
    case 'too_precise':
      report(issues, field, 'too_precise', `must have at most ${decimals} decimals`);
      return null;
    case 'too_large':
      report(issues, field, 'too_large', 'is too large');
      return null;
    case 'invalid':
      report(issues, field, 'invalid_decimal', 'must be a decimal such as "500.00"');
      return null;
  }
}

/** JavaScript writes numbers below 0.000001 with an exponent. */
const SMALL = /^(-?)(\d)(?:\.(\d+))?e-(\d+)$/;

/** The shortest decimal of a JSON number, or null where digits may have been lost. */
function decimalOf(value: number): string | null {
  const text = String(value);
  if (text.includes('e')) {
    const [, sign, first = '', rest = '', places] = SMALL.exec(text) ?? [];
    return places === undefined || `${first}${rest}`.length > EXACT_DIGITS
      ? null
      : `${sign}0.${'0'.repeat(Number(places) - 1)}${first}${rest}`;
  }
  return Number.isSafeInteger(value) || text.replace(/^-?0?\.?0*|\./g, '').length <= EXACT_DIGITS
    ? text
    : null;
}

function occurredAt(value: string | number, now: number, issues: Issue[]): number {
  const moment = readOccurredAt(value, now);
  if (typeof moment === 'number') return moment;
  report(issues, 'occurred_at', 'invalid_time', moment);
  return now;
}

/** Reports an issue, unless the field has one: only the first cause is shown. */
function report(issues: Issue[], path: EventField, code: string, message: string): void {
  if (!issues.some((issue) => issue.path === path)) issues.push({ path, code, message });
}

function codeOf(issues: Issue[]): 'unknown_event' | 'invalid_request' {
  return issues.some(({ code }) => code === 'unknown_event') ? 'unknown_event' : 'invalid_request';
}
