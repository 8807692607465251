// Announcements to affiliates that no event caused: released and rejected commission, payouts that
// arrived. They go through the endpoints' queues, and cost one look-up where no endpoint
// subscribes.
import type {
  OutgoingMessage,
  ReportedCommission,
  ReportedConversion,
} from '../../domain/delivery/messages.ts';
import type { Subs } from '../../domain/types.ts';
import { JOIN_AMENDMENT } from '../agreements/amendments.ts';
import { subArray } from '../db/subs.ts';
import { planPostbacks, readListeners } from '../delivery/outbox.ts';
import type { Ledger } from './ledger-transaction.ts';
import { inForce, isAccrual } from './facts-in-force.ts';
import { NAMED_SLOTS, type LockedSlot } from './locked-slots.ts';
import { OF_SINGLES } from './slot-kinds.ts';

/** Whether an endpoint of an operator names one of these types or `*` among its events. */
export async function hasListeners(
  { client, operatorId }: Ledger,
  events: readonly string[],
): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from endpoints where operator_id = $1 and deleted_at is null and events && $2 limit 1`,
    [operatorId, events],
  );
  return rowCount === 1;
}

/**
 * Plans announcements through the endpoints' queues. Returns the endpoints to wake after the
 * commit.
 */
export async function announce(
  ledger: Ledger,
  batchId: string,
  announcements: readonly OutgoingMessage[],
): Promise<string[]> {
  const { client, operatorId, now } = ledger;
  if (announcements.length === 0) return [];
  const affiliateIds = new Set(announcements.flatMap(({ affiliateId }) => affiliateId ?? []));
  const listeners = await readListeners(client, operatorId, [...affiliateIds]);
  const input = { operatorId, batchId, now, owner: 'endpoint' } as const;
  return (await planPostbacks(client, input, listeners, announcements)).endpointsToWake;
}

type ConversionRow = Omit<ReportedConversion, 'subs'> & {
  slotId: string;
  via: string | null;
  subs: (string | null)[];
};

/**
 * Commissions with the conversion each is told by: the one for which most was told, since a bounty
 * of a customer may have several; a parent's part by that of its source. Money by hand and monthly
 * shares have none.
 */
export async function readReportedCommissions(
  { client, operatorId }: Ledger,
  slots: readonly Pick<LockedSlot, 'id' | 'affiliateId' | 'currency' | 'period'>[],
): Promise<Map<string, ReportedCommission>> {
  const { rows } = await client.query<ConversionRow>(
    `select distinct on (s.id) s.id as "slotId", e.id, e.type, e.transaction_id as "transactionId",
       coalesce(o.click_id, e.click_id) as "clickId",
       coalesce(m.amount_minor, e.amount_minor) as "amountMinor",
       coalesce(m.currency, e.currency) as currency, e.symbol, e.symbol_group as "symbolGroup",
       e.occurred_at as "occurredAt",
       case when s.source_id is null then null else source.affiliate_id end as via,
       coalesce(
         case when s.source_id is null then o.payout_minor else p.payout_minor end, 0) as "reportedMinor",
       ${subArray('e', 'c', 'b')} as subs
     from ${NAMED_SLOTS}
     join slots source on source.operator_id = $1 and source.id = coalesce(s.source_id, s.id)
       and source.kind in ${OF_SINGLES}
     join slot_facts f on f.operator_id = $1 and f.slot_id = source.id
       and ${isAccrual('f')} and ${inForce('f')}
     join events e on e.operator_id = $1 and e.id = f.event_id
     ${JOIN_AMENDMENT}
     join event_outcomes o on o.operator_id = $1 and o.event_id = f.event_id
     left join reported_to_others p on p.operator_id = $1 and p.event_id = f.event_id
       and p.affiliate_id = s.affiliate_id
     left join clicks c on c.operator_id = $1 and c.id = o.click_id
     left join bindings b on b.operator_id = $1 and b.customer_id = e.customer_id and b.click_id = o.click_id
     order by s.id, o.payout_minor desc nulls last, e.id`,
    [operatorId, slots.map(({ id }) => id)],
  );
  const told = new Map(
    rows.map(({ slotId, via, subs, ...row }) => [
      slotId,
      { via, conversion: { ...row, subs: subs as unknown as Subs } },
    ]),
  );
  return new Map(
    slots.map(({ id, affiliateId, currency, period }) => {
      return [
        id,
        { id, affiliateId, currency, period, ...(told.get(id) ?? { via: null, conversion: null }) },
      ];
    }),
  );
}
