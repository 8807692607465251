// Requests of amendments: the corrected values of an event, converted to minor units, and decisions
// about an event.
import { z } from 'zod';
import { CLICK_EXPIRED } from '../../domain/attribution/attribution.ts';
import type { AddedCurrencies } from '../../domain/ledger/currencies.ts';
import { isConversion } from '../../domain/types.ts';
import { VOLUME_DECIMALS } from '../../domain/units.ts';
import type { AmendableValues, AmendableEvent } from '../../store/agreements/amendments.ts';
import { ApiError, type Issue } from '../http/errors.ts';
import { text } from '../http/fields.ts';
import { invalid, problem } from '../http/read.ts';
import { isSameMetadata } from '../intake/content-hash.ts';
import { eventForm, isAbsent } from './events.schema.ts';
import { currencyOf, money, scaled } from './read-event.ts';

const values = eventForm.pick({
  amount: true,
  currency: true,
  volume: true,
  payout: true,
  payout_currency: true,
  metadata: true,
});

/**
 * Null and empty text equal an absent field, as in events: an amendment replaces values and removes
 * none.
 */
export const amendment = values
  .extend({ reason: text(500).nullish().meta({ description: 'why, for whoever looks at the event' }) })
  .check((ctx) => {
    const { reason: _reason, ...given } = ctx.value;
    if (Object.values(given).every(isAbsent))
      ctx.issues.push({
        ...problem('required', 'needs amount, currency, volume, payout, payout_currency or metadata'),
        input: ctx.value,
      });
  });

type AmendmentForm = z.output<typeof amendment>;

/** Decisions of people about an event, each with the one that takes it back. */
export const DECISIONS = ['void', 'unvoid', 'reject', 'unreject'] as const;
type Decision = (typeof DECISIONS)[number];

export const decision = z.strictObject({
  reason: text(500).meta({ description: 'why, for whoever looks at the event' }),
});
/** The reason may be left out where a decision is taken back. */
export const withdrawal = decision.partial();

/**
 * The event's values after a decision. Throws `not_possible` for the rejection of a reversal, which
 * earns nothing.
 */
export function decided(event: AmendableEvent, name: Decision): AmendableValues {
  if (name === 'reject' && !isConversion(event.type))
    throw new ApiError('not_possible', `only conversions can be rejected; a ${event.type} can be voided`);
  switch (name) {
    case 'void':
    case 'unvoid':
      return { ...event.values, voided: name === 'void' };
    case 'reject':
    case 'unreject':
      return { ...event.values, rejected: name === 'reject' };
  }
}

/**
 * The event's values, replaced by those of the form. `added`: the operator's currencies. Throws
 * `invalid_request` for invalid values, and `not_possible` for an event that cannot be amended.
 */
export function amended(event: AmendableEvent, form: AmendmentForm, added: AddedCurrencies): AmendableValues {
  refuseWhatCannotBe(event, form);
  const before = event.values;
  const issues: Issue[] = [];
  const currency = currencyOf(
    'currency',
    isAbsent(form.currency) ? before.currency : form.currency,
    added,
    issues,
  );
  const payoutCurrency = currencyOf(
    'payout_currency',
    isAbsent(form.payout_currency) ? before.payoutCurrency : form.payout_currency,
    added,
    issues,
  );
  const isPayoutMoved = (payoutCurrency ?? currency) !== (before.payoutCurrency ?? before.currency);
  if (isPayoutMoved && before.payoutMinor !== null && isAbsent(form.payout))
    issues.push({ path: 'payout', code: 'required', message: 'is required with another payout_currency' });
  const after = {
    ...before,
    amountMinor: money('amount', form, currency, event.type === 'revenue', issues) ?? before.amountMinor,
    currency,
    volumeE4: isAbsent(form.volume)
      ? before.volumeE4
      : scaled('volume', form.volume, VOLUME_DECIMALS, false, issues),
    payoutMinor: money('payout', form, payoutCurrency ?? currency, false, issues) ?? before.payoutMinor,
    payoutCurrency,
    metadata:
      form.metadata == null || isSameMetadata(before.metadata, form.metadata)
        ? before.metadata
        : JSON.stringify(form.metadata),
  };
  if (issues.length > 0) throw invalid(issues);
  return after;
}

function refuseWhatCannotBe(
  { type, status, reason, values: { currency } }: AmendableEvent,
  form: AmendmentForm,
): void {
  if (!isConversion(type))
    throw new ApiError('not_possible', `only conversions can be amended, and a ${type} is none`);
  // One with a click too old waits for other evidence, as an orphan does.
  if (status === 'rejected' && reason !== CLICK_EXPIRED)
    throw new ApiError('not_possible', 'the event was rejected, so nothing of it counts');
  if (!isAbsent(form.currency) && currency !== null && form.currency.toUpperCase() !== currency)
    throw new ApiError(
      'not_possible',
      `an event stays in its currency, ${currency}, since refunds are measured in it; take it back with a refund, and send it again`,
    );
}
