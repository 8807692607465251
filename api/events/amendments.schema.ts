// Requests of amendments: the corrected values of an event, converted to minor units.
import type { z } from 'zod';
import { isConversion } from '../../domain/types.ts';
import { VOLUME_DECIMALS } from '../../domain/units.ts';
import type { AmendableValues, AmendableEvent } from '../../store/agreements/amendments.ts';
import { ApiError, type Issue } from '../http/errors.ts';
import { text } from '../http/fields.ts';
import { invalid, problem } from '../http/read.ts';
import { eventForm, isAbsent } from './events.schema.ts';
import { currencyOf, money, scaled } from './read-event.ts';

const values = eventForm.pick({ amount: true, currency: true, volume: true, payout: true, metadata: true });

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
        ...problem('required', 'needs amount, currency, volume, payout or metadata'),
        input: ctx.value,
      });
  });

type AmendmentForm = z.output<typeof amendment>;

/**
 * The event's values, replaced by those of the form. Throws `invalid_request` for invalid values,
 * and `not_possible` for an event that cannot be amended.
 */
export function amended(event: AmendableEvent, form: AmendmentForm): AmendableValues {
  refuseWhatCannotBe(event, form);
  const before = event.values;
  const issues: Issue[] = [];
  const currency = currencyOf(isAbsent(form.currency) ? before.currency : form.currency, issues);
  const after = {
    amountMinor: money('amount', form, currency, event.type === 'revenue', issues) ?? before.amountMinor,
    currency,
    volumeE4: isAbsent(form.volume)
      ? before.volumeE4
      : scaled('volume', form.volume, VOLUME_DECIMALS, false, issues),
    payoutMinor: money('payout', form, currency, false, issues) ?? before.payoutMinor,
    metadata: form.metadata == null ? before.metadata : JSON.stringify(form.metadata),
  };
  if (issues.length > 0) throw invalid(issues);
  return after;
}

function refuseWhatCannotBe(
  { type, status, values: { currency } }: AmendableEvent,
  form: AmendmentForm,
): void {
  if (!isConversion(type))
    throw new ApiError('not_possible', `only conversions can be amended, and a ${type} is none`);
  if (status === 'rejected')
    throw new ApiError('not_possible', 'the event was rejected, so nothing of it counts');
  if (!isAbsent(form.currency) && currency !== null && form.currency.toUpperCase() !== currency)
    throw new ApiError(
      'not_possible',
      `an event stays in its currency, ${currency}, since refunds are measured in it; take it back with a refund, and send it again`,
    );
}
