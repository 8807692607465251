// The batch that rules settle, and the result of settling it.
import type { Attribution } from '../attribution/attribution.ts';
import type { Message } from '../delivery/messages.ts';
import type { FxRate } from '../ledger/fx.ts';
import { isUpToAmount } from '../commission/reversals.ts';
import type { Binding, ConversionEvent, DealVersion } from '../types.ts';
import type { Rated } from './facts.ts';
import type { KnownOutcome, Loaded, Outcome } from './outcomes.ts';
import type { OperatorRules } from './rating.ts';

/**
 * Input of `settleAll`. `others`: events of earlier batches, settled or waiting, that may reverse
 * the ordered events or be reversed by them.
 */
export type Batch = {
  operator: OperatorRules;
  ordered: readonly Loaded[];
  /** Attributions and ratings of the ordered events, by `attributeAll` and `rateAll`. */
  attributions: ReadonlyMap<string, Attribution>;
  rated: ReadonlyMap<string, Rated>;
  /** Bindings by events of the batch that are set aside, and so not among the ordered ones. */
  boundAside?: readonly Binding[];
  /** Versions that rated settled conversions among `others`, by event id. */
  ratedBefore?: ReadonlyMap<string, DealVersion>;
  others: readonly Loaded[];
  /** Exchange rates between the currencies of the events and deals. */
  rates: readonly FxRate[];
};

/**
 * Result of settling; facts and postings are in the batch ledger. A later outcome of an event
 * replaces an earlier one.
 */
export type Settlement = { outcomes: Outcome[]; bindings: Binding[]; messages: Message[] };

/**
 * Sorts events by the time they occurred, then by id, so that the order does not depend on arrival.
 */
export function inOrder<T extends { event: ConversionEvent }>(loaded: readonly T[]): T[] {
  return loaded.toSorted(
    ({ event: a }, { event: b }) => a.occurredAt - b.occurredAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
  );
}

/**
 * Whether a reversal counts against conversions: it is settled or waits for its conversion, and is
 * not set aside. One that is set aside because of the conversions that were known counts for those
 * that come.
 */
export function isReversalInForce({
  event,
  outcome,
}: {
  event: ConversionEvent;
  outcome: KnownOutcome | null;
}): boolean {
  switch (outcome?.status) {
    case 'settled':
      return true;
    case 'orphaned':
      return outcome.reason === 'no_conversion';
    case 'set_aside':
      return (
        outcome.reason === 'customer_mismatch' ||
        (outcome.reason === 'no_exchange_rate' && isUpToAmount(event))
      );
    default:
      return false;
  }
}

/** The settlement of an event that is not settled, with the reason. */
export function notSettled(
  event: ConversionEvent,
  status: 'orphaned' | 'rejected' | 'set_aside' | 'voided',
  reason: string | null,
  detail?: string,
): Settlement {
  const outcome: Outcome = {
    eventId: event.id,
    status,
    reason,
    ...(detail !== undefined && { detail }),
    affiliateId: null,
    method: null,
    clickId: null,
    version: null,
  };
  return { outcomes: [outcome], bindings: [], messages: [] };
}
