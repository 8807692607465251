// All operations that move an affiliate's money, concurrently over 16 connections: settling,
// releases, decisions and their way back, payouts and their steps, adjustments, write-offs. No
// amount is paid twice, and the final balance equals that of a model built from the answers alone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { PayoutStep } from '../../../domain/ledger/lifecycle.ts';
import { createAdjustments } from '../../../store/ledger/adjustments.ts';
import { createBalances, type Balance } from '../../../store/ledger/balances.ts';
import { createDecisions, type AskedVerdict } from '../../../store/ledger/decisions.ts';
import { createHolds } from '../../../store/ledger/holds.ts';
import { isConflict } from '../../../store/db/conflict.ts';
import { isOutage } from '../../../store/db/pg-errors.ts';
import { createPayouts } from '../../../store/ledger/payouts.ts';
import { createPool, type Pool } from '../../../store/db/pool.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';
import {
  addAffiliate,
  applyChanges,
  auditOf,
  createSettling,
  type TestAffiliate,
} from '../../support/settling.ts';

const CONNECTIONS = 16;
const AFFILIATES = 3;
const SALES = 240;
const DAY_MS = 86_400_000;

let database: TestDatabase;
let pool: Pool;
let operator: TestOperator;
let affiliates: TestAffiliate[];

before(async () => {
  database = await withDatabase();
  pool = createPool(database.url, { max: CONNECTIONS });
  operator = await withOperator(pool);
  affiliates = [];
  for (let i = 0; i < AFFILIATES; i++)
    affiliates.push(await addAffiliate(pool, operator.operatorId, { hold_days: 0 }));
});
after(async () => {
  await pool.end();
  const { rows } = await database.pool.query<{ deadlocks: bigint }>(
    `select deadlocks from pg_stat_database where datname = current_database()`,
  );
  await database.drop();
  assert.equal(rows[0]!.deadlocks, 0n, 'locks are taken in one order');
});

/** Model of one affiliate, from the answers of the store: its sales, and the answered amounts. */
type Model = {
  sales: { id: string; minor: bigint; isChargedBack: boolean; isWon: boolean; rejections: number }[];
  adjusted: bigint;
  writtenOff: bigint;
  payouts: Map<string, { amountMinor: bigint; state: string }>;
};

/**
 * Expected booked amount: a chargeback counts unless it was won, a rejection unless it was taken
 * back. `rejections`: those less the ones taken back, 0 or 1 in the end.
 */
function earnedBy({ sales, adjusted }: Model): bigint {
  const kept = sales.filter(
    ({ isChargedBack, isWon, rejections }) => rejections === 0 && (!isChargedBack || isWon),
  );
  return kept.reduce((sum, { minor }) => sum + minor, adjusted);
}

const inState = ({ payouts }: Model, state: string): bigint =>
  [...payouts.values()].reduce((sum, payout) => sum + (payout.state === state ? payout.amountMinor : 0n), 0n);

/** Pseudo-random and the same in every run, so that a failure can be looked into. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}

function shuffled<T>(items: readonly T[], roll: (below: number) => number): T[] {
  const mixed = [...items];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = roll(i + 1);
    [mixed[i], mixed[j]] = [mixed[j]!, mixed[i]!];
  }
  return mixed;
}

/**
 * Ingests sales of every affiliate, chargebacks of a third of the sales, and won chargebacks of a
 * sixth; returns all ids, shuffled, in batches.
 */
async function ingestHistory(models: Model[], roll: (below: number) => number): Promise<string[][]> {
  const ids: string[] = [];
  for (const [number, model] of models.entries()) {
    const { clickId } = affiliates[number]!;
    const minors = Array.from({ length: SALES }, (_, index) => BigInt(100 + ((index * 37) % 900)));
    const name = (index: number): string => `sale ${number} ${index}`;
    const sales = await operator.ingest(
      minors.map((minor, index) => ({
        transactionId: name(index),
        clickId,
        amountMinor: minor * 10n,
        occurredAt: Date.now() - DAY_MS,
      })),
    );
    model.sales = sales.map((id, index) => ({
      id,
      minor: minors[index]!,
      isChargedBack: index % 3 === 0,
      isWon: index % 6 === 0,
      rejections: 0,
    }));
    const referenceOnly = { clickId: null, customerId: null, amountMinor: null };
    const about = (index: number) => ({ ...referenceOnly, reference: name(index) });
    const numbers = [...sales.keys()];
    const chargebacks = await operator.ingest(
      numbers.filter((i) => i % 3 === 0).map((i) => ({ type: 'chargeback', ...about(i) })),
    );
    const wonChargebacks = await operator.ingest(
      numbers.filter((i) => i % 6 === 0).map((i) => ({ type: 'chargeback_won', ...about(i) })),
    );
    ids.push(...sales, ...chargebacks, ...wonChargebacks);
  }
  const mixed = shuffled(ids, roll);
  return Array.from({ length: Math.ceil(mixed.length / 8) }, (_, index) =>
    mixed.slice(index * 8, index * 8 + 8),
  );
}

async function balanceOf(affiliateId: string): Promise<Balance> {
  return (await createBalances(pool).find(operator.operatorId, affiliateId))[0]!;
}

test('16 connections that settle, release, decide, pay out, adjust and write off concurrently leave a ledger equal to the model of their answers', async () => {
  const roll = dice(20_261_124);
  const { operatorId } = operator;
  const [holds, decisions, payouts, adjustments] = [
    createHolds(pool),
    createDecisions(pool),
    createPayouts(pool),
    createAdjustments(pool),
  ];
  // A process of its own for each connection, since one settles only so many batches at once.
  const settlings = Array.from({ length: CONNECTIONS }, () => createSettling(pool));
  const models: Model[] = affiliates.map(() => ({
    sales: [],
    adjusted: 0n,
    writtenOff: 0n,
    payouts: new Map(),
  }));
  const by = { actor: 'key_test', reason: 'test' };
  let count = 0;
  let reinstated = 0;

  const release = () => holds.release(operatorId, null, Date.now());
  const approve = (number: number) =>
    decisions.decide(
      operatorId,
      { affiliateId: affiliates[number]!.affiliateId, before: new Date() },
      'approved',
      by,
    );
  const verdictOn = async (verdict: AskedVerdict, number: number, index: number): Promise<void> => {
    const sale = models[number]!.sales[index]!;
    const { rows } = await pool.query<{ id: string }>(
      `select slot_id as id from slot_facts where operator_id = $1 and original_event_id = $2 and event_id = $2`,
      [operatorId, sale.id],
    );
    if (!rows[0]) return;
    const { results } = await decisions.decide(operatorId, { ids: [rows[0].id] }, verdict, by);
    if (results[0]!.status === 'rejected') sale.rejections++;
    if (results[0]!.status !== 'reinstated') return;
    sale.rejections--;
    reinstated++;
  };
  const rejectAndReinstate = async (number: number, index: number): Promise<void> => {
    await verdictOn('rejected', number, index);
    await Promise.all([1, 2].map(() => verdictOn('approved', number, index)));
  };
  const pay = async (number: number, key: string): Promise<void> => {
    const { affiliateId } = affiliates[number]!;
    const wanted = {
      affiliateId,
      currency: 'USD',
      minimumMinor: null,
      idempotencyKey: key,
      actor: 'key_test',
    };
    // The same request twice at once: one payout.
    const [one, other] = await Promise.all([
      payouts.reserve(operatorId, wanted),
      payouts.reserve(operatorId, wanted),
    ]);
    for (const answer of [one, other]) {
      if (answer.kind !== 'reserved') continue;
      const { id, amountMinor, state } = answer.payout;
      if (!models[number]!.payouts.has(id)) models[number]!.payouts.set(id, { amountMinor, state });
    }
  };
  const step = async (number: number, which: number, name: PayoutStep): Promise<void> => {
    const known = [...models[number]!.payouts];
    const [id, payout] = known[which % Math.max(known.length, 1)] ?? [];
    if (!id || !payout) return;
    const answers = await Promise.all(
      [1, 2].map(() => payouts.step(operatorId, id, name, { ...by, externalReference: null })),
    );
    for (const answer of answers) {
      if (answer.kind === 'done' && payout.state !== 'returned') payout.state = answer.payout.state;
    }
  };
  const adjust = async (number: number, amountMinor: bigint, idempotencyKey: string): Promise<void> => {
    const wanted = {
      affiliateId: affiliates[number]!.affiliateId,
      currency: 'USD',
      amountMinor,
      idempotencyKey,
      ...by,
    };
    await Promise.all([adjustments.adjust(operatorId, wanted), adjustments.adjust(operatorId, wanted)]);
    models[number]!.adjusted += amountMinor;
  };
  const writeOff = async (number: number): Promise<void> => {
    const wanted = {
      affiliateId: affiliates[number]!.affiliateId,
      currency: 'USD',
      amountMinor: null,
      idempotencyKey: null,
      ...by,
    };
    const answer = await adjustments.writeOff(operatorId, wanted);
    if (answer.kind === 'posted') models[number]!.writtenOff += answer.posting.amountMinor;
  };

  const operations: (() => Promise<unknown>)[] = (await ingestHistory(models, roll)).map(
    (ids, index) => () => settlings[index % CONNECTIONS]!(operatorId, ids),
  );
  const add = (times: number, make: () => () => Promise<unknown>): void => {
    for (let i = 0; i < times; i++) operations.push(make());
  };
  const who = (): number => roll(AFFILIATES);
  add(150, () => release);
  add(30, () =>
    (
      (number) => () =>
        approve(number)
    )(who()),
  );
  add(60, () =>
    (
      (number, index) => () =>
        verdictOn('rejected', number, index)
    )(who(), roll(SALES)),
  );
  add(40, () =>
    (
      (number, index) => () =>
        rejectAndReinstate(number, index)
    )(who(), roll(SALES)),
  );
  add(20, () => () => applyChanges(pool, operatorId));
  add(120, () =>
    (
      (number, key) => () =>
        pay(number, key)
    )(who(), `pay ${++count}`),
  );
  add(300, () =>
    (
      (number, which, name) => () =>
        step(number, which, name)
    )(who(), roll(60), (['confirm', 'confirm', 'fail', 'return'] as const)[roll(4)]!),
  );
  add(40, () =>
    (
      (number, minor, key) => () =>
        adjust(number, minor, key)
    )(who(), BigInt(roll(2000) - 900) || 1n, `adjust ${++count}`),
  );
  add(20, () =>
    (
      (number) => () =>
        writeOff(number)
    )(who()),
  );

  const waiting = shuffled(operations, roll);
  const work = async (): Promise<void> => {
    for (let operation = waiting.shift(); operation; operation = waiting.shift()) await repeat(operation);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  await applyChanges(pool, operatorId);
  assert.deepEqual((await auditOf(pool)).findings, []);
  assert.ok(reinstated > 5, `${reinstated} rejections were taken back`);

  for (const [number, model] of models.entries()) {
    const { affiliateId } = affiliates[number]!;
    const balance = await balanceOf(affiliateId);
    assert.equal(balance.paidMinor, inState(model, 'paid'));
    assert.equal(balance.inPayoutMinor, inState(model, 'reserved'));
    const { pendingMinor, payableMinor, inPayoutMinor, paidMinor, debtMinor } = balance;
    assert.equal(
      pendingMinor + payableMinor + inPayoutMinor + paidMinor - debtMinor,
      earnedBy(model) + model.writtenOff,
    );
    assert.ok(model.payouts.size > 3 && inState(model, 'paid') > 0n, 'there was something to fight for');
  }

  // After the race, one payout pays exactly the remaining amount.
  while ((await release()).more);
  for (const [number, model] of models.entries()) {
    const { affiliateId } = affiliates[number]!;
    const left = earnedBy(model) + model.writtenOff - inState(model, 'paid') - inState(model, 'reserved');
    const wanted = {
      affiliateId,
      currency: 'USD',
      minimumMinor: null,
      idempotencyKey: null,
      actor: 'key_test',
    };
    const answer = await payouts.reserve(operatorId, wanted);
    if (answer.kind === 'reserved') assert.equal(answer.payout.amountMinor, left);
    else assert.ok(answer.kind === 'nothing' && left <= 0n, `${left} was left and nothing payable`);
  }
  assert.deepEqual((await auditOf(pool)).findings, []);
});

/**
 * Retries after a lock timeout, as callers do, and after debt was recovered meanwhile, as the
 * workflow of changes does; any other error fails the test.
 */
async function repeat(operation: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await operation();
      return;
    } catch (error) {
      const mayRepeat = isConflict(error) || (isOutage(error) && !/deadlock/.test(String(error)));
      if (!mayRepeat || tries > 20) throw error;
    }
  }
}
