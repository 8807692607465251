// Facts that conversions add to slots, each in the deal's currency.
import { subjectOf } from '../commission/reversals.ts';
import type { SlotFact } from '../commission/slot-facts.ts';
import { needsAmount, type SlotName } from '../commission/commission.ts';
import { isOperatorPayout, type SlotKind } from '../commission/slot-kinds.ts';
import { converted, rateAt, type FxRate } from '../ledger/fx.ts';
import { payoutCurrencyOf, type Component, type ConversionEvent, type DealVersion } from '../types.ts';
import { lackedRate } from './set-aside.ts';

/** Why a fact cannot be made yet; `detail` names the missing rate. */
export type Lacking = { reason: 'payout_required' | 'no_exchange_rate'; detail?: string };

/** The deal version that rates an event, and the slots in which the event earns. */
export type Rated = { version: DealVersion; names: SlotName[] };

/**
 * The fact of a conversion for each kind of slot, or the reason why it cannot be made. The payout
 * that the operator computed may be in another currency than the amount; each is converted by the
 * rate of its own. `stored`: ids of the exchange rates of an earlier rating, which stay in force
 * whatever rates were added since.
 */
export function conversionFacts(
  event: ConversionEvent,
  { version, names }: Rated,
  rates: readonly FxRate[],
  stored: readonly string[] = [],
): ((kind: SlotKind) => SlotFact) | Lacking {
  const { components, currency, payout } = version.terms;
  const { id: eventId, type, occurredAt } = event;
  const paysComputed = names.some(({ kind }) => isOperatorPayout(kind));
  if (payout === 'require' && !paysComputed && names.some(({ kind }) => kind !== 'month'))
    return { reason: 'payout_required' };
  const worthOf = (base: string | null): Worth => {
    if (base === null || base === currency) return UNCHANGED;
    const ofPair = rates.filter((rate) => rate.base === base && rate.quote === currency);
    const rate = ofPair.find(({ id }) => stored.includes(id)) ?? rateAt(ofPair, base, currency, occurredAt);
    return rate === null ? WITHOUT_RATE : byRate(rate);
  };
  const ofAmount = worthOf(event.currency);
  const ofPayout = paysComputed ? worthOf(payoutCurrencyOf(event)) : UNCHANGED;
  const isCounted =
    type === 'revenue' && names.some(({ kind }) => kind === 'month') && components.some(countsRevenue);
  const needed =
    isCounted || (!paysComputed && components.some((one) => one.on.includes(type) && needsAmount(one)));
  const lackedBase =
    ofPayout === WITHOUT_RATE
      ? payoutCurrencyOf(event)
      : ofAmount === WITHOUT_RATE && needed
        ? event.currency
        : null;
  if (lackedBase !== null)
    return { reason: 'no_exchange_rate', detail: lackedRate(lackedBase, currency, occurredAt) };
  const fact: SlotFact = {
    originalEventId: eventId,
    eventId,
    revision: 0,
    type,
    whole: true,
    amountMinor: event.amountMinor ?? 0n,
    basisMinor: ofAmount.convert(event.amountMinor ?? 0n),
    volumeE4: event.volumeE4 ?? 0n,
    occurredAt,
    fx: ofAmount.fx,
    customer: null,
    payment: type === 'ftd' || type === 'deposit' ? event.transactionId : null,
    cancels: null,
  };
  return (kind) => {
    if (isOperatorPayout(kind))
      return { ...fact, basisMinor: ofPayout.convert(event.operatorPayoutMinor ?? 0n), fx: ofPayout.fx };
    return kind === 'month' && type === 'ftd' ? { ...fact, customer: subjectOf(event) } : fact;
  };
}

/** Conversion of an event's amounts into the deal's currency, with the rate as facts keep it. */
type Worth = { convert: (minor: bigint) => bigint; fx: SlotFact['fx'] };

const UNCHANGED: Worth = { convert: (minor) => minor, fx: null };
const WITHOUT_RATE: Worth = { convert: () => 0n, fx: null };

function byRate(rate: FxRate): Worth {
  return { convert: (minor) => converted(minor, rate), fx: { rateId: rate.id, rate: rate.rate } };
}

function countsRevenue({ tiers }: Component): boolean {
  return tiers?.metric === 'revenue';
}
