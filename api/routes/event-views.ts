// How an event and its story are shown.
import { formatDecimal, formatMoney } from '../../domain/money.ts';
import type { EventRow } from '../../store/event-lists.ts';
import type { Commission, Trace } from '../../store/traces.ts';
import { transferView } from '../views.ts';

/** An event in a list: as it was sent, with what became of it. */
export function eventView(row: EventRow) {
  const attribution = row.affiliateId === null ? null : attributionView(row);
  return { id: row.id, status: row.status, ...reasonOf(row), received_at: row.receivedAt, event: sentView(row), attribution };
}

/** The whole story. The link leads to the workflow in Temporal's own interface, where one is configured. */
export function traceView(
  { event, commissions, transfers, deliveries }: Trace,
  workflow: { id: string; url: string | null } | null,
) {
  return {
    ...eventView(event),
    commissions: commissions.map(commissionView),
    transfers: transfers.map(transferView),
    deliveries: deliveries.map(({ id, endpointId, type, state, tries, eventId }) => {
      return { id, endpoint_id: endpointId, type, state, attempts: tries, event_id: eventId };
    }),
    workflow_id: workflow?.id ?? null,
    workflow_url: workflow?.url ?? null,
  };
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

function commissionView(commission: Commission) {
  const { currency } = commission;
  return {
    id: commission.slotId,
    component: commission.kind,
    label: commission.component,
    deal_id: commission.dealId,
    deal_version: commission.dealVersion,
    amount: formatMoney(keptOf(commission), currency),
    currency,
    state: stateOf(commission),
    period: commission.period,
    hold_until: commission.holdUntil,
    formula: commission.formula,
    inputs: commission.inputs,
  };
}

/** What is left of it after everything that was taken back; for a monthly share, of the whole month. */
function keptOf({ grossMinor, voidMinor, clawedMinor, debtMinor }: Commission): bigint {
  return grossMinor - voidMinor - clawedMinor - debtMinor;
}

/** Where the money is; where it is in several places, the one that is earliest on its way. */
function stateOf(commission: Commission): 'pending' | 'payable' | 'in_payout' | 'paid' | 'reversed' {
  if (commission.grossMinor > 0n && keptOf(commission) === 0n) return 'reversed';
  if (commission.pendingMinor > 0n) return 'pending';
  if (commission.payableMinor > 0n) return 'payable';
  if (commission.inPayoutMinor > 0n) return 'in_payout';
  return commission.paidMinor > 0n ? 'paid' : 'pending';
}
