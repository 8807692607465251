// Looks through the rows of a list for those that its filter chooses: a bounded number of rows for
// each page, so that no filter makes a list slow.
import type { Page } from './page.ts';
import { ALL } from './parameters.ts';
import type { Queryable } from './pool.ts';

/** Rows for one page: read in some hundredths of a second. */
export const LOOKED_AT = 10_000;

export type Order = 'newest' | 'oldest';

export type Look = {
  /**
   * SELECTs of the rows to look through: their `id` and what `chosen` needs. Each must be read in
   * the order of the ids by an index, or find few rows; of all together, no row twice.
   */
  rows: readonly string[];
  /** Condition on a row `r`. One on another table is a scalar subquery, which stays one. */
  chosen: string;
  /** Parameters of both. */
  values: readonly unknown[];
};

/**
 * `ids` in the order of the list. `reached`: the last row looked at, behind which the next page
 * begins, where the bound ended the search; null where the page is full or no more rows follow.
 */
export type Looked = { ids: string[]; reached: string | null };

/** A page of rows, as `lookThrough` found them. */
export type LookedPage<Row> = { rows: Row[]; reached: string | null };

/** Bounds: how many rows, behind which one, in which order. */
type Bounds = { before: string | null; order?: Order; lookedAt?: number };

export async function lookThrough(
  db: Queryable,
  look: Look,
  { limit, before }: Page,
  { order = 'newest', lookedAt = LOOKED_AT }: Omit<Bounds, 'before'> = {},
): Promise<Looked> {
  // Where every row is chosen, there is nothing to look for beyond the page.
  const bound = look.chosen === ALL ? Math.min(limit, lookedAt) : lookedAt;
  const { looked, inOrder, values } = lookedRows(look, { before, order, lookedAt: bound });
  // The inner LIMIT bounds the search, and the outer one ends it as soon as the page is full.
  const { rows } = await db.query<Looked>(
    `select ids, case when cardinality(ids) < ${limit} then (
         select id from ${looked} l ${inOrder} offset ${bound - 1} limit 1) end as reached
     from (select array(
         select id from ${looked} r where ${look.chosen} ${inOrder} limit ${limit}) as ids offset 0) f`,
    values,
  );
  return rows[0]!;
}

/** Counts the chosen ones among the newest rows. `isWhole`: there are no more rows. */
export async function countThrough(
  db: Queryable,
  look: Look,
  lookedAt: number,
): Promise<{ count: number; isWhole: boolean }> {
  const { looked, values } = lookedRows(look, { before: null, lookedAt });
  const { rows } = await db.query<{ count: number; isWhole: boolean }>(
    `select (count(*) filter (where ${look.chosen}))::int as count, count(*) < ${lookedAt} as "isWhole"
     from ${looked} r`,
    values,
  );
  return rows[0]!;
}

function lookedRows(
  { rows, values: given }: Look,
  { before, order = 'newest', lookedAt = LOOKED_AT }: Bounds,
) {
  const [direction, side] = order === 'newest' ? ['desc', '<'] : ['asc', '>'];
  const values = before === null ? [...given] : [...given, before];
  const behind = before === null ? '' : `where id ${side} $${values.length}`;
  const inOrder = `order by id ${direction}`;
  // In a SELECT of its own: of a bound that it knows the planner may find that all rows of the
  // tenant, which it takes for few, are soonest read and sorted.
  const bound = `${inOrder} limit (select ${lookedAt})`;
  const bounded = rows.map((select) => `(select * from (${select}) s ${behind} ${bound})`);
  const looked =
    bounded.length === 1 ? bounded[0]! : `(select * from (${bounded.join(' union all ')}) s ${bound})`;
  return { looked, inOrder, values };
}
