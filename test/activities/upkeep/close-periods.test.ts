// Closing months on a real database: bounds of a month, closed months stay closed, statements add
// up.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DatabaseError } from 'pg';
import { createClosePeriods } from '../../../activities/upkeep/close-periods.ts';
import type { ConversionEvent } from '../../../domain/types.ts';
import type { WorkflowClient } from '../../../workflows/client.ts';
import { beginClosing, finishClosing } from '../../../store/ledger/closing.ts';
import { createPool, type Pool } from '../../../store/db/pool.ts';
import { inShort, withBooks as withBooksIn, type Books } from '../../support/books.ts';
import { withCorruptedBooks } from '../../support/corrupted-books.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { addAffiliate, auditOf, createSettling, outcomesOf } from '../../support/settling.ts';

let database: TestDatabase;
let pool: Pool;
before(async () => {
  database = await withDatabase();
  ({ pool } = database);
});
after(() => database.drop());

const withBooks = (timezone?: string): Promise<Books> => withBooksIn(pool, timezone);

async function nothingIsUnexplained(): Promise<void> {
  assert.deepEqual((await auditOf(pool)).findings, []);
}

/** A chargeback that reverses a sale in full. */
const chargeback = (reference: string, changes: Partial<ConversionEvent> = {}): Partial<ConversionEvent> => {
  return { type: 'chargeback', clickId: null, customerId: null, amountMinor: null, reference, ...changes };
};

describe('end of a month', () => {
  for (const [timezone, lastMoment, firstMoment] of [
    ['UTC', '2026-10-31T23:59:59.999Z', '2026-11-01T00:00:00Z'],
    ['Pacific/Auckland', '2026-10-31T10:59:59.999Z', '2026-10-31T11:00:00Z'],
    ['America/New_York', '2026-11-01T03:59:59.999Z', '2026-11-01T04:00:00Z'],
    ['Asia/Kathmandu', '2026-10-31T18:14:59.999Z', '2026-10-31T18:15:00Z'],
  ] as const) {
    test(`a month ends at midnight in ${timezone}`, async () => {
      const books = await withBooks(timezone);
      await books.settle(lastMoment, [{}]);
      assert.deepEqual(await books.close('2026-10', lastMoment), { kind: 'not_ended' });
      await books.settle(firstMoment, [{}, {}]);
      assert.deepEqual(await books.close('2026-10', firstMoment), {
        kind: 'closed',
        transfers: 1,
        statements: 1,
      });
      assert.deepEqual(await books.months(), ['2026-10 about 2026-10 1', '2026-11 about 2026-11 2']);
      await nothingIsUnexplained();
    });
  }
});

test('a chargeback of October received after its close posts into November with origin October', async () => {
  const books = await withBooks('America/New_York');
  await books.settle('2026-10-20T12:00:00Z', [{ transactionId: 'sold' }]);
  await books.close('2026-10', '2026-11-04T12:00:00Z');
  await books.settle('2026-11-10T12:00:00Z', [
    chargeback('sold', { occurredAt: Date.parse('2026-10-30T12:00:00Z') }),
  ]);
  assert.deepEqual(await books.months(), ['2026-10 about 2026-10 1', '2026-11 about 2026-10 1']);
  await books.close('2026-11', '2026-12-04T12:00:00Z');
  assert.deepEqual((await books.statements()).map(inShort), [
    '2026-11: 1000 to 0 in 1',
    '2026-10: 0 to 1000 in 1',
  ]);
  await nothingIsUnexplained();
});

test('closing a month twice changes nothing, also concurrently', async () => {
  const books = await withBooks();
  await books.settle('2026-10-20T12:00:00Z', [{}]);
  const at = '2026-11-04T12:00:00Z';
  const answers = await Promise.all([
    books.close('2026-10', at),
    finishOther(books.operatorId),
    books.close('2026-10', at),
  ]);
  assert.deepEqual(answers[0], { kind: 'closed', transfers: 1, statements: 1 });
  assert.deepEqual(answers[2], answers[0]);
  assert.deepEqual(await books.close('2026-10', at), answers[0]);
  assert.equal((await books.statements()).length, 1);

  /** Like another process. */
  async function finishOther(operatorId: string): Promise<void> {
    const { closePeriod } = createClosePeriods({
      pool,
      workflows: {} as WorkflowClient,
      now: () => Date.parse(at),
    });
    await closePeriod({ operatorId, period: '2026-10' });
  }
});

test('months close in order, and a balance is carried through months without transfers', async () => {
  const books = await withBooks();
  const { clickId, affiliateId } = await addAffiliate(pool, books.operatorId);
  await books.settle('2026-08-05T00:00:00Z', [{ transactionId: 'a' }, { transactionId: 'gone', clickId }]);
  assert.deepEqual(await books.close('2026-09', '2026-11-01T00:00:00Z'), { kind: 'earlier_is_open' });
  await books.settle('2026-08-06T00:00:00Z', [chargeback('gone')]);
  await books.close('2026-08', '2026-11-01T00:00:00Z');
  await books.close('2026-09', '2026-11-01T00:00:00Z');
  await books.settle('2026-10-05T00:00:00Z', [{ clickId }, {}]);
  await books.close('2026-10', '2026-12-01T00:00:00Z');
  await books.close('2026-11', '2026-12-01T00:00:00Z');
  assert.deepEqual((await books.statements()).map(inShort), [
    '2026-11: 2000 to 2000 in 0',
    '2026-10: 1000 to 2000 in 1',
    '2026-09: 1000 to 1000 in 0',
    '2026-08: 0 to 1000 in 1',
  ]);
  assert.deepEqual((await books.statements(affiliateId)).map(inShort), [
    '2026-11: 1000 to 1000 in 0',
    '2026-10: 0 to 1000 in 1',
    '2026-08: 0 to 0 in 2',
  ]);
  await nothingIsUnexplained();
});

test('an affiliate has one statement per currency', async () => {
  const books = await withBooks();
  const yen = await addAffiliate(pool, books.operatorId, { currency: 'JPY' });
  await books.settle('2026-10-05T00:00:00Z', [{ clickId: yen.clickId, currency: 'JPY', amountMinor: 1000n }]);
  await pool.query(
    `insert into deal_versions (operator_id, deal_id, version, effective_from, terms)
     select operator_id, deal_id, 2, '2026-10-06', jsonb_set(terms, '{currency}', '"USD"') from deal_versions where deal_id = $1`,
    [yen.dealId],
  );
  await books.settle('2026-10-07T00:00:00Z', [{ clickId: yen.clickId }]);
  await books.close('2026-10', '2026-11-01T00:00:00Z');
  const statements = await books.statements(yen.affiliateId);
  assert.deepEqual(
    new Set(statements.map((one) => `${one.currency} ${inShort(one)}`)),
    new Set(['JPY 2026-10: 0 to 100 in 1', 'USD 2026-10: 0 to 1000 in 1']),
  );
  await nothingIsUnexplained();
});

test('an operator who moves to a timezone still in October posts into November after the close', async () => {
  const books = await withBooks('Pacific/Auckland');
  await books.settle('2026-10-30T00:00:00Z', [{}]);
  await books.close('2026-10', '2026-10-31T11:00:00Z');
  await books.moveTo('America/Los_Angeles');
  await books.settle('2026-10-31T12:00:00Z', [{}]);
  assert.deepEqual(await books.months(), ['2026-10 about 2026-10 1', '2026-11 about 2026-11 1']);
});

test('settling concurrently with closing posts into the next month after the close, and the seal holds', async () => {
  const POSTERS = 12;
  const books = await withBooks();
  const posters = createPool(database.url, { max: POSTERS });
  // The clocks of the posting processes stand in October, as if all were slow.
  const now = new Date('2026-10-31T23:59:59Z');
  const waiting = await Promise.all(Array.from({ length: 60 }, () => books.ingestSales(5)));
  const ids = waiting.flat();
  let settled = 0;
  const posting = Array.from({ length: POSTERS }, async () => {
    const settling = createSettling(posters, () => now);
    for (let batch = waiting.pop(); batch; batch = waiting.pop()) {
      await settling(books.operatorId, batch);
      settled++;
    }
  });
  try {
    while (settled < 10) await new Promise((resolve) => setImmediate(resolve));
    const closeAt = Date.parse('2026-11-01T00:00:00Z');
    assert.deepEqual(await beginClosing(pool, books.operatorId, '2026-10', () => closeAt), {
      kind: 'closable',
    });
    const { rows } = await pool.query<{ n: bigint }>(
      `select count(*) as n from transfers where operator_id = $1 and period = '2026-10'`,
      [books.operatorId],
    );
    assert.ok(settled < 60, 'closing does not wait until all is posted');
    const closed = await finishClosing(pool, books.operatorId, '2026-10');
    assert.equal(closed.transfers, rows[0]!.n, 'October is complete from the moment it began to be closed');
    await Promise.all(posting);
    assert.deepEqual(new Set(await outcomesOf(pool, ids)), new Set(['settled 1000']));
    assert.deepEqual(await books.months(), [
      `2026-10 about ${ofNow()} ${closed.transfers}`,
      `2026-11 about ${ofNow()} ${300n - closed.transfers}`,
    ]);
    await nothingIsUnexplained();
  } finally {
    await Promise.allSettled(posting);
    await posters.end();
  }
});

/** The month of the sales of `ingestSales`. */
const ofNow = (): string => new Date().toISOString().slice(0, 7);

describe('a closed October', () => {
  let books: Books;
  before(async () => {
    books = await withBooks();
    await books.settle('2026-09-10T00:00:00Z', [{}]);
    await books.close('2026-09', '2026-10-04T00:00:00Z');
    await books.settle('2026-10-10T00:00:00Z', [{ transactionId: 'x' }, { transactionId: 'y' }]);
    await books.settle('2026-10-11T00:00:00Z', [chargeback('x')]);
    await books.close('2026-10', '2026-11-04T00:00:00Z');
    await books.settle('2026-11-10T00:00:00Z', [{}]);
  });

  const own = (condition: string): string =>
    `${condition.includes(' where ') ? 'and' : 'where'} operator_id = '${books.operatorId}'`;
  const answerTo = (statement: string): Promise<string> =>
    pool.query(`${statement} ${own(statement)}`).then(
      ({ rowCount }) => `done with ${rowCount}`,
      ({ code }: DatabaseError) => code ?? '',
    );

  test('the database refuses transfers into a closed month, and into no other month', async () => {
    const copyInto = (period: string) =>
      `insert into transfers (operator_id, id, posting_group, currency, debit_account, credit_account, amount_minor, code, occurred_at,
         posted_at, period, origin_period)
       select operator_id, 'trf_' || gen_random_uuid(), 'x', currency, debit_account, credit_account, 1, 'x', now(), now(), '${period}', '2026-10'
       from transfers where false or code = 'accrue'`;
    assert.equal(await answerTo(copyInto('2026-10')), '23000');
    assert.equal(await answerTo(copyInto('2026-09')), '23000');
    assert.equal(
      await answerTo(copyInto('2026-12').replace('where false or', 'where false and')),
      'done with 0',
    );
  });

  test('a closed month never opens again, and statements are never edited', async () => {
    for (const statement of [
      `update periods set status = 'closing', closed_at = null, transfers_count = null, seal = null`,
      `update periods set seal = sha256('')`,
      `delete from periods`,
      `update statements set closing_paid_minor = 1`,
      `delete from statements`,
      `update statement_lines set statement_id = statement_id`,
      `delete from statement_lines`,
    ])
      assert.equal(await answerTo(statement), '23000', statement);
    assert.equal(
      await answerTo(
        `insert into statement_lines select operator_id, 'stm_x', transfer_id from statement_lines`,
      ),
      '23505',
      'a transfer is on one statement only',
    );
  });

  const TABLES = ['transfers', 'periods', 'statements', 'statement_lines'];
  const cases: readonly [string, string, string[]][] = [
    [
      'a line that is gone',
      `delete from statement_lines where transfer_id = (select min(l.transfer_id) from statement_lines l where l.operator_id = statement_lines.operator_id)`,
      ['statement_adds_up', 'transfer_is_on_its_statement'],
    ],
    [
      'a line on another month’s statement',
      `update statement_lines set statement_id = (select max(s.id) from statements s where s.operator_id = statement_lines.operator_id) where transfer_id = (select min(l.transfer_id) from statement_lines l where l.operator_id = statement_lines.operator_id)`,
      ['statement_adds_up', 'transfer_is_on_its_statement'],
    ],
    [
      'a statement’s closing',
      `update statements set closing_debt_minor = closing_debt_minor + 1 where period = '2026-10'`,
      ['statement_adds_up'],
    ],
    [
      'a statement’s opening with its closing',
      `update statements set opening_paid_minor = opening_paid_minor + 1, closing_paid_minor = closing_paid_minor + 1 where period = '2026-10'`,
      ['statement_follows_the_last'],
    ],
    [
      'a statement that is gone',
      `delete from statements where period = '2026-09'`,
      ['month_with_transfers_has_a_statement', 'statement_follows_the_last', 'transfer_is_on_its_statement'],
    ],
    [
      'the reason of a transfer',
      `update transfers set reason = 'because' where period = '2026-10'`,
      ['closed_month_is_sealed'],
    ],
    [
      'the time of a transfer',
      `update transfers set occurred_at = occurred_at + interval '1 microsecond' where period = '2026-10'`,
      ['closed_month_is_sealed'],
    ],
    [
      'a transfer slipped into the closed month',
      `update transfers set period = '2026-10', posted_at = now() + interval '1 hour' where period = '2026-11'`,
      ['closed_month_is_sealed', 'nothing_is_posted_into_the_past', 'transfer_is_on_its_statement'],
    ],
    [
      'a transfer slipped into a month before the first',
      `update transfers set period = '2026-08' where period = '2026-11'`,
      ['month_with_transfers_has_a_statement', 'transfer_is_on_its_statement'],
    ],
    [
      'a seal',
      `update periods set seal = sha256('other') where period = '2026-10'`,
      ['closed_month_is_sealed'],
    ],
  ];
  for (const [title, statement, expected] of cases) {
    test(`the audit finds ${title}`, async () => {
      const conditioned = `${statement} ${own(statement)}`;
      const look = () => auditOf(pool, books.operatorId);
      const { checks, findings } = await withCorruptedBooks(pool, TABLES, conditioned, look);
      assert.deepEqual(checks, expected, findings.join('\n'));
    });
  }

  test('the audit finds nothing once the closed books are restored', nothingIsUnexplained);
});
