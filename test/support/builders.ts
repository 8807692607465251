// Builders of events, terms and deal versions for tests of the rules: complete defaults, overridden
// where a test needs it.
import { compileTerms, DEFAULT_CLAWBACK, type WireTerms } from '../../domain/commission/terms.ts';
import type { ConversionEvent, DealVersion, Terms } from '../../domain/types.ts';

/** Middle of a month, so that the days before and after stay in the same month. */
export const NOON = Date.UTC(2026, 2, 15, 12);
export const DAY_MS = 86_400_000;

let count = 0;

/** A sale of 100.00 USD by customer `c` with its own transaction id; ids rise with every call. */
export function anEvent(changes: Partial<ConversionEvent> = {}): ConversionEvent {
  const number = String(++count).padStart(6, '0');
  const transactionId = changes.transactionId === undefined ? `t-${number}` : changes.transactionId;
  return {
    operatorId: 'opr_test',
    id: `evt_${number}`,
    type: 'sale',
    key: {
      kind: transactionId === null ? 'customer' : 'transaction',
      value: transactionId ?? changes.customerId ?? 'c',
    },
    transactionId,
    clickId: null,
    customerId: 'c',
    amountMinor: 100_00n,
    currency: 'USD',
    volumeE4: null,
    symbol: null,
    symbolGroup: null,
    reference: null,
    referenceType: null,
    operatorPayoutMinor: null,
    operatorPayoutCurrency: null,
    subs: [null, null, null, null, null],
    coupon: null,
    occurredAt: NOON,
    receivedAt: NOON,
    ...changes,
  };
}

/** Wire form of terms: 10 % of every sale in USD, and defaults. */
export function wireTerms(changes: Partial<WireTerms> = {}): WireTerms {
  const components: WireTerms['components'] = [{ kind: 'percent', on: 'sale', percent: '10' }];
  return {
    currency: 'USD',
    components,
    hold_days: 30,
    rounding: 'half_even',
    clawback: DEFAULT_CLAWBACK,
    ...changes,
  };
}

/** Compiled form of the same terms. Throws when they do not compile. */
export function terms(changes: Partial<WireTerms> = {}): Terms {
  const result = compileTerms(wireTerms(changes));
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.problems));
  return result.terms;
}

/** Version 1 of the operator's default deal, in force from the epoch. */
export function aVersion(changes: Partial<WireTerms> = {}, of: Partial<DealVersion> = {}): DealVersion {
  return {
    dealId: 'deal_test',
    version: 1,
    affiliateId: null,
    effectiveFrom: 0,
    terms: terms(changes),
    ...of,
  };
}
