// What people decide about commissions: approved before its hold ends, or rejected for good. Each decision is a row, with who and why.
import { REJECTED_FORMULA } from '../../domain/commission/explanation.ts';
import { transition } from '../../domain/ledger/lifecycle.ts';
import { postTowards, type Leg, type Move } from '../../domain/ledger/transfers.ts';
import { rejectedOf } from '../../domain/delivery/bodies.ts';
import type { OutgoingMessage, ReportedCommission } from '../../domain/delivery/messages.ts';
import { toldKey } from '../../domain/settlement/reported-amounts.ts';
import { newId } from '../db/ids.ts';
import { announce, toldCommissions } from './announcements.ts';
import { announceReleased } from './holds.ts';
import type { Pool } from '../db/pool.ts';
import { named } from '../db/bulk.ts';
import { inLedger, lockSlots, NAMED_SLOTS, post, type Entry, type HeldSlot, type Ledger } from './post.ts';
import { lockStrikes } from '../db/locks.ts';
import { writeTold, type ToldRow } from './reported-amounts.ts';

export type Verdict = 'approved' | 'rejected';

/** Which commissions: by their ids, or of an affiliate those made before a moment (the oldest 1,000 that are open to it). */
export type Choice = { ids: readonly string[] } | { affiliateId: string; before: Date };

/** `unchanged`: it was decided so before. `not_possible`: nothing is pending, or it was rejected, or it is an adjustment by hand. */
export type DecidedStatus = Verdict | 'unchanged' | 'not_possible' | 'not_found';

/** Per commission, in the order asked; with the endpoints to wake, and whether the choice holds more than were decided. */
export type Decided = {
  results: { id: string; status: DecidedStatus }[];
  more: boolean;
  endpointsToWake: string[];
};

export const DECIDED_AT_MOST = 1000;

export type Decisions = ReturnType<typeof createDecisions>;

export function createDecisions(pool: Pool) {
  return {
    /** Decides about all of them in one transaction. A rejection needs a reason. */
    decide(
      operatorId: string,
      choice: Choice,
      verdict: Verdict,
      by: { actor: string; reason: string | null },
    ): Promise<Decided> {
      return inLedger(pool, operatorId, async (ledger) => {
        // The sums told for conversions change only in here and where events against conversions are settled, so those are kept apart.
        if (verdict === 'rejected') await lockStrikes(ledger.client, operatorId, 'against');
        const { ids, more } = await chosen(ledger, choice, verdict);
        const parts = verdict === 'rejected' ? await partsOf(ledger, ids) : [];
        const slots = await lockSlots(ledger, [...new Set([...ids, ...parts])]);
        const decided = verdict === 'approved' ? await approvedBefore(ledger, ids) : new Set<string>();
        const statuses = new Map(
          slots.map((slot) => [slot.id, statusOf(slot, verdict, decided.has(slot.id))]),
        );
        const asked = new Set(ids);
        // Rejecting a commission rejects the parts that parents have of it.
        const isMeant = ({ id, sourceId }: HeldSlot): boolean =>
          asked.has(id) || statuses.get(sourceId!) === verdict;
        const toMove = slots.filter((slot) => statuses.get(slot.id) === verdict && isMeant(slot));
        const group = newId('dec');
        const endpointsToWake =
          toMove.length === 0
            ? []
            : await (verdict === 'approved' ? approve : reject)(ledger, group, toMove, by);
        return {
          results: ids.map((id) => ({ id, status: statuses.get(id) ?? 'not_found' })),
          more,
          endpointsToWake,
        };
      });
    },
  };
}

function statusOf(
  { kind, money, rejectedAt }: HeldSlot,
  verdict: Verdict,
  isApproved: boolean,
): DecidedStatus {
  if (kind === 'manual' || kind === 'month') return 'not_possible';
  if (verdict === 'rejected') return rejectedAt === null ? 'rejected' : 'unchanged';
  if (rejectedAt !== null) return 'not_possible';
  if (money.pendingMinor > 0n) return 'approved';
  return isApproved ? 'unchanged' : 'not_possible';
}

/** By affiliate, only what a decision can still move before it is on its way: pending to approve, pending or payable to reject. */
async function chosen(
  { client, operatorId }: Ledger,
  choice: Choice,
  verdict: Verdict,
): Promise<{ ids: string[]; more: boolean }> {
  if ('ids' in choice) return { ids: [...new Set(choice.ids)], more: false };
  const { rows } = await client.query<{ id: string }>(
    `select id from slots where operator_id = $1 and affiliate_id = $2 and created_at < $3 and kind not in ('manual', 'month') and rejected_at is null
       and (pending_minor > 0 or ($4 and payable_minor > 0)) order by id limit $5`,
    [operatorId, choice.affiliateId, choice.before, verdict === 'rejected', DECIDED_AT_MOST + 1],
  );
  return { ids: rows.slice(0, DECIDED_AT_MOST).map(({ id }) => id), more: rows.length > DECIDED_AT_MOST };
}

async function partsOf({ client, operatorId }: Ledger, ids: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `select id from slots where operator_id = $1 and source_id = any($2) and source_id is not null`,
    [operatorId, ids],
  );
  return rows.map(({ id }) => id);
}

async function approvedBefore({ client, operatorId }: Ledger, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await client.query<{ id: string }>(
    `select slot_id as id from commission_decisions where operator_id = $1 and slot_id = any($2) and decision = 'approved'`,
    [operatorId, ids],
  );
  return new Set(rows.map(({ id }) => id));
}

type By = { actor: string; reason: string | null };

async function approve(ledger: Ledger, group: string, slots: readonly HeldSlot[], by: By): Promise<string[]> {
  const entries = slots.map((slot) =>
    entryOf(slot, transition(slot.money, 'approve', slot.money.pendingMinor)),
  );
  await post(ledger, { group, ...by }, entries);
  await insertDecisions(ledger, 'approved', entries, by);
  const released = slots.map((slot) => ({ ...slot, releasedMinor: slot.money.pendingMinor }));
  return announceReleased(ledger, group, released);
}

/** The target is zero for good, so the money goes back the way it does in a clawback; what was told for the conversion goes down with it. */
async function reject(ledger: Ledger, group: string, slots: readonly HeldSlot[], by: By): Promise<string[]> {
  const { client, operatorId, now } = ledger;
  const told = await toldCommissions(ledger, slots);
  const entries = slots.map((slot) => ({
    ...entryOf(slot, postTowards(slot.money, 0n)),
    eventId: told.get(slot.id)!.conversion?.id ?? null,
  }));
  const ids = slots.map(({ id }) => id);
  await client.query(
    `update slots s set rejected_at = $3, ratings_count = ratings_count + 1 from ${named(2)}
     where s.operator_id = named.operator_id and s.id = named.item`,
    [operatorId, ids, now],
  );
  await client.query(
    `insert into ratings (operator_id, slot_id, seq, batch_id, deal_version, facts_count, facts_hash, target_minor, formula, inputs)
     select $1, s.id, s.ratings_count, $3, s.deal_version, s.facts_count, s.facts_hash, 0, $4, $5 from ${NAMED_SLOTS}`,
    [operatorId, ids, group, REJECTED_FORMULA, JSON.stringify({ reason: by.reason })],
  );
  const left = lowered(told, entries);
  await writeTold(client, operatorId, [...left.values()]);
  await post(ledger, { group, ...by }, entries);
  await insertDecisions(ledger, 'rejected', entries, by);
  return announce(ledger, group, announcements(entries, told, left, by.reason ?? ''));
}

function entryOf(slot: HeldSlot, { money, legs }: Move): Entry & { slot: HeldSlot } {
  return { affiliateId: slot.affiliateId, currency: slot.currency, legs, slot: { ...slot, money } };
}

function sumOf(legs: readonly Leg[]): bigint {
  return legs.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
}

/** The sums told for conversions after what these rejections take, by conversion and affiliate. */
function lowered(
  told: ReadonlyMap<string, ReportedCommission>,
  entries: readonly (Entry & { slot: HeldSlot })[],
): Map<string, ToldRow> {
  const left = new Map<string, ToldRow>();
  for (const { slot, legs, affiliateId, currency } of entries) {
    const { conversion } = told.get(slot.id)!;
    if (conversion === null || legs.length === 0) continue;
    const key = toldKey(conversion.id, affiliateId);
    const before = left.get(key)?.payoutMinor ?? conversion.payoutMinor;
    left.set(key, { eventId: conversion.id, affiliateId, payoutMinor: before - sumOf(legs), currency });
  }
  return left;
}

/** One for each commission that lost something. */
function announcements(
  entries: readonly (Entry & { slot: HeldSlot })[],
  told: ReadonlyMap<string, ReportedCommission>,
  left: ReadonlyMap<string, ToldRow>,
  reason: string,
): OutgoingMessage[] {
  return entries
    .filter(({ legs }) => legs.length > 0)
    .map(({ slot, legs }) => {
      const { conversion, ...commission } = told.get(slot.id)!;
      const payoutMinor = conversion && left.get(toldKey(conversion.id, slot.affiliateId))!.payoutMinor;
      const now = conversion && { ...conversion, payoutMinor: payoutMinor! };
      return rejectedOf({ ...commission, conversion: now }, sumOf(legs), reason);
    });
}

async function insertDecisions(
  { client, operatorId, now }: Ledger,
  decision: Verdict,
  entries: readonly (Entry & { slot: HeldSlot })[],
  { actor, reason }: By,
): Promise<void> {
  const rows = entries.map(({ slot, legs }) => ({
    id: newId('dec'),
    slot_id: slot.id,
    amount_minor: String(sumOf(legs)),
  }));
  await client.query(
    `insert into commission_decisions (operator_id, id, slot_id, decision, amount_minor, actor, reason, decided_at)
     select $1, id, slot_id, $2, amount_minor, $3, $4, $5 from json_to_recordset($6) as d (id text, slot_id text, amount_minor bigint)`,
    [operatorId, decision, actor, reason, now, JSON.stringify(rows)],
  );
}
