// Decisions about commissions: approval before the hold ends, or rejection for good. Each is a row
// with actor and reason.
import { REJECTED_FORMULA } from '../../domain/commission/explanation.ts';
import { transition } from '../../domain/ledger/lifecycle.ts';
import { postTowards, type Leg, type SlotChange } from '../../domain/ledger/transfers.ts';
import { rejectedOf } from '../../domain/delivery/bodies.ts';
import type { OutgoingMessage, ReportedCommission } from '../../domain/delivery/messages.ts';
import { reportedKey } from '../../domain/settlement/reported-amounts.ts';
import { newId } from '../db/ids.ts';
import { announce, readReportedCommissions } from './announcements.ts';
import { announceReleased } from './holds.ts';
import type { Pool } from '../db/pool.ts';
import { inLedger, type Ledger } from './ledger-transaction.ts';
import { lockSlotsById, NAMED_SLOTS, type LockedSlot } from './locked-slots.ts';
import { post, type Entry } from './post.ts';
import { rejectSlots } from './slot-writing.ts';
import { lockReversals } from '../db/locks.ts';
import { writeReportedAmounts, type ReportedAmountRow } from './reported-amounts.ts';

export const VERDICTS = ['approved', 'rejected'] as const;
export type Verdict = (typeof VERDICTS)[number];

/**
 * The commissions to decide about: by id, or an affiliate's created before a moment (the oldest
 * 1,000 that can be decided).
 */
export type Choice = { ids: readonly string[] } | { affiliateId: string; before: Date };

/**
 * `unchanged`: the same decision was made before. `not_possible`: nothing is pending, or it was
 * rejected, or it is an adjustment.
 */
type DecidedStatus = Verdict | 'unchanged' | 'not_possible' | 'not_found';

/**
 * Results in the order of the request; `more`: the choice has more commissions than were decided.
 */
export type Decided = {
  results: { id: string; status: DecidedStatus }[];
  more: boolean;
  endpointsToWake: string[];
};

export const DECIDED_AT_MOST = 1000;

export function createDecisions(pool: Pool) {
  return {
    /** Decides about all chosen commissions in one transaction. A rejection needs a reason. */
    decide(
      operatorId: string,
      choice: Choice,
      verdict: Verdict,
      by: { actor: string; reason: string | null },
    ): Promise<Decided> {
      return inLedger(pool, operatorId, async (ledger) => {
        // Rejections and settled reversals change the amounts reported for conversions, so each
        // runs alone.
        if (verdict === 'rejected') await lockReversals(ledger.client, operatorId, 'reversals');
        const { ids, more } = await findChosen(ledger, choice, verdict);
        const parts = verdict === 'rejected' ? await findParts(ledger, ids) : [];
        const slots = await lockSlotsById(ledger, [...new Set([...ids, ...parts])]);
        const decided = verdict === 'approved' ? await findApproved(ledger, ids) : new Set<string>();
        const statuses = new Map(
          slots.map((slot) => [slot.id, statusOf(slot, verdict, decided.has(slot.id))]),
        );
        const asked = new Set(ids);
        // Rejecting a commission rejects the parts that parents have of it.
        const isMeant = ({ id, sourceId }: LockedSlot): boolean =>
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
  { kind, money, rejectedAt }: LockedSlot,
  verdict: Verdict,
  isApproved: boolean,
): DecidedStatus {
  if (kind === 'manual' || kind === 'month') return 'not_possible';
  if (verdict === 'rejected') return rejectedAt === null ? 'rejected' : 'unchanged';
  if (rejectedAt !== null) return 'not_possible';
  if (money.pendingMinor > 0n) return 'approved';
  return isApproved ? 'unchanged' : 'not_possible';
}

/**
 * Of an affiliate only commissions that the decision can move: pending ones to approve, pending or
 * payable ones to reject.
 */
async function findChosen(
  { client, operatorId }: Ledger,
  choice: Choice,
  verdict: Verdict,
): Promise<{ ids: string[]; more: boolean }> {
  if ('ids' in choice) return { ids: [...new Set(choice.ids)], more: false };
  const { rows } = await client.query<{ id: string }>(
    `select id from slots
     where operator_id = $1 and affiliate_id = $2 and created_at < $3 and kind not in ('manual', 'month')
       and rejected_at is null and (pending_minor > 0 or ($4 and payable_minor > 0)) order by id limit $5`,
    [operatorId, choice.affiliateId, choice.before, verdict === 'rejected', DECIDED_AT_MOST + 1],
  );
  return { ids: rows.slice(0, DECIDED_AT_MOST).map(({ id }) => id), more: rows.length > DECIDED_AT_MOST };
}

async function findParts({ client, operatorId }: Ledger, ids: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `select id from slots where operator_id = $1 and source_id = any($2) and source_id is not null`,
    [operatorId, ids],
  );
  return rows.map(({ id }) => id);
}

async function findApproved({ client, operatorId }: Ledger, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await client.query<{ id: string }>(
    `select slot_id as id from commission_decisions
     where operator_id = $1 and slot_id = any($2) and decision = 'approved'`,
    [operatorId, ids],
  );
  return new Set(rows.map(({ id }) => id));
}

type By = { actor: string; reason: string | null };

async function approve(
  ledger: Ledger,
  group: string,
  slots: readonly LockedSlot[],
  by: By,
): Promise<string[]> {
  const entries = slots.map((slot) =>
    entryOf(slot, transition(slot.money, 'approve', slot.money.pendingMinor)),
  );
  await post(ledger, { group, ...by }, entries);
  await insertDecisions(ledger, 'approved', entries, by);
  const released = slots.map((slot) => ({ ...slot, releasedMinor: slot.money.pendingMinor }));
  return announceReleased(ledger, group, released);
}

/**
 * Posts towards a target of zero, as a clawback does, and lowers the amount reported for the
 * conversion.
 */
async function reject(
  ledger: Ledger,
  group: string,
  slots: readonly LockedSlot[],
  by: By,
): Promise<string[]> {
  const { client, operatorId, now } = ledger;
  const commissions = await readReportedCommissions(ledger, slots);
  const entries = slots.map((slot) => ({
    ...entryOf(slot, postTowards(slot.money, 0n)),
    eventId: commissions.get(slot.id)!.conversion?.id ?? null,
  }));
  const ids = slots.map(({ id }) => id);
  await rejectSlots(client, operatorId, ids, now);
  await client.query(
    `insert into ratings (operator_id, slot_id, seq, batch_id, deal_version, facts_count, facts_hash,
       target_minor, formula, inputs)
     select $1, s.id, s.ratings_count, $3, s.deal_version, s.facts_count, s.facts_hash, 0, $4, $5
     from ${NAMED_SLOTS}`,
    [operatorId, ids, group, REJECTED_FORMULA, JSON.stringify({ reason: by.reason })],
  );
  const reported = reportedAfter(commissions, entries);
  await writeReportedAmounts(client, operatorId, [...reported.values()]);
  await post(ledger, { group, ...by }, entries);
  await insertDecisions(ledger, 'rejected', entries, by);
  return announce(ledger, group, announcements(entries, commissions, reported, by.reason ?? ''));
}

function entryOf(slot: LockedSlot, { money, legs }: SlotChange): Entry & { slot: LockedSlot } {
  return { affiliateId: slot.affiliateId, currency: slot.currency, legs, slot: { ...slot, money } };
}

function sumOf(legs: readonly Leg[]): bigint {
  return legs.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
}

/** The amounts reported for conversions after these rejections, by conversion and affiliate. */
function reportedAfter(
  commissions: ReadonlyMap<string, ReportedCommission>,
  entries: readonly (Entry & { slot: LockedSlot })[],
): Map<string, ReportedAmountRow> {
  const reported = new Map<string, ReportedAmountRow>();
  for (const { slot, legs, affiliateId, currency } of entries) {
    const { conversion } = commissions.get(slot.id)!;
    if (conversion === null || legs.length === 0) continue;
    const key = reportedKey(conversion.id, affiliateId);
    const earlier = reported.get(key)?.amountMinor ?? conversion.reportedMinor;
    const amountMinor = earlier - sumOf(legs);
    reported.set(key, { eventId: conversion.id, affiliateId, amountMinor, currency });
  }
  return reported;
}

/** An announcement for each commission that lost money. */
function announcements(
  entries: readonly (Entry & { slot: LockedSlot })[],
  commissions: ReadonlyMap<string, ReportedCommission>,
  reported: ReadonlyMap<string, ReportedAmountRow>,
  reason: string,
): OutgoingMessage[] {
  return entries
    .filter(({ legs }) => legs.length > 0)
    .map(({ slot, legs }) => {
      const { conversion, ...commission } = commissions.get(slot.id)!;
      const amountMinor =
        conversion && reported.get(reportedKey(conversion.id, slot.affiliateId))!.amountMinor;
      const now = conversion && { ...conversion, reportedMinor: amountMinor! };
      return rejectedOf({ ...commission, conversion: now }, sumOf(legs), reason);
    });
}

async function insertDecisions(
  { client, operatorId, now }: Ledger,
  decision: Verdict,
  entries: readonly (Entry & { slot: LockedSlot })[],
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
