// What settling a batch writes, each table by one statement. Rows travel as one JSON document: that costs the Node process half of what
// an array per column costs, and the column list stands once.
import type { Posting, Slot } from '../domain/books.ts';
import type { SlotFact } from '../domain/clawback.ts';
import type { Binding } from '../domain/types.ts';
import type { Outcome } from '../domain/settlement.ts';
import type { Queryable } from './pool.ts';

/** Another transaction was quicker with a row that only one may write; roll back and begin again, to see what it wrote. */
export class LostRace extends Error {}

/** Writes the bindings of newly bound customers. Throws LostRace if somebody else bound one of them meanwhile. */
export async function writeBindings(
  db: Queryable,
  operatorId: string,
  batchId: string,
  bindings: readonly Binding[],
): Promise<void> {
  if (bindings.length === 0) return;
  const rows = bindings.map(({ customerId, affiliateId, eventId, click }) => ({
    customer_id: customerId,
    affiliate_id: affiliateId,
    event_id: eventId,
    click_id: click?.id,
    link_id: click?.linkId,
    sub1: click?.subs[0],
    sub2: click?.subs[1],
    sub3: click?.subs[2],
    sub4: click?.subs[3],
    sub5: click?.subs[4],
    clicked_at: click === null ? null : new Date(click.clickedAt),
  }));
  const { rowCount } = await db.query(
    `insert into bindings (operator_id, batch_id, customer_id, affiliate_id, event_id, click_id, link_id, sub1, sub2, sub3, sub4, sub5, clicked_at)
     select $1, $2, customer_id, affiliate_id, event_id, click_id, link_id, sub1, sub2, sub3, sub4, sub5, clicked_at
     from json_to_recordset($3) as b (customer_id text, affiliate_id text, event_id text, click_id text, link_id text,
       sub1 text, sub2 text, sub3 text, sub4 text, sub5 text, clicked_at timestamptz)
     order by customer_id
     on conflict do nothing`,
    [operatorId, batchId, JSON.stringify(rows)],
  );
  if (rowCount !== bindings.length) throw new LostRace('a customer was bound meanwhile');
}

/** An outcome with what was told for the event so far, and in words what went wrong. */
export type OutcomeRow = Outcome & { payoutMinor: bigint | null; payoutCurrency: string | null; detail?: string };

/** Writes what became of events; an event settled before (an orphan, say) gets its new outcome. */
export async function writeOutcomes(
  db: Queryable,
  operatorId: string,
  batchId: string,
  outcomes: readonly OutcomeRow[],
): Promise<void> {
  const rows = outcomes.map((outcome) => ({
    event_id: outcome.eventId,
    status: outcome.status,
    reason: outcome.reason,
    detail: outcome.detail,
    affiliate_id: outcome.affiliateId,
    method: outcome.method,
    click_id: outcome.clickId,
    deal_id: outcome.version?.dealId,
    deal_version: outcome.version?.version,
    payout_minor: outcome.payoutMinor?.toString(),
    payout_currency: outcome.payoutCurrency,
  }));
  await db.query(
    `insert into event_outcomes (operator_id, event_id, status, reason, detail, batch_id, affiliate_id, method, click_id, deal_id,
       deal_version, payout_minor, payout_currency)
     select $1, event_id, status, reason, detail, $2, affiliate_id, method, click_id, deal_id, deal_version, payout_minor, payout_currency
     from json_to_recordset($3) as o (event_id text, status text, reason text, detail text, affiliate_id text, method text, click_id text,
       deal_id text, deal_version int, payout_minor bigint, payout_currency text)
     on conflict (operator_id, event_id) do update set status = excluded.status, reason = excluded.reason, detail = excluded.detail,
       batch_id = excluded.batch_id, affiliate_id = excluded.affiliate_id, method = excluded.method, click_id = excluded.click_id,
       deal_id = excluded.deal_id, deal_version = excluded.deal_version, payout_minor = excluded.payout_minor,
       payout_currency = excluded.payout_currency, settled_at = now()`,
    [operatorId, batchId, JSON.stringify(rows)],
  );
}

/** Writes the sum told so far for conversions that earlier batches settled. */
export async function writeTold(
  db: Queryable,
  operatorId: string,
  told: readonly { eventId: string; payoutMinor: bigint }[],
): Promise<void> {
  if (told.length === 0) return;
  await db.query(
    `update event_outcomes o set payout_minor = t.payout_minor
     from json_to_recordset($2) as t (event_id text, payout_minor bigint)
     where o.operator_id = $1 and o.event_id = t.event_id`,
    [
      operatorId,
      JSON.stringify(told.map(({ eventId, payoutMinor }) => ({ event_id: eventId, payout_minor: payoutMinor.toString() }))),
    ],
  );
}

/** Makes the accounts of these affiliates in a currency, and the operator's own, where they are missing. */
export async function ensureAccounts(
  db: Queryable,
  operatorId: string,
  accounts: readonly { id: string; purpose: string; affiliateId: string | null; currency: string; exponent: number }[],
): Promise<void> {
  await db.query(
    `insert into accounts (operator_id, id, purpose, affiliate_id, currency, exponent)
     select $1, id, purpose, "affiliateId", currency, exponent
     from json_to_recordset($2) as a (id text, purpose text, "affiliateId" text, currency text, exponent int)
     order by id, currency
     on conflict do nothing`,
    [operatorId, JSON.stringify(accounts)],
  );
}

const SLOT_COLUMNS = `id text, key text, affiliate_id text, deal_id text, deal_version int, component text, kind text, period text, currency text,
  basis_minor bigint, volume_e4 bigint, facts_count int, facts_hash bigint, gross_minor bigint, void_minor bigint, pending_minor bigint,
  payable_minor bigint, clawed_minor bigint, in_payout_minor bigint, paid_minor bigint, debt_minor bigint, transfers_count int,
  ratings_count int, hold_until timestamptz`;
const SLOT_NAMES = SLOT_COLUMNS.replace(/ (text|int|bigint|timestamptz)\b/g, '');
const SLOT_CHANGES = SLOT_NAMES.split(/,\s*/)
  .filter((name) => !['id', 'key', 'affiliate_id', 'deal_id', 'component', 'kind', 'period', 'currency'].includes(name))
  .map((name) => `${name} = n.${name}`)
  .join(', ');

/**
 * Writes slots. New ones are inserted in the order of their keys; throws LostRace if somebody made one of them meanwhile.
 * Changed ones are locked by the caller.
 */
export async function writeSlots(db: Queryable, operatorId: string, slots: readonly Slot[]): Promise<void> {
  const made = slots.filter(({ isNew }) => isNew);
  const changed = slots.filter(({ isNew, isChanged }) => isChanged && !isNew);
  if (made.length > 0) {
    const { rowCount } = await db.query(
      `insert into slots (operator_id, ${SLOT_NAMES}) select $1, ${SLOT_NAMES} from json_to_recordset($2) as s (${SLOT_COLUMNS})
       order by key on conflict (operator_id, key) do nothing`,
      [operatorId, JSON.stringify(made.map(slotRow))],
    );
    if (rowCount !== made.length) throw new LostRace('a slot was made meanwhile');
  }
  if (changed.length > 0) {
    await db.query(
      `update slots s set ${SLOT_CHANGES} from json_to_recordset($2) as n (${SLOT_COLUMNS}) where s.operator_id = $1 and s.id = n.id`,
      [operatorId, JSON.stringify(changed.map(slotRow))],
    );
  }
}

/** Makes monthly slots that nobody made yet, empty, in the order of their keys; whoever locks them next fills them. */
export async function insertEmptySlots(
  db: Queryable,
  operatorId: string,
  slots: readonly Pick<Slot, 'id' | 'name' | 'affiliateId' | 'version'>[],
): Promise<void> {
  const rows = slots.map(({ id, name, affiliateId, version }) => ({
    id,
    key: name.key,
    affiliate_id: affiliateId,
    deal_id: version.dealId,
    deal_version: version.version,
    component: name.component,
    kind: name.kind,
    period: name.period,
    currency: version.terms.currency,
  }));
  await db.query(
    `insert into slots (operator_id, id, key, affiliate_id, deal_id, deal_version, component, kind, period, currency, hold_until)
     select $1, id, key, affiliate_id, deal_id, deal_version, component, kind, period, currency, 'epoch'
     from json_to_recordset($2) as s (${SLOT_COLUMNS}) order by key on conflict (operator_id, key) do nothing`,
    [operatorId, JSON.stringify(rows)],
  );
}

function slotRow({ id, name, affiliateId, version, sums, money, transfersCount, ratingsCount, holdUntil }: Slot): object {
  return {
    id,
    key: name.key,
    affiliate_id: affiliateId,
    deal_id: version.dealId,
    deal_version: version.version,
    component: name.component,
    kind: name.kind,
    period: name.period,
    currency: version.terms.currency,
    basis_minor: String(sums.basisMinor),
    volume_e4: String(sums.volumeE4),
    facts_count: sums.factsCount,
    facts_hash: String(sums.factsHash),
    gross_minor: String(money.grossMinor),
    void_minor: String(money.voidMinor),
    pending_minor: String(money.pendingMinor),
    payable_minor: String(money.payableMinor),
    clawed_minor: String(money.clawedMinor),
    in_payout_minor: String(money.inPayoutMinor),
    paid_minor: String(money.paidMinor),
    debt_minor: String(money.debtMinor),
    transfers_count: transfersCount,
    ratings_count: ratingsCount,
    hold_until: new Date(holdUntil),
  };
}

export async function writeFacts(
  db: Queryable,
  operatorId: string,
  batchId: string,
  facts: readonly { slot: Slot; fact: SlotFact }[],
): Promise<void> {
  if (facts.length === 0) return;
  const rows = facts.map(({ slot, fact }) => ({
    original_event_id: fact.originalEventId,
    slot_id: slot.id,
    event_id: fact.eventId,
    type: fact.type,
    whole: fact.whole,
    amount_minor: String(fact.amountMinor),
    volume_e4: String(fact.volumeE4),
    deal_version: slot.groups.get(fact.originalEventId)!.version.version,
    occurred_at: new Date(fact.occurredAt),
  }));
  await db.query(
    `insert into slot_facts (operator_id, original_event_id, slot_id, event_id, type, whole, amount_minor, volume_e4, deal_version, occurred_at, batch_id)
     select $1, original_event_id, slot_id, event_id, type, whole, amount_minor, volume_e4, deal_version, occurred_at, $2
     from json_to_recordset($3) as f (original_event_id text, slot_id text, event_id text, type text, whole boolean, amount_minor bigint,
       volume_e4 bigint, deal_version int, occurred_at timestamptz)`,
    [operatorId, batchId, JSON.stringify(rows)],
  );
}

/** Why a slot has its target, one row per slot and batch. */
export type RatingRow = { slot: Slot; targetMinor: bigint; formula: string; inputs: Record<string, string> };

export async function writeRatings(
  db: Queryable,
  operatorId: string,
  batchId: string,
  ratings: readonly RatingRow[],
): Promise<void> {
  if (ratings.length === 0) return;
  const rows = ratings.map(({ slot, targetMinor, formula, inputs }) => ({
    slot_id: slot.id,
    seq: slot.ratingsCount,
    deal_version: slot.version.version,
    facts_count: slot.sums.factsCount,
    facts_hash: String(slot.sums.factsHash),
    target_minor: String(targetMinor),
    formula,
    inputs,
  }));
  await db.query(
    `insert into ratings (operator_id, slot_id, seq, batch_id, deal_version, facts_count, facts_hash, target_minor, formula, inputs)
     select $1, slot_id, seq, $2, deal_version, facts_count, facts_hash, target_minor, formula, inputs
     from json_to_recordset($3) as r (slot_id text, seq int, deal_version int, facts_count int, facts_hash bigint, target_minor bigint,
       formula text, inputs json)`,
    [operatorId, batchId, JSON.stringify(rows)],
  );
}

/** A transfer to be written: a posting with its id, its accounts and its months. */
export type TransferRow = Posting & {
  id: string;
  debitAccount: string;
  creditAccount: string;
  period: string;
  originPeriod: string;
};

export async function writeTransfers(
  db: Queryable,
  operatorId: string,
  batchId: string,
  postedAt: Date,
  transfers: readonly TransferRow[],
): Promise<void> {
  if (transfers.length === 0) return;
  const rows = transfers.map((transfer) => ({
    id: transfer.id,
    currency: transfer.slot.version.terms.currency,
    debit_account: transfer.debitAccount,
    credit_account: transfer.creditAccount,
    amount_minor: String(transfer.amountMinor),
    code: transfer.code,
    affiliate_id: transfer.slot.affiliateId,
    slot_id: transfer.slot.id,
    slot_seq: transfer.seq,
    event_id: transfer.event.id,
    occurred_at: new Date(transfer.event.occurredAt),
    period: transfer.period,
    origin_period: transfer.originPeriod,
  }));
  await db.query(
    `insert into transfers (operator_id, id, posting_group, currency, debit_account, credit_account, amount_minor, code, affiliate_id,
       slot_id, slot_seq, event_id, occurred_at, posted_at, period, origin_period)
     select $1, id, $2, currency, debit_account, credit_account, amount_minor, code, affiliate_id, slot_id, slot_seq, event_id,
       occurred_at, $3, period, origin_period
     from json_to_recordset($4) as t (id text, currency text, debit_account text, credit_account text, amount_minor bigint, code text,
       affiliate_id text, slot_id text, slot_seq int, event_id text, occurred_at timestamptz, period text, origin_period text)`,
    [operatorId, batchId, postedAt, JSON.stringify(rows)],
  );
}

/** How much an affiliate's balance in a currency moves. */
export type BalanceChange = {
  affiliateId: string;
  currency: string;
  pendingMinor: bigint;
  payableMinor: bigint;
  debtMinor: bigint;
};

/** Moves balances, in the order of affiliates and currencies: the last locks that a posting takes. */
export async function moveBalances(db: Queryable, operatorId: string, changes: readonly BalanceChange[]): Promise<void> {
  if (changes.length === 0) return;
  const rows = changes.map(({ affiliateId, currency, pendingMinor, payableMinor, debtMinor }) => ({
    affiliate_id: affiliateId,
    currency,
    pending_minor: String(pendingMinor),
    payable_minor: String(payableMinor),
    debt_minor: String(debtMinor),
  }));
  await db.query(
    `insert into balances as b (operator_id, affiliate_id, currency, pending_minor, payable_minor, debt_minor)
     select $1, affiliate_id, currency, pending_minor, payable_minor, debt_minor
     from json_to_recordset($2) as c (affiliate_id text, currency text, pending_minor bigint, payable_minor bigint, debt_minor bigint)
     order by affiliate_id, currency
     on conflict (operator_id, affiliate_id, currency) do update set pending_minor = b.pending_minor + excluded.pending_minor,
       payable_minor = b.payable_minor + excluded.payable_minor, debt_minor = b.debt_minor + excluded.debt_minor`,
    [operatorId, JSON.stringify(rows)],
  );
}
