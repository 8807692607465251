// Operators who change their time zone: settled conversions stay in their months.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createRerate } from '../../../activities/settlement/rerate.ts';
import { compileTerms, type WireTerms } from '../../../domain/commission/terms.ts';
import { PROPOSED } from '../../../domain/settlement/preview.ts';
import { createAmendments } from '../../../store/agreements/amendments.ts';
import { createDeals } from '../../../store/agreements/deals.ts';
import type { Pool } from '../../../store/db/pool.ts';
import { createPreviewing } from '../../../store/settlement/previews.ts';
import { createOperators } from '../../../store/setup/operators.ts';
import { wireTerms } from '../../support/builders.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator } from '../../support/operator.ts';
import { addAffiliate, applyChanges, auditOf, createSettling, pendingOf } from '../../support/settling.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let database: TestDatabase;
let pool: Pool;
before(async () => {
  database = await withDatabase();
  ({ pool } = database);
});
after(async () => {
  const { findings } = await auditOf(pool);
  await database.drop();
  assert.deepEqual(findings, []);
});

const share = (percent: string): Partial<WireTerms> => ({ components: [{ kind: 'revshare', percent }] });
const handOver = (): Promise<{ workflows: number }> => Promise.resolve({ workflows: 0 });

/** Last evening of the last month in UTC, which is the first of the next month in Auckland. */
function lastEvening(): number {
  const today = new Date();
  return Date.UTC(today.getUTCFullYear(), today.getUTCMonth()) - 4 * HOUR_MS;
}

/**
 * An operator in UTC with a revenue of 1,000 on the last evening of a month and a loss of 400 in
 * the middle of it, who then moves to Auckland.
 */
async function movedToAuckland() {
  const operator = await withOperator(pool);
  const { operatorId } = operator;
  const affiliate = await addAffiliate(pool, operatorId, share('25'));
  const { clickId } = affiliate;
  await pool.query(`update clicks set clicked_at = now() - interval '60 days' where id = $1`, [clickId]);
  await pool.query(`update operators set click_window_days = 365 where id = $1`, [operatorId]);
  const of = { type: 'revenue', clickId, customerId: 'u' } as const;
  const ids = await operator.ingest([
    { ...of, amountMinor: 1000_00n, occurredAt: lastEvening() },
    { ...of, amountMinor: -400_00n, occurredAt: lastEvening() - 15 * DAY_MS },
  ]);
  const settle = createSettling(pool);
  await settle(operatorId, ids);
  assert.equal(await pendingOf(pool, affiliate.affiliateId), 150_00n);
  await createOperators(pool).update(operatorId, { timezone: 'Pacific/Auckland' });
  return { ...operator, ...affiliate, ids, settle };
}

const periodsOf = async (affiliateId: string): Promise<string[]> => {
  const { rows } = await pool.query<{ period: string }>(
    `select distinct period from slots where affiliate_id = $1 and conversions_count > 0 order by 1`,
    [affiliateId],
  );
  return rows.map(({ period }) => period);
};

describe('a conversion stays in its month after the operator moves to another time zone', () => {
  test('when the conversion is amended', async () => {
    const { operatorId, affiliateId, ids } = await movedToAuckland();
    const by = { actor: 'key_test', reason: null };
    await createAmendments(pool).insert(operatorId, ids[0]!, by, ({ values }) => ({
      ...values,
      amountMinor: 1000_04n,
    }));
    await applyChanges(pool, operatorId);
    assert.equal(await pendingOf(pool, affiliateId), 150_01n);
    assert.deepEqual(await periodsOf(affiliateId), [new Date(lastEvening()).toISOString().slice(0, 7)]);
  });

  test('when a backdated version rates the conversion again', async () => {
    const { operatorId, affiliateId, dealId } = await movedToAuckland();
    const from = new Date(lastEvening() - 40 * DAY_MS);
    await createDeals(pool).addVersion(operatorId, dealId, from, wireTerms(share('26')));
    const { rerateChunk } = createRerate({ pool, atOnce: 3, handOver });
    while (!(await rerateChunk({ operatorId, dealId, version: 2 })).isFinished);
    assert.equal(await pendingOf(pool, affiliateId), 156_00n);
    assert.deepEqual(await periodsOf(affiliateId), [new Date(lastEvening()).toISOString().slice(0, 7)]);
  });

  test('when a late conversion of that evening comes after the move', async () => {
    const { operatorId, affiliateId, clickId, ingest, settle } = await movedToAuckland();
    const late = { type: 'revenue', clickId, customerId: 'u', occurredAt: lastEvening() + 1 } as const;
    await settle(operatorId, await ingest([{ ...late, amountMinor: -600_00n }]));
    assert.equal(await pendingOf(pool, affiliateId), 0n);
    assert.equal((await periodsOf(affiliateId)).length, 1);
  });

  test('when the same terms are previewed', async () => {
    const { operatorId, affiliateId, dealId } = await movedToAuckland();
    const compiled = compileTerms(wireTerms(share('25')));
    assert.ok(compiled.kind === 'ok');
    const from = new Date(lastEvening() - HOUR_MS);
    const version = { dealId, affiliateId, version: PROPOSED, effectiveFrom: 0, terms: compiled.terms };
    const to = new Date();
    const previewed = await createPreviewing(pool).preview(operatorId, { version, from, to });
    assert.ok(previewed !== 'too_many');
    const month = new Date(lastEvening()).toISOString().slice(0, 7);
    assert.deepEqual(previewed.events, [{ affiliateId, month, count: 2 }]);
    assert.deepEqual(
      previewed.would.map((line) => [line.month, line.minor]),
      [[month, 150_00n]],
    );
  });

  test('when the conversion said that it happened after its receipt and after the move', async () => {
    const { operatorId, clickId, ingest, settle } = await movedToAuckland();
    const occurredAt = Date.now() + 20 * HOUR_MS;
    const ahead = { type: 'revenue', clickId, customerId: 'u', occurredAt } as const;
    await settle(operatorId, await ingest([ahead]));
    const monthNow = async () => {
      const { rows } = await pool.query<{ zone: string }>(
        `select z.zone from operator_zones z where z.operator_id = $1 and z.since <= $2 order by z.since desc limit 1`,
        [operatorId, new Date(occurredAt)],
      );
      return rows[0]!.zone;
    };
    assert.equal(await monthNow(), 'Pacific/Auckland');
    await createOperators(pool).update(operatorId, { timezone: 'UTC' });
    assert.equal(await monthNow(), 'Pacific/Auckland');
  });
});
