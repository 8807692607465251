// Closing months of operators who change their time zone: every transfer ends on one statement.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { monthAfter } from '../../../domain/ledger/periods.ts';
import { openMonths } from '../../../domain/ledger/closing.ts';
import { readBooks } from '../../../store/ledger/closing.ts';
import type { Pool } from '../../../store/db/pool.ts';
import { inShort, withBooks, type Books } from '../../support/books.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { auditOf } from '../../support/settling.ts';

let database: TestDatabase;
let pool: Pool;
before(async () => {
  database = await withDatabase();
  ({ pool } = database);
});
// The audit checks the books after all tests of this file.
after(async () => {
  const { findings } = await auditOf(pool);
  await database.drop();
  assert.deepEqual(findings, []);
});

const FIRST_OF_DECEMBER = { in: 'Pacific/Kiritimati', at: '2025-11-30T11:00:00Z' };

test('the month before the first posted one has a statement after a move westwards posts into it', async () => {
  const books = await withBooks(pool, FIRST_OF_DECEMBER.in);
  await books.settle(FIRST_OF_DECEMBER.at, [{}]);
  await books.moveTo('UTC');
  await books.settle('2025-11-30T15:00:00Z', [{}, {}]);
  assert.deepEqual(await periodsOf(books), ['2025-11 2', '2025-12 1']);
  assert.deepEqual(await books.close('2025-12', '2026-01-02T00:00:00Z'), { kind: 'earlier_is_open' });
  await books.close('2025-11', '2026-01-02T00:00:00Z');
  await books.close('2025-12', '2026-01-02T00:00:00Z');
  assert.deepEqual((await books.statements()).map(inShort), [
    '2025-12: 2000 to 3000 in 1',
    '2025-11: 0 to 2000 in 2',
  ]);
});

test('a month that a former zone had reached is listed as open beside the earlier present month', async () => {
  const books = await withBooks(pool, 'UTC');
  await books.settle('2025-10-05T00:00:00Z', [{}]);
  const state = (await readBooks(pool, books.operatorId))!;
  const kiritimati = { zone: FIRST_OF_DECEMBER.in, since: -Infinity };
  const zones = [kiritimati, { zone: 'UTC', since: Date.parse('2025-11-30T12:00:00Z') }];
  const now = Date.parse('2025-11-30T15:00:00Z');
  assert.deepEqual(openMonths({ ...state, zones }, now), ['2025-12', '2025-11', '2025-10']);
});

/** Moves, postings and closings in order: a zone, a time, or `close` with a month and a time. */
const HISTORIES: Record<string, readonly string[]> = {
  'moves west at the end of the first month': [
    'Pacific/Kiritimati',
    '2025-11-30T11:00Z',
    'UTC',
    '2025-11-30T15:00Z',
    'Pacific/Pago_Pago',
    '2025-12-01T02:00Z',
    '2025-12-05T00:00Z',
  ],
  'moves east at the end of the first month': [
    'Pacific/Pago_Pago',
    '2025-11-30T20:00Z',
    'Pacific/Kiritimati',
    '2025-11-30T21:00Z',
    '2025-12-31T11:00Z',
  ],
  'moves west twice, and posts into November between two Decembers': [
    'Pacific/Kiritimati',
    '2025-11-30T10:30Z',
    'America/New_York',
    '2025-12-01T03:00Z',
    'Pacific/Auckland',
    '2025-12-01T04:00Z',
    'Pacific/Honolulu',
    '2025-12-01T05:00Z',
  ],
  'moves west after the month there is closed': [
    'Pacific/Auckland',
    '2025-10-20T00:00Z',
    'close 2025-10 2025-10-31T12:00Z',
    'America/Los_Angeles',
    '2025-10-31T20:00Z',
    '2025-11-30T20:00Z',
    'Pacific/Kiritimati',
    '2025-11-30T21:00Z',
  ],
  'moves west while the first month is not its own any more': [
    'Asia/Tokyo',
    '2025-11-15T00:00Z',
    'America/Los_Angeles',
    '2025-11-16T00:00Z',
    'Pacific/Kiritimati',
    '2025-11-30T12:00Z',
    'UTC',
    '2025-11-30T13:00Z',
  ],
  'has a worker whose clock is a day behind': ['UTC', '2025-12-01T06:00Z', '2025-11-30T06:00Z'],
};

for (const [title, [zone, ...steps]] of Object.entries(HISTORIES)) {
  test(`every transfer is on one statement once all months are closed, where the operator ${title}`, async () => {
    const books = await withBooks(pool, zone);
    for (const step of steps) {
      const [word, ...closing] = step.split(' ');
      if (word === 'close') {
        const closed = await books.close(closing[0]!, closing[1]!);
        assert.equal(closed.kind, 'closed');
      } else if (step.includes('/') || step === 'UTC') await books.moveTo(step);
      else await books.settle(step, [{}]);
    }
    await closeAll(books);
    const { rows } = await pool.query<{ lines: bigint; isOfMonth: boolean }>(
      `select count(l.transfer_id) as lines, coalesce(bool_and(s.period = t.period), false) as "isOfMonth"
       from transfers t left join statement_lines l on l.operator_id = $1 and l.transfer_id = t.id
       left join statements s on s.operator_id = $1 and s.id = l.statement_id
       where t.operator_id = $1 group by t.id`,
      [books.operatorId],
    );
    assert.ok(rows.length >= 2);
    assert.ok(rows.every(({ lines, isOfMonth }) => lines === 1n && isOfMonth));
    const statements = (await books.statements()).toReversed();
    for (const [index, { opening }] of statements.entries())
      assert.deepEqual(opening.pendingMinor, statements[index - 1]?.closing.pendingMinor ?? 0n);
  });
}

/** Closes every month up to the last one with transfers, in whichever order the rules allow. */
async function closeAll(books: Books): Promise<void> {
  const [first = '', last = ''] = await firstAndLast(books);
  for (let month = first; month <= last; month = monthAfter(month))
    assert.equal((await books.close(month, '2026-03-01T00:00:00Z')).kind, 'closed');
}

async function firstAndLast(books: Books): Promise<string[]> {
  const periods = await periodsOf(books);
  return [periods[0]!, periods.at(-1)!].map((line) => line.split(' ')[0]!);
}

async function periodsOf({ operatorId }: Books): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(
    `select concat_ws(' ', period, count(*)) as line from transfers where operator_id = $1 group by period order by 1`,
    [operatorId],
  );
  return rows.map(({ line }) => line);
}
