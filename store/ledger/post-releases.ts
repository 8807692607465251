// Posts releases of many slots by one statement, since a month's worth of commissions ends its hold
// at once.
import { affiliateAccountId, type AffiliatePurpose } from '../../domain/keys.ts';
import { bulkColumns } from '../db/bulk.ts';
import { newId } from '../db/ids.ts';
import type { Ledger } from './ledger-transaction.ts';
import { added, BALANCE_MONEY } from './money-columns.ts';
import type { TRANSFER_SPEC } from './post.ts';

export type ReleasedSlot = {
  id: string;
  affiliateId: string;
  currency: string;
  period: string | null;
  releasedMinor: bigint;
};

/** A transfer for each row of `due`: rule 2 as SQL. */
const TRANSFER: Readonly<Record<keyof typeof TRANSFER_SPEC, string>> = {
  id: 'transfer_id',
  currency: 'currency',
  debit_account: accountAs('pending'),
  credit_account: accountAs('payable'),
  amount_minor: 'pending_minor',
  code: `'release'`,
  affiliate_id: 'affiliate_id',
  slot_id: 'id',
  slot_seq: 'seq',
  event_id: 'null',
  occurred_at: '$6',
  origin_period: '$7',
};

const TRANSFER_NAMES = Object.keys(TRANSFER).join(', ');
const TRANSFER_VALUES = Object.values(TRANSFER).join(', ');

/**
 * Joined by operator and id, since the planner takes a young operator's slots for too few to look
 * up.
 */
const SLOTS = bulkColumns<string>({
  slot_id: ['text', (id) => id],
  transfer_id: ['text', () => newId('trf')],
});

function accountAs(purpose: AffiliatePurpose): string {
  return `'${affiliateAccountId(purpose, '')}' || affiliate_id`;
}

/**
 * Locks slots in the order of their ids and releases what is pending in them, where the hold ended
 * by `due`. The same as `transition(money, 'release', money.pendingMinor)` for each slot, which a
 * test holds it to. One statement, so that a slot is looked up once to be locked and read: a lock
 * reads the row as its last writer left it. "Not zero" keeps the planner from the index of what is
 * held, which it would read whole.
 */
export async function postReleases(
  { client, operatorId, now, period }: Ledger,
  group: string,
  due: Date,
  slotIds: readonly string[],
): Promise<ReleasedSlot[]> {
  const { pendingMinor, payableMinor } = BALANCE_MONEY;
  const { rows } = await client.query<ReleasedSlot>(
    `with locked as materialized (
       select s.operator_id, s.id, s.affiliate_id, s.currency, s.period, s.pending_minor, s.hold_until,
         s.transfers_count + 1 as seq, t.transfer_id
       from ${SLOTS.unnestWithOperator(2, 't')}
       join slots s on s.operator_id = t.operator_id and s.id = t.slot_id
       order by s.id for no key update of s
     ), due as materialized (
       select * from locked where pending_minor <> 0 and hold_until <= $4
     ), moved as (
       update slots s
       set payable_minor = s.payable_minor + d.pending_minor, pending_minor = 0, transfers_count = d.seq
       from due d where s.operator_id = d.operator_id and s.id = d.id
     ), posted as (
       insert into transfers (operator_id, posting_group, posted_at, period, ${TRANSFER_NAMES})
       select $1, $5, $6, $7, ${TRANSFER_VALUES} from due
     ), balanced as (
       insert into balances as b (operator_id, affiliate_id, currency, ${pendingMinor}, ${payableMinor})
       select $1, affiliate_id, currency, -sum(pending_minor), sum(pending_minor) from due
       group by affiliate_id, currency order by affiliate_id, currency
       on conflict (operator_id, affiliate_id, currency) do update set ${added([pendingMinor, payableMinor])}
     )
     select id, affiliate_id as "affiliateId", currency, period, pending_minor as "releasedMinor"
     from due order by id`,
    [operatorId, ...SLOTS.values(slotIds), due, group, now, period],
  );
  return rows;
}
