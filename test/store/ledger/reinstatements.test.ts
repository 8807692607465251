// Rejections of commissions that are taken back: what comes back, what affiliates hear of it, and
// what contradicts it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeSecret } from '../../../delivery/sign.ts';
import type { WireTerms } from '../../../domain/commission/terms.ts';
import type { ConversionEvent } from '../../../domain/types.ts';
import { requestChanges } from '../../../store/agreements/change-requests.ts';
import { insertParent } from '../../../store/attribution/parents.ts';
import { newId } from '../../../store/db/ids.ts';
import { createEndpoints } from '../../../store/delivery/endpoints.ts';
import { createCommissions } from '../../../store/ledger/commissions.ts';
import { createDecisions } from '../../../store/ledger/decisions.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { ENDPOINT, SECRET_BOX, withOperator } from '../../support/operator.ts';
import { addAffiliate, applyChanges, auditOf, createSettling, pendingOf } from '../../support/settling.ts';

let database: TestDatabase;
before(async () => {
  database = await withDatabase();
});
after(() => database.drop());

const BY = { actor: 'key_test', reason: 'by mistake' } as const;
const OVERRIDES = [{ percent: '20' }];
const REFERENCE_ONLY = { clickId: null, customerId: null, amountMinor: null } as const;
const REVSHARE: WireTerms['components'] = [{ kind: 'revshare', on: ['revenue'], percent: '25' }];

type Event = Partial<ConversionEvent>;

/** An affiliate with these terms under a parent, and a webhook of its operator that hears all. */
async function withParent(terms: Partial<WireTerms>) {
  const { pool } = database;
  const { operatorId, affiliateId: parentId, ingest } = await withOperator(pool);
  const { affiliateId, clickId } = await addAffiliate(pool, operatorId, terms);
  await insertParent(pool, operatorId, affiliateId, { parentId, since: -Infinity });
  const webhook = { id: newId('ep'), affiliateId: null, ...makeSecret('v1') };
  await createEndpoints(pool, SECRET_BOX).insert(operatorId, webhook, {
    ...ENDPOINT,
    url: 'http://127.0.0.1:9/',
  });
  const settle = createSettling(pool);
  let seen = '';

  return {
    operatorId,
    async send(...events: Event[]): Promise<string[]> {
      const ids = await ingest(events.map((event) => ({ clickId, ...event })));
      for (const id of ids) await settle(operatorId, [id]);
      return ids;
    },
    /** The only slot of a kind. */
    async slot(kind: string): Promise<string> {
      const { rows } = await pool.query<{ id: string }>(
        `select id from slots where operator_id = $1 and kind = $2`,
        [operatorId, kind],
      );
      assert.equal(rows.length, 1);
      return rows[0]!.id;
    },
    /** Decides, and returns the results. */
    async decide(verdict: 'approved' | 'rejected', ...ids: string[]): Promise<string> {
      const { results } = await createDecisions(pool).decide(operatorId, { ids }, verdict, BY);
      return results.map(({ status, events }) => `${status} ${events}`).join(', ');
    },
    /** Lets settlement post reinstated commissions; the audit is clean before and after. */
    async apply(): Promise<void> {
      assert.deepEqual((await auditOf(pool, operatorId)).findings, [], 'before it is settled');
      await applyChanges(pool, operatorId);
      assert.deepEqual((await auditOf(pool, operatorId)).findings, []);
    },
    /** Pending amounts of the affiliate and of its parent. */
    pending: async () => [await pendingOf(pool, affiliateId), await pendingOf(pool, parentId)].join(' '),
    formula: async (id: string) => (await createCommissions(pool).find(operatorId, id))!.formula,
    /** Messages since the last call: to whom, type, reason, delta, amount reported, status. */
    async messages(): Promise<string[]> {
      const { rows } = await pool.query<{ id: string; type: string; data: Record<string, string> }>(
        `select id, type, body::json->'data' as data from deliveries
         where operator_id = $1 and id > $2 order by id`,
        [operatorId, seen],
      );
      seen = rows.at(-1)?.id ?? seen;
      const lines = rows.map(({ type, data }) => {
        const to = data['affiliate_id'] === affiliateId ? 'affiliate' : 'parent';
        const { reason, payout_delta: delta, payout = '-', status } = data;
        return `${to} ${type.replace('conversion.', '')} ${reason} ${delta} ${payout} ${status}`;
      });
      return lines.toSorted();
    },
  };
}

test('a percentage and the parent’s part of it come back together, reported as reinstated', async () => {
  const { send, slot, decide, apply, pending, messages, formula } = await withParent({
    overrides: OVERRIDES,
  });
  await send({});
  const id = await slot('percent');
  await decide('rejected', id);
  await messages();
  assert.equal(await decide('approved', id), 'reinstated 1');
  assert.equal(await decide('approved', id), 'unchanged 1', 'a repeat before settlement came to it');
  await apply();
  assert.equal(await pending(), '1000 200');
  assert.deepEqual(await messages(), [
    'affiliate reinstated unrejected 10.00 10.00 pending',
    'parent reinstated unrejected 2.00 2.00 pending',
  ]);
  assert.equal(await formula(id), '10 % of the amount, less the reversed share');
  assert.equal(await decide('rejected', id), 'rejected 1', 'it can be rejected again');
  assert.equal(await pending(), '0 0');
  await decide('approved', id);
  await apply();
  assert.equal(await pending(), '1000 200', 'and taken back again');
});

test('a bounty comes back for the deposit that earned it, whichever conversion settlement was asked about', async () => {
  const { operatorId, send, slot, decide, apply, pending, messages } = await withParent({
    components: [
      { kind: 'cpa', on: ['deposit'], amount: '200.00', qualify: 'cumulative', min_amount: '50.00' },
    ],
  });
  const now = Date.now();
  const deposit = (amountMinor: bigint, occurredAt: number): Event => ({
    type: 'deposit',
    customerId: 'c',
    amountMinor,
    occurredAt,
  });
  const [, qualifying] = await send(
    deposit(10_00n, now - 3000),
    deposit(100_00n, now - 2000),
    deposit(90_00n, now - 1000),
  );
  const id = await slot('cpa');
  assert.equal(await decide('rejected', id), 'rejected 1', 'one of three deposits earned it');
  await messages();
  await decide('approved', id);
  await apply();
  assert.equal(await pending(), '20000 0');
  assert.deepEqual(await messages(), ['affiliate reinstated unrejected 200.00 200.00 pending']);
  const { rows } = await database.pool.query<{ id: string }>(
    `select original_event_id as id from deliveries
     where operator_id = $1 and type = 'conversion.reinstated'`,
    [operatorId],
  );
  assert.deepEqual(rows, [{ id: qualifying }]);
});

test('a month comes back with what happened in it meanwhile, and no conversion is reported with the sum of the month', async () => {
  const { send, slot, decide, apply, pending, messages } = await withParent({
    components: REVSHARE,
    overrides: OVERRIDES,
  });
  const revenue = (amountMinor: bigint): Event => ({ type: 'revenue', amountMinor });
  await send(revenue(1000_00n), revenue(100_00n));
  const id = await slot('revshare');
  assert.equal(await decide('rejected', id), 'rejected 2');
  await send(revenue(1000_00n));
  await messages();
  assert.equal(await decide('approved', id), 'reinstated 3');
  await apply();
  assert.equal(await pending(), '52500 10500');
  assert.deepEqual(await messages(), [
    'affiliate reinstated unrejected 525.00 - pending',
    'parent reinstated unrejected 105.00 - pending',
  ]);
});

test('an event that is settled before a reinstated month is posted brings the month back, and nothing is given twice', async () => {
  const { send, slot, decide, apply, pending, messages } = await withParent({ components: REVSHARE });
  const revenue: Event = { type: 'revenue', amountMinor: 1000_00n };
  await send(revenue);
  const id = await slot('revshare');
  await decide('rejected', id);
  await decide('approved', id);
  await messages();
  await send(revenue);
  assert.equal(await pending(), '50000 0');
  await apply();
  assert.equal(await pending(), '50000 0');
  assert.deepEqual(await messages(), ['affiliate created undefined 500.00 500.00 pending']);
});

test('a commission charged back while it was rejected comes back without money, and the won chargeback restores it', async () => {
  const { send, slot, decide, apply, pending, messages, formula } = await withParent({});
  await send({ transactionId: 'disputed' });
  const id = await slot('percent');
  await decide('rejected', id);
  await send({ type: 'chargeback', reference: 'disputed', ...REFERENCE_ONLY });
  await messages();
  assert.equal(await decide('approved', id), 'reinstated 1');
  await apply();
  assert.equal(await pending(), '0 0');
  assert.deepEqual(await messages(), [], 'nothing moved');
  assert.equal(await formula(id), '10 % of the amount, less the reversed share', 'but it says so no more');
  await send({ type: 'chargeback_won', reference: 'disputed', ...REFERENCE_ONLY });
  assert.equal(await pending(), '1000 0');
  await apply();
});

test('a commission comes back also where another change of its conversion waits to be applied', async () => {
  const { operatorId, send, slot, decide, apply, pending, messages } = await withParent({});
  const [sale] = await send({});
  const id = await slot('percent');
  await decide('rejected', id);
  await messages();
  await requestChanges(database.pool, operatorId, [sale!], 'rate_corrected');
  await decide('approved', id);
  await apply();
  assert.equal(await pending(), '1000 0');
  assert.deepEqual(await messages(), ['affiliate adjusted rate_corrected 10.00 10.00 pending']);
});

test('a parent’s part comes back alone only while its source stands, and one rejected by itself stays so', async () => {
  const { send, slot, decide, apply, pending, messages } = await withParent({ overrides: OVERRIDES });
  await send({});
  const [source, part] = [await slot('percent'), await slot('override')];
  assert.equal(await decide('rejected', part), 'rejected 1');
  await decide('rejected', source);
  assert.equal(await decide('approved', part), 'not_possible 1', 'its source is rejected');
  assert.equal(await decide('approved', source), 'reinstated 1');
  await apply();
  assert.equal(await pending(), '1000 0', 'the part was rejected for itself');
  await messages();
  assert.equal(await decide('approved', part), 'reinstated 1');
  await apply();
  assert.equal(await pending(), '1000 200');
  assert.deepEqual(await messages(), ['parent reinstated unrejected 2.00 2.00 pending']);
});
