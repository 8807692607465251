// Bulk inserts and updates: any row is stored unchanged.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { bulkColumns } from '../../../store/db/bulk.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
before(async () => (database = await withDatabase()));
after(() => database.drop());

type Row = {
  text: string | null;
  note: string | undefined;
  big: bigint | null;
  count: number;
  isSo: boolean | null;
  at: Date | null;
  bytes: Buffer;
  doc: string;
};

const ROWS = bulkColumns<Row>({
  text: ['text', ({ text }) => text],
  note: ['text', ({ note }) => note],
  big: ['bigint', ({ big }) => big],
  count: ['int', ({ count }) => count],
  is_so: ['boolean', ({ isSo }) => isSo],
  at: ['timestamptz', ({ at }) => at],
  bytes: ['bytea', ({ bytes }) => bytes],
  doc: ['json', ({ doc }) => doc],
});

/**
 * Any text that PostgreSQL can keep, and more often than not what its array syntax gives a meaning.
 */
const text = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('"', '\\', ',', '{', '}', ' ', 'NULL', '\n', 'ß', '😀') }),
  )
  .filter((value) => !value.includes('\0'));

const row: fc.Arbitrary<Row> = fc.record({
  text: fc.option(text),
  note: fc.option(text, { nil: undefined }),
  big: fc.option(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)),
  count: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  isSo: fc.option(fc.boolean()),
  at: fc.option(fc.date({ min: new Date('1970-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })),
  bytes: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  doc: fc.record({ note: text }).map((doc) => JSON.stringify(doc)),
});

test('a bulk insert stores rows of any values unchanged and in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 5 }), async (sent) => {
      const { rows } = await database.pool.query<object>(
        `select text, note, big, count, is_so as "isSo", at, bytes, doc::text as doc from ${ROWS.unnest(1, 'r')}`,
        ROWS.values(sent),
      );
      assert.deepEqual(
        rows,
        sent.map((one) => ({ ...one, note: one.note ?? null })),
      );
    }),
    { numRuns: 200 },
  );
});

test('a bulk update names every column once, and sets all columns but the keys', () => {
  const two = bulkColumns<bigint>({ id: ['text', String], sum: ['bigint', (sum) => sum] });
  assert.equal(two.names(), 'id, sum');
  assert.equal(two.assignments('n', ['id']), 'sum = n.sum');
  assert.equal(two.unnest(3, 'n'), 'unnest($3::text[], $4::bigint[]) as n (id, sum)');
});
