// Follow-up work of agreements starts even when Temporal was away at the request: the sweep starts
// it, and its progress is visible.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { rerateWorkflowId, setAsideWorkflowId } from '../../domain/keys.ts';
import { newId } from '../../store/db/ids.ts';
import { createDeals } from '../../store/agreements/deals.ts';
import { createFxRates } from '../../store/agreements/fx-rates.ts';
import type { RerateStatus } from '../../workflows/rerate-deal.ts';
import { wireTerms } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { recordHistory } from '../support/histories.ts';
import { withOperator, type TestOperator } from '../support/operator.ts';
import { withHarness, type WorkflowHarness } from '../support/workflow-harness.ts';
import { createSettling, outcomesOf, pendingOf } from '../support/settling.ts';

let harness: WorkflowHarness;
before(async () => {
  harness = await withHarness();
});
after(() => harness.close());

const YESTERDAY = new Date(Date.now() - 86_400_000);

/** Creates a deal of 20 % of every sale for the operator's affiliate, from yesterday on. */
async function createDeal({ operatorId, affiliateId }: TestOperator): Promise<string> {
  const id = newId('deal');
  const terms = wireTerms({ components: [{ kind: 'percent', percent: '20' }] });
  await createDeals(harness.pool).insert(operatorId, { id, name: 'Better', affiliateId }, YESTERDAY, terms);
  return id;
}

test('the sweep starts the rerating of a deal version, which shows its progress', async () => {
  const { pool, temporal, testActivities } = harness;
  const operator = await withOperator(pool);
  const endpoint = await operator.addEndpoint('http://127.0.0.1:9/');
  const ids = await operator.ingestSales(3);
  await createSettling(pool)(operator.operatorId, ids);
  await pool.query(
    `update deliveries set state = 'delivered', owner = null, finished_at = now() where endpoint_id = $1`,
    [endpoint.id],
  );
  const dealId = await createDeal(operator);
  assert.equal((await testActivities.activities.sweepOnce()).reratings, 1);
  const workflowId = rerateWorkflowId(dealId, 1);
  const handle = temporal.client.workflow.getHandle(workflowId);
  const expected: RerateStatus = { lookedAt: 3, changed: 3, kept: 0, reasons: {} };
  assert.deepEqual(await handle.result(), expected);
  assert.deepEqual(await handle.query('status'), expected);
  assert.match(await harness.detailsOf(workflowId), /3 conversions rated again.*finished/);
  assert.deepEqual(await outcomesOf(pool, ids), Array(3).fill('settled 2000'));
  const { rows } = await pool.query(
    `select type, owner from deliveries where endpoint_id = $1 and type = 'conversion.adjusted'`,
    [endpoint.id],
  );
  assert.deepEqual(
    rows,
    Array.from({ length: 3 }, () => ({ type: 'conversion.adjusted', owner: 'endpoint' })),
  );
  assert.equal((await testActivities.activities.sweepOnce()).reratings, 0);
  const { typedSearchAttributes } = await handle.describe();
  const shown = typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value] as const);
  assert.deepEqual(
    Object.fromEntries(shown.filter(([name]) => name === 'OperatorId' || name === 'DeliveryState')),
    {
      OperatorId: operator.operatorId,
      DeliveryState: 'done',
    },
  );
  await recordHistory(temporal.client, workflowId, 'deal-rerated-in-lists');
});

test('the sweep settles events that waited for a new rate, and then clears its mark', async () => {
  const { pool, temporal, testActivities } = harness;
  const operator = await withOperator(pool);
  const ids = await operator.ingest([{ currency: 'EUR' }, { currency: 'GBP' }]);
  await createSettling(pool)(operator.operatorId, ids);
  assert.deepEqual(await outcomesOf(pool, ids), Array(2).fill('set_aside no_exchange_rate'));
  const rate = {
    id: newId('fx'),
    base: 'EUR',
    quote: 'USD',
    rate: '1.0842',
    source: 'bank',
    asOf: YESTERDAY,
    actor: 'key_1',
  };
  const added = await createFxRates(pool).insert(operator.operatorId, rate);
  assert.deepEqual(added.retried, ['no_exchange_rate']);
  assert.equal((await testActivities.activities.sweepOnce()).retries, 1);
  // The sweep counts no retry that is under way, so only the row tells that the mark is cleared.
  await eventually('the mark to be gone', async () => {
    const { rowCount } = await pool.query('select from retries_wanted where operator_id = $1', [
      operator.operatorId,
    ]);
    return rowCount === 0;
  });
  assert.deepEqual(await outcomesOf(pool, ids), ['settled 1084', 'set_aside no_exchange_rate']);
  assert.equal(await pendingOf(pool, operator.affiliateId), 10_84n);
  await temporal.client.workflow
    .getHandle(setAsideWorkflowId(operator.operatorId, 'no_exchange_rate'))
    .signal('dismiss');
});

test('a deal that needs no payout settles events that waited for a payout', async () => {
  const { pool, testActivities } = harness;
  const operator = await withOperator(pool);
  const { operatorId, affiliateId } = operator;
  const demanding = wireTerms({ payout: 'require' });
  await createDeals(pool).insert(
    operatorId,
    { id: newId('deal'), name: 'Own', affiliateId },
    YESTERDAY,
    demanding,
  );
  const ids = await operator.ingestSales(1);
  await createSettling(pool)(operatorId, ids);
  assert.deepEqual(await outcomesOf(pool, ids), ['set_aside payout_required']);
  const id = newId('deal');
  const from = new Date(YESTERDAY.getTime() + 1000);
  const { retried } = await createDeals(pool).insert(
    operatorId,
    { id, name: 'Own', affiliateId },
    from,
    wireTerms(),
  );
  assert.deepEqual(retried, ['payout_required']);
  await testActivities.activities.sweepOnce();
  await eventually('the event to settle', async () => (await outcomesOf(pool, ids))[0] === 'settled 1000');
});
