// Notices to the operator's own webhooks: endpoints that fail, deliveries that were given up,
// payout runs that are done.
import { formatMoney } from '../ledger/money.ts';
import { adviceForError } from './advice.ts';
import type { Health, HealthNotice } from './breaker.ts';

/**
 * All types of notices. Notices cause no further notices: giving up one would otherwise create the
 * next.
 */
export const NOTICE_TYPES = [
  'endpoint.failing',
  'endpoint.disabled',
  'delivery.gave_up',
  'payout_run.done',
] as const satisfies readonly (HealthNotice | 'delivery.gave_up' | 'payout_run.done')[];
export type NoticeType = (typeof NOTICE_TYPES)[number];

/** Facts of a failing endpoint, as shown to its operator. */
export function endpointData(endpoint: { endpointId: string; affiliateId: string | null; health: Health }) {
  const { failingSince, failuresInARow, lastError, state, stateReason } = endpoint.health;
  return {
    endpoint_id: endpoint.endpointId,
    affiliate_id: endpoint.affiliateId,
    state,
    reason: stateReason,
    failing_since: failingSince === null ? null : new Date(failingSince).toISOString(),
    failures_in_a_row: failuresInARow,
    last_error: lastError,
    advice: adviceForError(lastError),
  };
}

export type GivenUp = {
  deliveryId: string;
  endpointId: string;
  affiliateId: string | null;
  eventId: string | null;
  type: string;
  tries: number;
  lastError: string | null;
};

/** Facts of a given-up postback, as shown to its operator. */
export function givenUpData({
  deliveryId,
  endpointId,
  affiliateId,
  eventId,
  type,
  tries,
  lastError,
}: GivenUp) {
  return {
    delivery_id: deliveryId,
    type,
    endpoint_id: endpointId,
    affiliate_id: affiliateId,
    event_id: eventId,
    tries,
    last_error: lastError,
  };
}

/** Facts of a payout run that is done; amounts in minor units. */
export function payoutRunData(run: {
  id: string;
  currency: string;
  amountMinor: bigint;
  created: number;
  done: number;
}) {
  return {
    payout_run_id: run.id,
    currency: run.currency,
    amount: formatMoney(run.amountMinor, run.currency),
    payouts: run.created,
    affiliates: run.done,
  };
}
