// The connection to PostgreSQL: types that lose nothing, limits on every wait, and transactions.
import { Pool, types, type PoolClient } from 'pg';

export type { Pool, PoolClient } from 'pg';

/** What a query needs: the pool itself, or the client of a transaction. */
export type Queryable = Pick<Pool, 'query'>;

export interface PoolOptions {
  /** Most connections this process opens; the sum over all processes must stay below PostgreSQL's `max_connections`. */
  readonly max?: number;
  /** Longest wait for an answer; unlike PostgreSQL's own limit it also holds when the server is silent. None unless given. */
  readonly queryTimeoutMs?: number;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName?: string;
  /** Told about idle connections that break, which the pool replaces by itself. */
  readonly onError?: (error: Error) => void;
}

export interface TransactionOptions {
  readonly statementTimeoutMs?: number;
  readonly lockTimeoutMs?: number;
  /**
   * For transactions whose prepared statements look rows up by their keys, a batch at a time. A plan is kept as it was first made, perhaps on
   * empty tables, where reading all of one looks as good as looking up; these few hundred rows are to be looked up whatever the size.
   */
  readonly forceIndexLookups?: boolean;
}

// Below the three seconds within which a request must be answered when PostgreSQL is away.
const CONNECT_TIMEOUT_MS = 2000;

// The driver's own table, whose type knows only some of the numbers that PostgreSQL has.
const driverParser = types.getTypeParser as (oid: number, format?: string) => (text: string) => unknown;
const INT8_ARRAY = 1016;
const parseInt8Array = driverParser(INT8_ARRAY) as (text: string) => (string | null)[];

const parsers = new Map<number, (text: string) => unknown>([
  [types.builtins.INT8, BigInt],
  [INT8_ARRAY, (text) => parseInt8Array(text).map((item) => (item === null ? null : BigInt(item)))],
  // A calendar day has no time zone; as a Date it would move with the process's own.
  [types.builtins.DATE, (text) => text],
]);

/** A pool in which `bigint` is a BigInt, `numeric` and `date` are text, and `timestamptz` is a Date. Nothing connects before the first query. */
export function createPool(url: string, options: PoolOptions = {}): Pool {
  const pool = new Pool({
    connectionString: url,
    max: options.max ?? 20,
    application_name: options.applicationName ?? 'postrider',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    ...(options.queryTimeoutMs === undefined ? {} : { query_timeout: options.queryTimeoutMs }),
    // Queries of one connection that do not wait for each other's results are sent without waiting, in their order.
    pipeline: true,
    types: {
      getTypeParser: ((oid: number, format?: string) =>
        parsers.get(oid) ?? driverParser(oid, format)) as typeof types.getTypeParser,
    },
  });
  pool.on('error', options.onError ?? (() => {}));
  // A connection that breaks while it is lent out reports to its query and emits `error` as well, which nobody else listens to.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

// Without "material" and "bitmapscan" too, since the planner takes a tenant for a 200th of a table, which looks worth reading whole until the
// table has a hundred times as many rows as are looked up.
const FORCE_INDEX_LOOKUPS = ['seqscan', 'hashjoin', 'mergejoin', 'material', 'bitmapscan']
  .map((name) => `; set local enable_${name} = off`)
  .join('');

/**
 * Runs `work` in one READ COMMITTED transaction and returns its result; any exception rolls back and is thrown on.
 * `work` may run again elsewhere, so it must do nothing but SQL.
 */
export async function withTransaction<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
  { statementTimeoutMs = 4000, lockTimeoutMs = 2000, forceIndexLookups = false }: TransactionOptions = {},
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    // Not waited for: it goes down the wire ahead of the first statement of the work, and where it fails that one fails too.
    const begun = client.query(
      `begin; set local statement_timeout = ${Math.trunc(statementTimeoutMs)}; set local lock_timeout = ${Math.trunc(lockTimeoutMs)}` +
        (forceIndexLookups ? FORCE_INDEX_LOOKUPS : ''),
    );
    begun.catch(() => {});
    const result = await work(client);
    await begun;
    const { command } = await client.query('commit');
    // PostgreSQL answers the commit of a failed transaction with a rollback and no error.
    if (command !== 'COMMIT')
      throw new Error('the transaction had failed before its commit and was rolled back');
    return result;
  } catch (error) {
    await client.query('rollback').catch((rollbackError: Error) => (broken = rollbackError));
    throw error;
  } finally {
    client.release(broken);
  }
}
