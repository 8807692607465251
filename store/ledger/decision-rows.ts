// Rows about decisions of people, and what their transactions have in common.
import type { Leg, SlotChange } from '../../domain/ledger/transfers.ts';
import { newId } from '../db/ids.ts';
import type { Ledger } from './ledger-transaction.ts';
import type { LockedSlot } from './locked-slots.ts';
import type { Entry } from './post.ts';

export const VERDICTS = ['approved', 'rejected', 'reinstated'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Who decided, and why. */
export type By = { actor: string; reason: string | null };

/** What a decision posts in a slot. */
export type DecidedEntry = Entry & { slot: LockedSlot };

export function entryOf(slot: LockedSlot, { money, legs }: SlotChange): DecidedEntry {
  return { affiliateId: slot.affiliateId, currency: slot.currency, legs, slot: { ...slot, money } };
}

export function sumOf(legs: readonly Leg[]): bigint {
  return legs.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
}

export async function insertDecisions(
  { client, operatorId, now }: Ledger,
  decision: Verdict,
  entries: readonly DecidedEntry[],
  { actor, reason }: By,
): Promise<void> {
  const rows = entries.map(({ slot, legs }) => ({
    id: newId('dec'),
    slot_id: slot.id,
    amount_minor: String(sumOf(legs)),
  }));
  await client.query(
    `insert into commission_decisions
       (operator_id, id, slot_id, decision, amount_minor, actor, reason, decided_at)
     select $1, id, slot_id, $2, amount_minor, $3, $4, $5
     from json_to_recordset($6) as d (id text, slot_id text, amount_minor bigint)`,
    [operatorId, decision, actor, reason, now, JSON.stringify(rows)],
  );
}
