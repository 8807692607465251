// Release of holds: the SQL agrees with the domain rule, releases run in chunks until none is due,
// and subscribed endpoints get postbacks.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { SlotMoney } from '../../../domain/ledger/transfers.ts';
import { transition } from '../../../domain/ledger/lifecycle.ts';
import { createDecisions } from '../../../store/ledger/decisions.ts';
import { createHolds } from '../../../store/ledger/holds.ts';
import { createPayouts } from '../../../store/ledger/payouts.ts';
import { withTransaction } from '../../../store/db/pool.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { untilWaiting } from '../../support/lock-waits.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';
import { addAffiliate, auditOf, createSettling } from '../../support/settling.ts';

const DAY_MS = 86_400_000;

let database: TestDatabase;
before(async () => {
  database = await withDatabase();
});
after(() => database.drop());

const longAgo = (): number => Date.now() - 40 * DAY_MS;
const soon = (): number => Date.now() + 20_000;

/** Clicks of the operator long enough ago for events whose hold is over. */
async function backdateClicks({ operatorId }: TestOperator): Promise<void> {
  await database.pool.query(
    `update clicks set clicked_at = now() - interval '50 days' where operator_id = $1`,
    [operatorId],
  );
}

async function withBackdatedClicks(): Promise<TestOperator> {
  const operator = await withOperator(database.pool);
  await database.pool.query(`update operators set click_window_days = 3650 where id = $1`, [
    operator.operatorId,
  ]);
  await backdateClicks(operator);
  return operator;
}

async function moneyOf({ operatorId }: TestOperator): Promise<Map<string, SlotMoney & { holdUntil: Date }>> {
  const { rows } = await database.pool.query<SlotMoney & { id: string; holdUntil: Date }>(
    `select id, gross_minor as "grossMinor", void_minor as "voidMinor", pending_minor as "pendingMinor", payable_minor as "payableMinor",
       clawed_minor as "clawedMinor", in_payout_minor as "inPayoutMinor", paid_minor as "paidMinor", debt_minor as "debtMinor",
       hold_until as "holdUntil" from slots where operator_id = $1`,
    [operatorId],
  );
  return new Map(rows.map(({ id, ...money }) => [id, money]));
}

test('a release makes every due slot payable as the domain rule says, and no other slot', async () => {
  const { pool } = database;
  const operator = await withBackdatedClicks();
  const { clickId } = await addAffiliate(pool, operator.operatorId, {
    components: [
      { kind: 'percent', on: 'sale', percent: '10' },
      { kind: 'revshare', percent: '33' },
    ],
  });
  const settle = createSettling(pool);
  const occurredAt = longAgo();
  const batches = [
    [{ occurredAt }, { occurredAt, transactionId: 'reversed' }, {}],
    [
      { type: 'revenue' as const, clickId, occurredAt },
      { type: 'sale' as const, clickId, occurredAt, amountMinor: 1n },
    ],
    [
      {
        type: 'refund' as const,
        reference: 'reversed',
        clickId: null,
        customerId: null,
        amountMinor: 33_00n,
      },
    ],
  ];
  await backdateClicks(operator);
  for (const batch of batches) await settle(operator.operatorId, await operator.ingest(batch));
  const was = await moneyOf(operator);
  const released = await createHolds(pool).release(operator.operatorId, null, soon());
  const is = await moneyOf(operator);
  const expected = new Map(
    [...was].map(([id, { holdUntil, ...money }]) => {
      const isDue = holdUntil.getTime() <= Date.now();
      return [id, { ...(isDue ? transition(money, 'release', money.pendingMinor).money : money), holdUntil }];
    }),
  );
  assert.deepEqual(is, expected);
  assert.deepEqual([was.size, released.released, released.more], [5, 3, false]);
  assert.deepEqual((await auditOf(pool)).findings, []);
});

test('a release that waits for a slot reads it as the transaction before it left it', async () => {
  const { pool } = database;
  const operator = await withBackdatedClicks();
  const { operatorId } = operator;
  const fields = { occurredAt: longAgo() };
  await createSettling(pool)(operatorId, await operator.ingest([fields, fields]));
  const [held, due] = [...(await moneyOf(operator)).keys()];
  let releasing: Promise<{ released: number }> | undefined;
  await withTransaction(pool, async (earlier) => {
    await earlier.query(
      `update slots set hold_until = now() + interval '1 day' where operator_id = $1 and id = $2`,
      [operatorId, held],
    );
    releasing = createHolds(pool).release(operatorId, null, soon());
    await untilWaiting(pool, 'the release waits', (count) => count === 1);
  });
  assert.equal((await releasing!).released, 1);
  const is = await moneyOf(operator);
  assert.deepEqual(
    [held, due].map((id) => [is.get(id!)!.pendingMinor, is.get(id!)!.payableMinor]),
    [
      [10_00n, 0n],
      [0n, 10_00n],
    ],
  );
});

test('a release stops at its deadline and returns that more is due; concurrent releases release each slot once', async () => {
  const { pool } = database;
  const operator = await withBackdatedClicks();
  const settle = createSettling(pool);
  for (let batch = 0; batch < 5; batch++) {
    await settle(
      operator.operatorId,
      await operator.ingest(Array.from({ length: 500 }, () => ({ occurredAt: longAgo() }))),
    );
  }
  const holds = createHolds(pool);
  const first = await holds.release(operator.operatorId, null, Date.now());
  assert.deepEqual(first, { released: 2000, more: true, endpointsToWake: [] });
  const answers = await Promise.all([1, 2, 3].map(() => holds.release(operator.operatorId, null, soon())));
  assert.equal(
    answers.reduce((sum, { released }) => sum + released, 0),
    500,
  );
  assert.ok(answers.every(({ more }) => !more));
  const { rows } = await pool.query<{ payable: bigint; pending: bigint }>(
    `select payable_minor as payable, pending_minor as pending from balances where operator_id = $1`,
    [operator.operatorId],
  );
  assert.deepEqual(rows, [{ payable: 25_000_00n, pending: 0n }]);
  assert.deepEqual((await auditOf(pool)).findings, []);
});

describe('postbacks about releases, payouts and rejections', () => {
  type PlannedPostback = {
    endpointId: string;
    type: string;
    owner: string;
    body: { type: string; data: Record<string, string> };
  };

  async function postbacksOf({ operatorId }: TestOperator, type: string): Promise<PlannedPostback[]> {
    const { rows } = await database.pool.query<Omit<PlannedPostback, 'body'> & { body: string }>(
      `select endpoint_id as "endpointId", type, owner, body from deliveries where operator_id = $1 and type = $2 order by id`,
      [operatorId, type],
    );
    return rows.map(({ body, ...row }) => ({ ...row, body: JSON.parse(body) as PlannedPostback['body'] }));
  }

  /**
   * An operator with one endpoint for the default events, and one that subscribes to releases and
   * payouts; a sale and a month whose holds are over.
   */
  async function withEndpoints() {
    const { pool } = database;
    const operator = await withOperator(pool);
    const { clickId, affiliateId } = await addAffiliate(pool, operator.operatorId, {
      hold_days: 0,
      components: [
        { kind: 'percent', on: 'sale', percent: '10' },
        { kind: 'revshare', percent: '25' },
      ],
    });
    const all = await operator.addEndpoint('http://127.0.0.1:9/');
    const events = ['conversion.released', 'payout.paid'];
    const subscribed = await operator.addEndpoint('http://127.0.0.1:9/', { events });
    await pool.query(`update endpoints set affiliate_id = $2 where operator_id = $1`, [
      operator.operatorId,
      affiliateId,
    ]);
    const other = await operator.addEndpoint('http://127.0.0.1:9/', { events });
    const settle = createSettling(pool);
    const ids = await operator.ingest([
      { clickId, transactionId: 'sale' },
      { type: 'revenue', clickId },
    ]);
    await settle(operator.operatorId, ids);
    return { operator, affiliateId, all, subscribed, other, sale: ids[0]!, settle };
  }

  test('postbacks about releases and payouts go only to endpoints that subscribe to them, through their queues', async () => {
    const { pool } = database;
    const { operator, affiliateId, subscribed, sale } = await withEndpoints();
    const { endpointsToWake, released } = await createHolds(pool).release(operator.operatorId, null, soon());
    assert.deepEqual([released, endpointsToWake], [2, [subscribed.id]]);
    const releases = await postbacksOf(operator, 'conversion.released');
    assert.deepEqual(
      new Set(releases.map(({ endpointId, owner }) => `${endpointId} ${owner}`)),
      new Set([`${subscribed.id} endpoint`]),
    );
    const data = releases.map(({ body }) => body.data);
    const [first, second] = [
      data.find((one) => one['event_id'] === sale),
      data.find((one) => one['event_id'] === undefined),
    ];
    const {
      event_id: eventId,
      transaction_id: transactionId,
      commission,
      payout,
      payout_delta: delta,
      status,
    } = first!;
    assert.deepEqual(
      { eventId, transactionId, commission, payout, delta, status },
      {
        eventId: sale,
        transactionId: 'sale',
        commission: '10.00',
        payout: '10.00',
        delta: '0.00',
        status: 'payable',
      },
    );
    assert.deepEqual(
      [second!['commission'], second!['period']?.length, second!['event_id']],
      ['25.00', 7, undefined],
    );

    const payouts = createPayouts(pool);
    const wanted = {
      affiliateId,
      currency: 'USD',
      minimumMinor: null,
      idempotencyKey: null,
      actor: 'key_test',
    };
    const reserved = await payouts.reserve(operator.operatorId, wanted);
    assert.ok(reserved.kind === 'reserved');
    const by = { actor: 'key_test', reason: null, externalReference: 'wire' };
    const paid = await payouts.step(operator.operatorId, reserved.payout.id, 'confirm', by);
    assert.deepEqual(paid.kind === 'done' && paid.endpointsToWake, [subscribed.id]);
    await payouts.step(operator.operatorId, reserved.payout.id, 'confirm', by);
    const [message, ...others] = await postbacksOf(operator, 'payout.paid');
    assert.deepEqual(others, [], 'a repeated confirmation planned a second postback');
    const { payout_id: id, amount, currency, external_reference: reference } = message!.body.data;
    assert.deepEqual([id, amount, currency, reference], [reserved.payout.id, '35.00', 'USD', 'wire']);
  });

  test('a postback about a rejection follows the conversion’s pending postback, and later amounts start from the rejected sum', async () => {
    const { pool } = database;
    const { operator, all, sale, settle } = await withEndpoints();
    const { rows } = await pool.query<{ id: string }>(
      `select slot_id as id from slot_facts where original_event_id = $1`,
      [sale],
    );
    const by = { actor: 'key_test', reason: 'own traffic' };
    await createDecisions(pool).decide(operator.operatorId, { ids: [rows[0]!.id] }, 'rejected', by);
    const [adjusted, ...others] = await postbacksOf(operator, 'conversion.adjusted');
    assert.deepEqual([adjusted!.endpointId, adjusted!.owner, others], [all.id, 'predecessor', []]);
    const {
      original_event_id: about,
      payout,
      payout_delta: delta,
      reason,
      event_id: eventId,
    } = adjusted!.body.data;
    assert.deepEqual(
      [about, payout, delta, reason, eventId],
      [sale, '0.00', '-10.00', 'own traffic', undefined],
    );
    await settle(
      operator.operatorId,
      await operator.ingest([
        { type: 'chargeback', reference: 'sale', clickId: null, customerId: null, amountMinor: null },
      ]),
    );
    const [reversed] = await postbacksOf(operator, 'conversion.reversed');
    assert.deepEqual([reversed!.body.data['payout'], reversed!.body.data['payout_delta']], ['0.00', '0.00']);
    assert.deepEqual((await auditOf(pool)).findings, []);
  });
});
