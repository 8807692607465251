// Decisions about commissions: approval before the hold ends, rejection, and approval of a rejected
// one, which takes the rejection back. Each is a row with actor and reason.
import { transition } from '../../domain/ledger/lifecycle.ts';
import { newId } from '../db/ids.ts';
import { readCoveredEvents } from './covered-events.ts';
import { announceReleased } from './holds.ts';
import type { Pool } from '../db/pool.ts';
import { inLedger, type Ledger } from './ledger-transaction.ts';
import { lockSlotsById, NAMED_SLOTS, type LockedSlot } from './locked-slots.ts';
import { entryOf, insertDecisions, type By, type Verdict } from './decision-rows.ts';
import { post } from './post.ts';
import { reject } from './rejections.ts';
import { findWrittenOff, hasRejected, reinstate, reinstatedAmong } from './reinstatements.ts';
import { lockReversals } from '../db/locks.ts';

/** What can be asked for. A rejected commission that is approved is reinstated. */
export type AskedVerdict = Exclude<Verdict, 'reinstated'>;

/**
 * The commissions to decide about: by id, or an affiliate's created before a moment (the oldest
 * 1,000 that can be decided). Only commissions named by id are reinstated.
 */
export type Choice = { ids: readonly string[] } | { affiliateId: string; before: Date };

/**
 * `unchanged`: the same decision was made before. `not_possible`: nothing is pending, or it is an
 * adjustment, or something contradicts taking the rejection back.
 */
type DecidedStatus = Verdict | 'unchanged' | 'not_possible' | 'not_found';

/**
 * Results in the order of the request, each with the number of events that the commission is for;
 * `more`: the choice has more commissions than were decided. `appliesChanges`: settlement must post
 * reinstated commissions (`applyAmendments`).
 */
export type Decided = {
  results: { id: string; status: DecidedStatus; events: number }[];
  more: boolean;
  endpointsToWake: string[];
  appliesChanges: boolean;
};

export const DECIDED_AT_MOST = 1000;

export function createDecisions(pool: Pool) {
  return {
    /** Decides about all chosen commissions in one transaction. A rejection needs a reason. */
    decide(operatorId: string, choice: Choice, verdict: AskedVerdict, by: By): Promise<Decided> {
      return inLedger(pool, operatorId, async (ledger) => {
        const { ids, more } = await findChosen(ledger, choice, verdict);
        const mayReinstate = verdict === 'approved' && (await hasRejected(ledger, ids));
        const isAlone = verdict === 'rejected' || mayReinstate;
        // Rejections and settled reversals change the amounts reported for conversions, so each
        // runs alone; and no settling may miss that a rejection was taken back.
        if (isAlone) await lockReversals(ledger.client, operatorId, 'reversals');
        const kin = isAlone ? await findKin(ledger, ids) : [];
        const slots = await lockSlotsById(ledger, [...new Set([...ids, ...kin])]);
        const { statuses, toApprove, toReject, toReinstate } = sorted(slots, {
          verdict,
          asked: new Set(ids),
          before: verdict === 'approved' ? await findApproved(ledger, ids) : new Set(),
          writtenOff: mayReinstate ? await findWrittenOff(ledger, [...ids, ...kin]) : null,
        });
        const group = newId('dec');
        const endpointsToWake: string[] = [];
        if (toApprove.length > 0) endpointsToWake.push(...(await approve(ledger, group, toApprove, by)));
        if (toReject.length > 0) endpointsToWake.push(...(await reject(ledger, group, toReject, by)));
        if (toReinstate.length > 0) {
          await reinstate(ledger, toReinstate);
          const entries = toReinstate.map((slot) => entryOf(slot, { money: slot.money, legs: [] }));
          await insertDecisions(ledger, 'reinstated', entries, by);
        }
        const events = await readCoveredEvents(ledger, ids);
        return {
          results: ids.map((id) => ({
            id,
            status: statuses.get(id) ?? 'not_found',
            events: events.get(id) ?? 0,
          })),
          more,
          endpointsToWake,
          appliesChanges: toReinstate.length > 0,
        };
      });
    },
  };
}

type Asked = {
  verdict: AskedVerdict;
  asked: ReadonlySet<string>;
  /** Commissions that were approved or reinstated before. */
  before: ReadonlySet<string>;
  /** Rejected ones whose debt was written off; null: none of them can be reinstated here. */
  writtenOff: ReadonlySet<string> | null;
};

/** Sorts locked slots by what the decision does with them. */
function sorted(slots: readonly LockedSlot[], { verdict, asked, before, writtenOff }: Asked) {
  const toReinstate = writtenOff === null ? [] : reinstatedAmong(slots, asked, writtenOff);
  const reinstated = new Set(toReinstate.map(({ id }) => id));
  const statusOf = ({ id, kind, money, rejectedAt }: LockedSlot): DecidedStatus => {
    if (kind === 'manual' || kind === 'month') return 'not_possible';
    if (verdict === 'rejected') return rejectedAt === null ? 'rejected' : 'unchanged';
    if (rejectedAt !== null) return reinstated.has(id) ? 'reinstated' : 'not_possible';
    if (money.pendingMinor > 0n) return 'approved';
    return before.has(id) ? 'unchanged' : 'not_possible';
  };
  const statuses = new Map(slots.map((slot) => [slot.id, statusOf(slot)]));
  const isGiven = (id: string, status: DecidedStatus): boolean =>
    asked.has(id) && statuses.get(id) === status;
  return {
    statuses,
    toReinstate,
    toApprove: slots.filter(({ id }) => isGiven(id, 'approved')),
    // Rejecting a commission rejects the parts that parents have of it.
    toReject: slots.filter(
      ({ id, sourceId }) =>
        isGiven(id, 'rejected') ||
        (sourceId !== null && isGiven(sourceId, 'rejected') && statuses.get(id) === 'rejected'),
    ),
  };
}

/**
 * Of an affiliate only commissions that the decision can move: pending ones to approve, pending or
 * payable ones to reject.
 */
async function findChosen(
  { client, operatorId }: Ledger,
  choice: Choice,
  verdict: AskedVerdict,
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

/** The parents' parts of these slots, and the slots that these are parts of. */
async function findKin({ client, operatorId }: Ledger, ids: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `select id from slots where operator_id = $1 and source_id = any($2) and source_id is not null
     union select s.source_id from ${NAMED_SLOTS} where s.source_id is not null`,
    [operatorId, ids],
  );
  return rows.map(({ id }) => id);
}

/** Those of these commissions that were approved or reinstated before. */
async function findApproved({ client, operatorId }: Ledger, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await client.query<{ id: string }>(
    `select slot_id as id from commission_decisions
     where operator_id = $1 and slot_id = any($2) and decision in ('approved', 'reinstated')`,
    [operatorId, ids],
  );
  return new Set(rows.map(({ id }) => id));
}

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
