// Rejects commissions: takes back what is booked for them, and tells the affiliates.
import { REJECTED_FORMULA } from '../../domain/commission/explanation.ts';
import { rejectedOf } from '../../domain/delivery/bodies.ts';
import type { OutgoingMessage, ReportedCommission } from '../../domain/delivery/messages.ts';
import { postTowards } from '../../domain/ledger/transfers.ts';
import { reportedKey } from '../../domain/settlement/reported-amounts.ts';
import { announce, readReportedCommissions } from './announcements.ts';
import { entryOf, insertDecisions, sumOf, type By, type DecidedEntry } from './decision-rows.ts';
import type { Ledger } from './ledger-transaction.ts';
import { NAMED_SLOTS, type LockedSlot } from './locked-slots.ts';
import { post } from './post.ts';
import { writeReportedAmounts, type ReportedAmountRow } from './reported-amounts.ts';
import { rejectSlots } from './slot-writing.ts';

/**
 * Posts towards a target of zero, as a clawback does, and lowers the amount reported for the
 * conversion. Returns the endpoints to wake after the commit.
 */
export async function reject(
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

/** The amounts reported for conversions after these rejections, by conversion and affiliate. */
function reportedAfter(
  commissions: ReadonlyMap<string, ReportedCommission>,
  entries: readonly DecidedEntry[],
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
  entries: readonly DecidedEntry[],
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
