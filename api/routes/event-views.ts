// How an event and its story are shown.
import { formatDecimal, formatMoney } from '../../domain/money.ts';
import type { EventRow } from '../../store/event-lists.ts';
import type { PlannedPostback } from '../../store/rehearsal.ts';
import type { Trace } from '../../store/traces.ts';
import { commissionView, transferView } from '../views.ts';

/** An event in a list: as it was sent, with what became of it. */
export function eventView(row: EventRow) {
  const attribution = row.affiliateId === null ? null : attributionView(row);
  return { id: row.id, status: row.status, ...reasonOf(row), received_at: row.receivedAt, event: sentView(row), attribution };
}

/** The whole story. The link leads to the workflow in Temporal's own interface, where one is configured. */
export function traceView(
  { event, commissions, transfers, deliveries, rates }: Trace,
  workflow: { id: string; url: string | null } | null,
) {
  return {
    ...eventView(event),
    commissions: commissions.map(commissionView),
    transfers: transfers.map(transferView),
    deliveries: deliveries.map(({ id, endpointId, type, state, tries, eventId }) => {
      return { id, endpoint_id: endpointId, type, state, attempts: tries, event_id: eventId };
    }),
    exchange_rates: rates.map(({ asOf, ...rate }) => ({ ...rate, as_of: asOf })),
    workflow_id: workflow?.id ?? null,
    workflow_url: workflow?.url ?? null,
  };
}

/** What would become of an event. Its id, and those in the postbacks, are only of the rehearsal, unless it repeats an event that there is. */
export function rehearsedView(
  { id, status }: { id: string; status: 'accepted' | 'duplicate' },
  { trace, postbacks }: { trace: Trace | null; postbacks: readonly PlannedPostback[] },
) {
  const told = postbacks.map(({ endpointId, type, body }) => ({
    endpoint_id: endpointId,
    type,
    body: JSON.parse(body) as unknown,
  }));
  if (trace === null) return { would_be: status, postbacks: told };
  const { id: _id, deliveries: _planned, workflow_id: _workflow, workflow_url: _url, ...shown } = traceView(trace, null);
  return { would_be: status, ...(status === 'duplicate' && { id }), ...shown, postbacks: told };
}

function reasonOf({ reason, detail }: EventRow) {
  return { ...(reason !== null && { reason }), ...(detail !== null && { detail }) };
}

function attributionView({ affiliateId, method, attributedClickId, assignedBy, assignedAt }: EventRow) {
  return {
    affiliate_id: affiliateId,
    method,
    ...(attributedClickId !== null && { click_id: attributedClickId }),
    ...(method === 'manual' && { assigned_by: assignedBy, assigned_at: assignedAt }),
  };
}

/** The event's own fields, those that were not sent left out. */
function sentView(row: EventRow) {
  const [sub1, sub2, sub3, sub4, sub5] = row.subs;
  const money = (minor: bigint | null) => (minor === null || row.currency === null ? null : formatMoney(minor, row.currency));
  const fields = {
    event: row.type,
    sent_as: row.sentAs,
    transaction_id: row.transactionId,
    click_id: row.clickId,
    customer_id: row.customerId,
    amount: money(row.amountMinor),
    currency: row.currency,
    volume: row.volumeE4 === null ? null : formatDecimal(row.volumeE4, 4),
    reference: row.reference,
    reference_event: row.referenceType,
    payout: money(row.payoutMinor),
    sub1,
    sub2,
    sub3,
    sub4,
    sub5,
    coupon: row.coupon,
    occurred_at: row.occurredAt,
    metadata: row.metadata,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null));
}
