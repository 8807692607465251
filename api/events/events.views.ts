// Views of events: an event in a list, its trace, and the result of a dry run.
import { judgeCandidates, type JudgedCandidate } from '../../domain/attribution/evidence.ts';
import { formatDecimal, formatMoney } from '../../domain/ledger/money.ts';
import { bySub } from '../../domain/types.ts';
import type { AmendableValues, EventVersion } from '../../store/agreements/amendments.ts';
import type { PlannedPostback } from '../../store/db/dry-run.ts';
import type { StoredEvent } from '../../store/intake/event-lists.ts';
import type { Trace } from '../../store/ledger/traces.ts';
import { transferView } from '../ledger/balances.answers.ts';
import { commissionView } from '../ledger/commissions.answers.ts';

/** An event in a list: as sent or amended, with its status and attribution. */
export function eventView(row: StoredEvent) {
  // An orphan that waits to be judged anew has an affiliate on record: the one who heard of it.
  const isAttributed = row.affiliateId !== null && row.status !== 'orphaned';
  const attribution = isAttributed ? attributionView(row) : null;
  return {
    id: row.id,
    status: row.status,
    ...reasonOf(row),
    received_at: row.receivedAt,
    event: sentView(row),
    attribution,
  };
}

/** The trace of an event, with a link to its workflow where a Temporal UI is configured. */
export function traceView(
  { event, sentBy, commissions, transfers, deliveries, rates, pieces, versions }: Trace,
  workflow: { id: string; url: string | null } | null,
) {
  return {
    ...eventView(event),
    sent_by: sentBy && { request_id: sentBy.requestId, key_id: sentBy.keyId, key_name: sentBy.keyName },
    considered: judgeCandidates(pieces, event).map(candidateView),
    commissions: commissions.map(commissionView),
    transfers: transfers.map(transferView),
    deliveries: deliveries.map(({ endpointId, recipientId, eventId, ...delivery }) => {
      return { ...delivery, endpoint_id: endpointId, recipient_id: recipientId, event_id: eventId };
    }),
    ...(versions.length > 0 && { versions: versions.map(versionView) }),
    exchange_rates: rates.map(({ asOf, ...rate }) => ({ ...rate, as_of: asOf })),
    workflow_id: workflow?.id ?? null,
    workflow_url: workflow?.url ?? null,
  };
}

/**
 * The dry run of an event. Ids are dropped, since they are rolled back, except that of a duplicate.
 */
export function dryRunView(
  { id, status }: { id: string; status: 'accepted' | 'duplicate' },
  { trace, postbacks }: { trace: Trace | null; postbacks: readonly PlannedPostback[] },
) {
  const planned = postbacks.map(({ endpointId, type, body }) => ({
    endpoint_id: endpointId,
    type,
    body: JSON.parse(body) as unknown,
  }));
  if (trace === null) return { would_be: status, postbacks: planned };
  const {
    id: _id,
    sent_by: _request,
    deliveries: _planned,
    workflow_id: _workflow,
    workflow_url: _url,
    ...shown
  } = traceView(trace, null);
  return { would_be: status, ...(status === 'duplicate' && { id }), ...shown, postbacks: planned };
}

function reasonOf({ reason, detail }: StoredEvent) {
  return { ...(reason !== null && { reason }), ...(detail !== null && { detail }) };
}

function attributionView({ affiliateId, method, attributedClickId, assignedBy, assignedAt }: StoredEvent) {
  return {
    affiliate_id: affiliateId,
    method,
    ...(attributedClickId !== null && { click_id: attributedClickId }),
    ...(method === 'manual' && { assigned_by: assignedBy, assigned_at: assignedAt }),
  };
}

function candidateView({ kind, id, affiliateId, at, verdict }: JudgedCandidate) {
  return { evidence: kind, id, affiliate_id: affiliateId, at, verdict };
}

/** A version of an event: its values and state. */
function versionView({
  number,
  state,
  waitsFor,
  actor,
  reason,
  since,
  appliedAt,
  metadata,
  ...values
}: EventVersion) {
  const fields = {
    ...valuesOf(values),
    metadata: metadata === null ? null : (JSON.parse(metadata) as unknown),
    voided: values.voided || null,
    rejected: values.rejected || null,
    waits_for: waitsFor,
    amended_by: actor,
    reason,
  };
  return { number, state, since, applied_at: appliedAt, ...present(fields) };
}

function valuesOf({
  amountMinor,
  currency,
  volumeE4,
  payoutMinor,
  payoutCurrency,
}: Pick<AmendableValues, 'amountMinor' | 'currency' | 'volumeE4' | 'payoutMinor' | 'payoutCurrency'>) {
  const money = (minor: bigint | null, code: string | null) =>
    minor === null || code === null ? null : formatMoney(minor, code);
  const volume = volumeE4 === null ? null : formatDecimal(volumeE4, 4);
  return {
    amount: money(amountMinor, currency),
    currency,
    volume,
    payout: money(payoutMinor, payoutCurrency ?? currency),
    payout_currency: payoutCurrency,
  };
}

function present(fields: Record<string, unknown>) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null));
}

/** The event's own fields, without those that were not sent. */
function sentView(row: StoredEvent) {
  const fields = {
    event: row.type,
    sent_as: row.sentAs,
    transaction_id: row.transactionId,
    click_id: row.clickId,
    customer_id: row.customerId,
    ...valuesOf(row),
    symbol: row.symbol,
    symbol_group: row.symbolGroup,
    reference: row.reference,
    reference_event: row.referenceType,
    ...bySub((index) => row.subs[index]),
    coupon: row.coupon,
    occurred_at: row.occurredAt,
    metadata: row.metadata,
  };
  return present(fields);
}
