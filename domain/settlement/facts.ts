// Facts that conversions add to slots, each in the deal's currency.
import { subjectOf } from '../commission/reversals.ts';
import type { SlotFact } from '../commission/slot-facts.ts';
import { needsAmount, type SlotName } from '../commission/commission.ts';
import { isOperatorPayout, type SlotKind } from '../commission/slot-kinds.ts';
import { converted, rateAt, type FxRate } from '../ledger/fx.ts';
import type { Component, ConversionEvent, DealVersion } from '../types.ts';

/** Reasons for which a fact cannot be made yet. */
export type Lacking = 'payout_required' | 'no_exchange_rate';

/** The deal version that rates an event, and the slots in which the event earns. */
export type Rated = { version: DealVersion; names: SlotName[] };

/**
 * The fact of a conversion for each kind of slot, or the reason why it cannot be made. `stored`:
 * the exchange rate of an earlier rating, which stays in force whatever rates were added since.
 */
export function conversionFacts(
  event: ConversionEvent,
  { version, names }: Rated,
  rates: readonly FxRate[],
  stored: SlotFact['fx'] = null,
): ((kind: SlotKind) => SlotFact) | Lacking {
  const { components, currency, payout } = version.terms;
  const { id: eventId, type, occurredAt } = event;
  const paysComputed = names.some(({ kind }) => isOperatorPayout(kind));
  if (payout === 'require' && !paysComputed && names.some(({ kind }) => kind !== 'month'))
    return 'payout_required';
  const isForeign = event.currency !== null && event.currency !== currency;
  const rate = isForeign
    ? (rates.find(({ id }) => id === stored?.rateId) ?? rateAt(rates, event.currency!, currency, occurredAt))
    : null;
  const isCounted =
    type === 'revenue' && names.some(({ kind }) => kind === 'month') && components.some(countsRevenue);
  const needed =
    paysComputed || isCounted || components.some((one) => one.on.includes(type) && needsAmount(one));
  if (isForeign && rate === null && needed) return 'no_exchange_rate';
  const worth = (minor: bigint): bigint => (rate !== null ? converted(minor, rate) : isForeign ? 0n : minor);
  const fact: SlotFact = {
    originalEventId: eventId,
    eventId,
    revision: 0,
    type,
    whole: true,
    amountMinor: event.amountMinor ?? 0n,
    basisMinor: worth(event.amountMinor ?? 0n),
    volumeE4: event.volumeE4 ?? 0n,
    occurredAt,
    fx: rate === null ? null : { rateId: rate.id, rate: rate.rate },
    customer: null,
    payment: type === 'ftd' || type === 'deposit' ? event.transactionId : null,
    cancels: null,
  };
  return (kind) => {
    if (isOperatorPayout(kind)) return { ...fact, basisMinor: worth(event.operatorPayoutMinor ?? 0n) };
    return kind === 'month' && type === 'ftd' ? { ...fact, customer: subjectOf(event) } : fact;
  };
}

function countsRevenue({ tiers }: Component): boolean {
  return tiers?.metric === 'revenue';
}
