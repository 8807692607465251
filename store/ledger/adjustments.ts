// Manual postings: adjustments of an affiliate's balance, and write-offs of debt. Each has an actor
// and a reason.
import { manualSlotKey, writeOffKey } from '../../domain/keys.ts';
import { adjust, writeOff } from '../../domain/ledger/lifecycle.ts';
import { newId } from '../db/ids.ts';
import type { Pool } from '../db/pool.ts';
import { inLedger, type Ledger } from './ledger-transaction.ts';
import { lockDebt } from './locked-slots.ts';
import { post } from './post.ts';
import { insertAdjustmentSlot } from './slot-writing.ts';

/**
 * A manual posting. `commissionId`: the slot of an adjustment. The amount has the sign of the
 * request.
 */
export type ManualPosting = {
  id: string;
  commissionId: string | null;
  affiliateId: string;
  currency: string;
  amountMinor: bigint;
  reason: string;
  actor: string;
  postedAt: Date;
};

type NewAdjustment = Pick<ManualPosting, 'affiliateId' | 'currency' | 'amountMinor' | 'reason' | 'actor'> & {
  idempotencyKey: string;
};
/** Without an amount all of the debt is written off. */
type NewWriteOff = Pick<ManualPosting, 'affiliateId' | 'currency' | 'reason' | 'actor'> & {
  amountMinor: bigint | null;
  idempotencyKey: string | null;
};

/**
 * `posted`: by this request or an earlier one with the same key. `other_request`: the key came with
 * another content.
 */
export type ManualPostingResult =
  | { kind: 'posted'; posting: ManualPosting }
  | { kind: 'other_request' }
  | { kind: 'not_owed'; debtMinor: bigint };

export function createAdjustments(pool: Pool) {
  return {
    adjust: (operatorId: string, wanted: NewAdjustment): Promise<ManualPostingResult> =>
      inLedger(pool, operatorId, async (ledger) => {
        const { affiliateId, currency, amountMinor, reason, actor } = wanted;
        const idempotencyKey = manualSlotKey(wanted.idempotencyKey);
        const slotId = newId('slot');
        // Waits for a concurrent request with the same key, and then finds what that one posted.
        const isNew = await insertAdjustmentSlot(ledger.client, ledger.operatorId, {
          id: slotId,
          key: idempotencyKey,
          affiliateId,
          currency,
          holdUntil: ledger.now,
        });
        if (!isNew) return repeated(await findByKey(ledger, idempotencyKey), wanted);
        const { money, legs } = adjust(amountMinor);
        const slot = { id: slotId, transfersCount: 0, money };
        await post(ledger, { group: slotId, actor, reason, idempotencyKey }, [
          { affiliateId, currency, legs, slot },
        ]);
        return { kind: 'posted', posting: (await findByKey(ledger, idempotencyKey))! };
      }),

    writeOff: (operatorId: string, wanted: NewWriteOff): Promise<ManualPostingResult> =>
      inLedger(pool, operatorId, async (ledger) => {
        const { affiliateId, currency, reason, actor } = wanted;
        const debtMinor = await lockDebt(ledger, affiliateId, currency);
        const group = newId('trf');
        const idempotencyKey = writeOffKey(wanted.idempotencyKey ?? group);
        const earlier = await findByKey(ledger, idempotencyKey);
        if (earlier !== null) return repeated(earlier, wanted);
        const amountMinor = wanted.amountMinor ?? debtMinor;
        if (amountMinor <= 0n || amountMinor > debtMinor) return { kind: 'not_owed', debtMinor };
        await post(ledger, { group, actor, reason, idempotencyKey }, [
          { affiliateId, currency, legs: [writeOff(amountMinor)], slot: null },
        ]);
        return { kind: 'posted', posting: (await findByKey(ledger, idempotencyKey))! };
      }),
  };
}

function repeated(earlier: ManualPosting | null, wanted: NewWriteOff): ManualPostingResult {
  const isSame =
    earlier !== null &&
    earlier.affiliateId === wanted.affiliateId &&
    earlier.currency === wanted.currency &&
    earlier.reason === wanted.reason &&
    (wanted.amountMinor === null || earlier.amountMinor === wanted.amountMinor);
  return isSame ? { kind: 'posted', posting: earlier } : { kind: 'other_request' };
}

const MANUAL_POSTINGS = `select id, slot_id as "commissionId", affiliate_id as "affiliateId", currency,
    case code when 'adjust_down' then -amount_minor else amount_minor end as "amountMinor",
    reason, actor, posted_at as "postedAt"
  from transfers`;

async function findByKey({ client, operatorId }: Ledger, key: string): Promise<ManualPosting | null> {
  const { rows } = await client.query<ManualPosting>(
    `${MANUAL_POSTINGS} where operator_id = $1 and idempotency_key = $2`,
    [operatorId, key],
  );
  return rows[0] ?? null;
}
