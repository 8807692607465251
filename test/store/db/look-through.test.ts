// Lists with a filter that few rows match: no row is missed or shown twice, and no page looks at
// more rows than it may.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { countThrough, lookThrough, type Order } from '../../../store/db/look-through.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
before(async () => {
  database = await withDatabase();
  await database.pool.query(`create table things (operator_id text, id text primary key, color int);
    insert into things select 'o', 'i' || lpad(n::text, 3, '0'), n % 7 from generate_series(1, 100) n`);
});
after(() => database.drop());

const OF = `select id, color from things where operator_id = $1`;

/** The ids of all pages, and how many pages there were. */
async function allPages(
  rows: readonly string[],
  { color, limit, lookedAt, order }: { color: number; limit: number; lookedAt: number; order: Order },
): Promise<{ ids: string[]; pages: number }> {
  const ids: string[] = [];
  const look = { rows, chosen: 'color = $2', values: ['o', color] };
  let cursor: string | null = null;
  for (let pages = 1; ; pages++) {
    const page = await lookThrough(database.pool, look, { limit, before: cursor }, { order, lookedAt });
    ids.push(...page.ids);
    cursor = page.ids.length === limit ? page.ids.at(-1)! : page.reached;
    if (cursor === null) return { ids, pages };
  }
}

test('the pages of a look-through hold every chosen row once and in order, whatever their bound', async () => {
  const { rows } = await database.pool.query<{ id: string; color: number }>(
    'select * from things order by id',
  );
  const looks = fc.record({
    color: fc.integer({ min: 0, max: 7 }),
    limit: fc.integer({ min: 1, max: 20 }),
    lookedAt: fc.integer({ min: 1, max: 120 }),
    order: fc.constantFrom<Order>('newest', 'oldest'),
  });
  const ways = fc.constantFrom([OF], [`${OF} and color < 3`, `${OF} and color >= 3`]);
  await fc.assert(
    fc.asyncProperty(ways, looks, async (way, look) => {
      const expected = rows.filter(({ color }) => color === look.color).map(({ id }) => id);
      if (look.order === 'newest') expected.reverse();
      const { ids } = await allPages(way, look);
      assert.deepEqual(ids, expected);
    }),
    { numRuns: 60 },
  );
});

test('a look-through ends where its bound is, and says so, though the page is not full', async () => {
  const look = { rows: [OF], chosen: 'color = $2', values: ['o', 9] };
  const page = { limit: 5, before: null };
  const { ids, reached } = await lookThrough(database.pool, look, page, { lookedAt: 30 });
  assert.deepEqual([ids, reached], [[], 'i071']);
  const last = await lookThrough(database.pool, look, { ...page, before: 'i031' }, { lookedAt: 31 });
  assert.deepEqual(last, { ids: [], reached: null });
});

test('a count stops at its bound and says whether it counted all', async () => {
  const look = { rows: [OF], chosen: 'color = $2', values: ['o', 1] };
  assert.deepEqual(await countThrough(database.pool, look, 50), { count: 7, isWhole: false });
  assert.deepEqual(await countThrough(database.pool, look, 101), { count: 15, isWhole: true });
});
