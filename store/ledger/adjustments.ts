// Money moved by hand: adjustments of what an affiliate is owed, and debt that is written off. Each carries who did it and why.
import { manualSlotKey, writeOffKey } from '../../domain/keys.ts';
import { adjust, writeOff } from '../../domain/ledger/lifecycle.ts';
import { newId } from '../db/ids.ts';
import type { Pool } from '../db/pool.ts';
import { inLedger, type Ledger } from './ledger-transaction.ts';
import { lockDebt } from './locked-slots.ts';
import { post } from './post.ts';
import { insertAdjustmentSlot } from './slot-writing.ts';

/** What was posted by hand. `commissionId` is an adjustment's own slot; the amount is signed as it was asked for. */
export type ByHand = {
  id: string;
  commissionId: string | null;
  affiliateId: string;
  currency: string;
  amountMinor: bigint;
  reason: string;
  actor: string;
  postedAt: Date;
};

export type NewAdjustment = Pick<ByHand, 'affiliateId' | 'currency' | 'amountMinor' | 'reason' | 'actor'> & {
  idempotencyKey: string;
};
/** No amount: all that is owed. */
export type NewWriteOff = Pick<ByHand, 'affiliateId' | 'currency' | 'reason' | 'actor'> & {
  amountMinor: bigint | null;
  idempotencyKey: string | null;
};

/** `posted` also where a repeat of the request did it; `other_request`: the key was given with another content. */
export type PostedByHand =
  { kind: 'posted'; byHand: ByHand } | { kind: 'other_request' } | { kind: 'not_owed'; debtMinor: bigint };

export type Adjustments = ReturnType<typeof createAdjustments>;

export function createAdjustments(pool: Pool) {
  return {
    adjust: (operatorId: string, wanted: NewAdjustment): Promise<PostedByHand> =>
      inLedger(pool, operatorId, async (ledger) => {
        const { affiliateId, currency, amountMinor, reason, actor } = wanted;
        const idempotencyKey = manualSlotKey(wanted.idempotencyKey);
        const slotId = newId('slot');
        // Waits for whoever uses the same key now; whoever comes second sees what the first one posted.
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
        return { kind: 'posted', byHand: (await findByKey(ledger, idempotencyKey))! };
      }),

    writeOff: (operatorId: string, wanted: NewWriteOff): Promise<PostedByHand> =>
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
        return { kind: 'posted', byHand: (await findByKey(ledger, idempotencyKey))! };
      }),
  };
}

function repeated(earlier: ByHand | null, wanted: NewWriteOff): PostedByHand {
  const isSame =
    earlier !== null &&
    earlier.affiliateId === wanted.affiliateId &&
    earlier.currency === wanted.currency &&
    earlier.reason === wanted.reason &&
    (wanted.amountMinor === null || earlier.amountMinor === wanted.amountMinor);
  return isSame ? { kind: 'posted', byHand: earlier } : { kind: 'other_request' };
}

const BY_HAND = `select id, slot_id as "commissionId", affiliate_id as "affiliateId", currency,
  case code when 'adjust_down' then -amount_minor else amount_minor end as "amountMinor", reason, actor, posted_at as "postedAt" from transfers`;

async function findByKey({ client, operatorId }: Ledger, key: string): Promise<ByHand | null> {
  const { rows } = await client.query<ByHand>(`${BY_HAND} where operator_id = $1 and idempotency_key = $2`, [
    operatorId,
    key,
  ]);
  return rows[0] ?? null;
}
