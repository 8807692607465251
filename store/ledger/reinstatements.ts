// Takes rejections of commissions back. Settlement works out what the commissions are worth now, so
// that a reinstated one is as if it had never been rejected.
import { requestChanges } from '../agreements/change-requests.ts';
import { inForce, isAccrual } from './facts-in-force.ts';
import type { Ledger } from './ledger-transaction.ts';
import { NAMED_SLOTS, type LockedSlot } from './locked-slots.ts';
import { reinstateSlots } from './slot-writing.ts';

/** Whether one of these commissions is rejected. Reads without a lock. */
export async function hasRejected({ client, operatorId }: Ledger, ids: readonly string[]): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from ${NAMED_SLOTS} where s.rejected_at is not null limit 1`,
    [operatorId, ids],
  );
  return rowCount === 1;
}

/**
 * Rejected slots whose debt may have been written off since. The affiliate kept that money, so
 * giving the commission again would pay it twice.
 */
export async function findWrittenOff(
  { client, operatorId }: Ledger,
  ids: readonly string[],
): Promise<Set<string>> {
  const { rows } = await client.query<{ id: string }>(
    `with owing as materialized (
       select s.id, s.affiliate_id, s.currency, s.rejected_at from ${NAMED_SLOTS}
       where s.rejected_at is not null and s.debt_minor > 0
     ), written_off as (
       select affiliate_id, currency, max(posted_at) as at from transfers
       where operator_id = $1 and affiliate_id in (select affiliate_id from owing) and code = 'write_off'
       group by 1, 2
     )
     select o.id from owing o
     join written_off w on w.affiliate_id = o.affiliate_id and w.currency = o.currency
     where w.at >= o.rejected_at`,
    [operatorId, ids],
  );
  return new Set(rows.map(({ id }) => id));
}

/**
 * The locked slots that are reinstated when these are asked for. A parent's part comes back with
 * the commission that it was rejected with, and alone only while that commission stands.
 */
export function reinstatedAmong(
  slots: readonly LockedSlot[],
  asked: ReadonlySet<string>,
  writtenOff: ReadonlySet<string>,
): LockedSlot[] {
  const byId = new Map(slots.map((slot) => [slot.id, slot]));
  const isPossible = ({ id, rejectedAt }: LockedSlot): boolean => rejectedAt !== null && !writtenOff.has(id);
  const comesBack = (slot: LockedSlot): boolean => asked.has(slot.id) && isPossible(slot);
  return slots.filter((slot) => {
    const source = slot.sourceId === null ? undefined : byId.get(slot.sourceId);
    if (source === undefined || source.rejectedAt === null) return comesBack(slot);
    const wentWithIt = slot.rejectedAt?.getTime() === source.rejectedAt.getTime();
    return comesBack(source) && isPossible(slot) && (asked.has(slot.id) || wentWithIt);
  });
}

/**
 * Marks locked slots as not rejected, and requests that settlement posts them towards their
 * targets. Runs under the reversal lock. The caller starts `applyAmendments` after the commit.
 */
export async function reinstate(ledger: Ledger, slots: readonly LockedSlot[]): Promise<void> {
  const { client, operatorId } = ledger;
  const ids = slots.map(({ id }) => id);
  await reinstateSlots(client, operatorId, ids);
  // Any conversion leads settlement to the slot; where none is left the slot is worth nothing.
  const { rows } = await client.query<{ id: string }>(
    `select distinct f.event_id as id from ${NAMED_SLOTS}
     cross join lateral (
       select f.event_id from slot_facts f
       where f.operator_id = $1 and f.slot_id = coalesce(s.source_id, s.id)
         and ${isAccrual('f')} and ${inForce('f')}
       limit 1
     ) f`,
    [operatorId, ids],
  );
  await requestChanges(
    client,
    operatorId,
    rows.map(({ id }) => id),
    'unrejected',
  );
}
