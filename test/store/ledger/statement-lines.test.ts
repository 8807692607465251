// Every statement line names its cause: its event, and the conversion whose commission it moves.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { WireTerms } from '../../../domain/commission/terms.ts';
import type { ConversionEvent } from '../../../domain/types.ts';
import { createDecisions } from '../../../store/ledger/decisions.ts';
import type { Pool } from '../../../store/db/pool.ts';
import type { ExplainedTransfer } from '../../../store/ledger/explained-transfers.ts';
import { createStatements } from '../../../store/ledger/statements.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';
import { addAffiliate, createSettling } from '../../support/settling.ts';

let database: TestDatabase;
let pool: Pool;
before(async () => {
  database = await withDatabase();
  ({ pool } = database);
});
after(() => database.drop());

const MINUTES_AGO = (count: number): number => Date.now() - count * 60_000;
const period = new Date().toISOString().slice(0, 7);

type Story = TestOperator & {
  take(event: Partial<ConversionEvent>): Promise<string>;
  /** Code, event and original of each line, with readable names instead of ids. */
  lines(names: Record<string, string>): Promise<string[]>;
};

async function withStory(terms: Partial<WireTerms>): Promise<Story> {
  const operator = await withOperator(pool);
  const { operatorId } = operator;
  const { affiliateId, clickId } = await addAffiliate(pool, operatorId, terms);
  const settle = createSettling(pool);
  return {
    ...operator,
    affiliateId,
    async take(event) {
      const [id] = await operator.ingest([{ clickId, occurredAt: MINUTES_AGO(0), ...event }]);
      await settle(operatorId, [id!]);
      return id!;
    },
    async lines(names) {
      const all: ExplainedTransfer[] = [];
      for await (const chunk of createStatements(pool).openLines(operatorId, {
        affiliateId,
        currency: 'USD',
        period,
      }))
        all.push(...chunk);
      const nameOf = (id: string | null): string =>
        Object.keys(names).find((name) => names[name] === id) ?? String(id);
      return all.map(
        ({ code, eventId, originalEventId }) => `${code} ${nameOf(eventId)} ${nameOf(originalEventId)}`,
      );
    },
  };
}

test('a statement line names the conversion that a clawback by customer reverses or a decision moves', async () => {
  const story = await withStory({ components: [{ kind: 'cpa', amount: '50' }] });
  const ftd = await story.take({ type: 'ftd', customerId: 'c' });
  const other = await story.take({ type: 'ftd', customerId: 'd' });
  const { rows } = await pool.query<{ id: string }>(
    `select slot_id as id from slot_facts where operator_id = $1 and event_id = $2`,
    [story.operatorId, other],
  );
  const decisions = createDecisions(pool);
  await decisions.decide(story.operatorId, { ids: [rows[0]!.id] }, 'approved', {
    actor: 'key_1',
    reason: null,
  });
  const fraud = await story.take({ type: 'fraud', customerId: 'c', clickId: null, amountMinor: null });
  assert.deepEqual(await story.lines({ ftd, other, fraud }), [
    'accrue ftd null',
    'accrue other null',
    'approve null other',
    'void_pending fraud ftd',
  ]);
});

test('a statement line for a moved place under a cap names the conversion that lost the place', async () => {
  const story = await withStory({ components: [{ kind: 'cpa', amount: '50', cap: { count: 1 } }] });
  const late = await story.take({ type: 'ftd', customerId: 'c', transactionId: 'late' });
  const early = await story.take({
    type: 'ftd',
    customerId: 'd',
    transactionId: 'early',
    occurredAt: MINUTES_AGO(1),
  });
  const back = await story.take({
    type: 'chargeback',
    reference: 'early',
    amountMinor: null,
    clickId: null,
    customerId: null,
  });
  const lines = await story.lines({ late, early, back });
  assert.deepEqual(lines.toSorted(), [
    'accrue back late',
    'accrue early null',
    'accrue late null',
    'void_pending back early',
    'void_pending early late',
  ]);
});

test('a statement line of a monthly revenue share names the event when a reversal covers one, and none when it covers several', async () => {
  const story = await withStory({ components: [{ kind: 'revshare', percent: '10' }] });
  const one = await story.take({ type: 'revenue', customerId: 'c', transactionId: 'one' });
  const two = await story.take({ type: 'revenue', customerId: 'd', transactionId: 'two' });
  const three = await story.take({ type: 'revenue', customerId: 'd', transactionId: 'three' });
  const refund = await story.take({
    type: 'refund',
    reference: 'one',
    amountMinor: 10_00n,
    clickId: null,
    customerId: null,
  });
  const closure = await story.take({ type: 'fraud', customerId: 'd', amountMinor: null, clickId: null });
  const lines = await story.lines({ one, two, three, refund, closure });
  assert.deepEqual(lines, [
    'accrue one null',
    'accrue two null',
    'accrue three null',
    'void_pending refund one',
    'void_pending closure null',
    'void_pending closure null',
  ]);
});
