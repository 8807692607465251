// Counts the rows that statements read, by PostgreSQL's own account: the same on every machine.
import type { Pool, PoolClient } from '../../store/db/pool.ts';

type Plan = {
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Join Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: Plan[];
};
type Query = (...args: unknown[]) => Promise<{ rows: { 'QUERY PLAN': [{ Plan: Plan }] }[] }>;

/** Statements that read a table. */
const READS = /^\s*(select|with|update|delete)\b/;
const INSERTS = /\binsert into\b/;

/**
 * Explains every statement of a pool and its transactions before it runs; one that inserts would
 * do so twice, and is left out without `inserts`. `take` gives the most rows that the scans of one
 * statement read since the last time; with `joins`, also those that its joins compared in vain.
 * Changes the pool for good; an UPDATE or DELETE finds its work done already.
 */
export function countRowsRead(
  pool: Pool,
  { inserts = false, joins = false }: { inserts?: boolean; joins?: boolean } = {},
): { take(): number } {
  let most = 0;
  const counting = (query: Query) => async (statement: unknown, values?: unknown[]) => {
    const { text, values: given } =
      typeof statement === 'string'
        ? { text: statement, values }
        : (statement as { text: string; values?: unknown[] });
    if (READS.test(text) && (inserts || !INSERTS.test(text))) {
      const explained = await query(`explain (analyze, timing off, format json) ${text}`, given ?? []);
      most = Math.max(most, rowsOf(explained.rows[0]!['QUERY PLAN'][0].Plan, joins));
    }
    return await query(statement, values);
  };
  pool.query = counting(pool.query.bind(pool)) as unknown as Pool['query'];
  const connect = pool.connect.bind(pool) as (callback?: unknown) => Promise<PoolClient>;
  // With a callback it is the pool itself that asks, for a statement that is counted already.
  const connectCounting = async (callback?: unknown) => {
    if (callback !== undefined) return await connect(callback);
    const client = await connect();
    const query = counting(client.query.bind(client));
    return Object.assign(Object.create(client) as object, { query, release: client.release.bind(client) });
  };
  pool.connect = connectCounting as unknown as Pool['connect'];
  return {
    take() {
      const taken = most;
      most = 0;
      return Math.round(taken);
    },
  };
}

function rowsOf(plan: Plan, joins: boolean): number {
  const compared = joins ? (plan['Rows Removed by Join Filter'] ?? 0) * plan['Actual Loops'] : 0;
  const below = (plan.Plans ?? []).reduce((sum, one) => sum + rowsOf(one, joins), compared);
  if (plan['Relation Name'] === undefined) return below;
  const read =
    plan['Actual Rows'] +
    (plan['Rows Removed by Filter'] ?? 0) +
    (plan['Rows Removed by Index Recheck'] ?? 0);
  return below + read * plan['Actual Loops'];
}
