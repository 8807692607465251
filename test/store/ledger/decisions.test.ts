// Decisions about commissions with overrides: a rejection also reverses the parents' overrides of
// the commission, and no other commission.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createCommissions } from '../../../store/ledger/commissions.ts';
import { createDecisions } from '../../../store/ledger/decisions.ts';
import { createHolds } from '../../../store/ledger/holds.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator } from '../../support/operator.ts';
import { insertParent } from '../../../store/attribution/parents.ts';
import { addAffiliate, auditOf, createSettling, pendingOf } from '../../support/settling.ts';

let database: TestDatabase;
before(async () => {
  database = await withDatabase();
});
after(() => database.drop());

const REFERENCE_ONLY = { clickId: null, customerId: null, amountMinor: null } as const;
const BY = { actor: 'key_test', reason: 'own traffic' } as const;

test('a rejection reverses the parents’ overrides, reports it to them, and later events change neither amount', async () => {
  const { pool } = database;
  const { operatorId, affiliateId: parentId, ingest, addEndpoint } = await withOperator(pool);
  const { affiliateId, clickId } = await addAffiliate(pool, operatorId, { overrides: [{ percent: '20' }] });
  await insertParent(pool, operatorId, affiliateId, { parentId, since: -Infinity });
  await addEndpoint('http://127.0.0.1:9/');
  const settle = createSettling(pool);
  await settle(
    operatorId,
    await ingest([
      { transactionId: 'bad', clickId },
      { transactionId: 'good', clickId },
    ]),
  );
  assert.deepEqual([await pendingOf(pool, affiliateId), await pendingOf(pool, parentId)], [20_00n, 4_00n]);

  const commissions = createCommissions(pool);
  const page = { limit: 10, before: null };
  const filter = { affiliateId, state: null, currency: null, period: null };
  const [, bad] = (await commissions.list(operatorId, filter, page)).rows;
  const decisions = createDecisions(pool);
  const { results } = await decisions.decide(operatorId, { ids: [bad!.id] }, 'rejected', BY);
  assert.deepEqual(
    results,
    [{ id: bad!.id, status: 'rejected', events: 1 }],
    'only what was asked for is answered',
  );
  assert.deepEqual([await pendingOf(pool, affiliateId), await pendingOf(pool, parentId)], [10_00n, 2_00n]);
  const ofParent = await commissions.list(operatorId, { ...filter, affiliateId: parentId }, page);
  assert.deepEqual(
    ofParent.rows
      .map(({ state, formula }) => `${state} ${formula === 'nothing, since it was rejected'}`)
      .toSorted(),
    ['pending false', 'rejected true'],
  );
  const { rows } = await pool.query<{ body: string }>(
    `select body from deliveries where operator_id = $1 and type = 'conversion.adjusted'`,
    [operatorId],
  );
  const reported = rows.map(({ body }) => (JSON.parse(body) as { data: Record<string, string> }).data);
  assert.deepEqual(
    reported.map(({ affiliate_id: to, via, payout, payout_delta: delta, status }) => ({
      to,
      via,
      payout,
      delta,
      status,
    })),
    [{ to: parentId, via: affiliateId, payout: '0.00', delta: '-2.00', status: 'rejected' }],
  );

  await settle(operatorId, await ingest([{ type: 'chargeback', reference: 'bad', ...REFERENCE_ONLY }]));
  await settle(operatorId, await ingest([{ type: 'chargeback_won', reference: 'bad', ...REFERENCE_ONLY }]));
  assert.deepEqual([await pendingOf(pool, affiliateId), await pendingOf(pool, parentId)], [10_00n, 2_00n]);
  assert.deepEqual((await auditOf(pool)).findings, []);
});

test('a parent’s override can be rejected alone, and a monthly slot that only counts cannot', async () => {
  const { pool } = database;
  const { operatorId, affiliateId: parentId, ingest } = await withOperator(pool);
  const { affiliateId, clickId } = await addAffiliate(pool, operatorId, {
    hold_days: 0,
    components: [{ kind: 'revshare' }],
    overrides: [{ percent: '20' }],
    tiers: {
      metric: 'ftd_count',
      mode: 'retroactive',
      period: 'month',
      steps: [
        { from: '0', percent: '10' },
        { from: '1', percent: '20' },
      ],
    },
  });
  await insertParent(pool, operatorId, affiliateId, { parentId, since: -Infinity });
  const settle = createSettling(pool);
  await settle(operatorId, await ingest([{ type: 'revenue', clickId }]));
  assert.deepEqual([await pendingOf(pool, affiliateId), await pendingOf(pool, parentId)], [10_00n, 2_00n]);
  const { rows } = await pool.query<{ id: string; kind: string }>(
    `select id, kind from slots where operator_id = $1`,
    [operatorId],
  );
  const idOf = (kind: string): string => rows.find((slot) => slot.kind === kind)!.id;
  const decisions = createDecisions(pool);
  const { results } = await decisions.decide(
    operatorId,
    { ids: [idOf('month'), idOf('override')] },
    'rejected',
    BY,
  );
  assert.deepEqual(
    results.map(({ status }) => status),
    ['not_possible', 'rejected'],
  );
  await settle(operatorId, await ingest([{ type: 'revenue', clickId }]));
  assert.deepEqual([await pendingOf(pool, affiliateId), await pendingOf(pool, parentId)], [20_00n, 0n]);
  assert.equal((await createHolds(pool).release(operatorId, null, Date.now())).released, 1);
  assert.equal(await createCommissions(pool).find(operatorId, idOf('month')), null);
  assert.deepEqual((await auditOf(pool)).findings, []);
});
