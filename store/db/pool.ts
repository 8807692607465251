// Connection pool of PostgreSQL: lossless type parsers, a timeout on every wait, and transactions.
import type { Socket } from 'node:net';
import { Pool, types, type PoolClient, type PoolConfig } from 'pg';

export type { Pool, PoolClient } from 'pg';

/** Runs a query: the pool itself, or the client of a transaction. */
export type Queryable = Pick<Pool, 'query'>;

interface PoolOptions {
  /**
   * Most connections of this process (default: 20). All processes together must stay below
   * PostgreSQL's `max_connections`.
   */
  readonly max?: number;
  /**
   * Longest wait for an answer, in milliseconds (default: none). Unlike PostgreSQL's own timeout it
   * also holds when the server is silent. The server ends every statement a little sooner, so that
   * nothing runs on whose answer nobody waits for.
   */
  readonly queryTimeoutMs?: number;
  /**
   * Longest run of one statement outside a transaction, in milliseconds (default: none, or by
   * `queryTimeoutMs`). A connection that says nothing for longer is broken off.
   */
  readonly statementTimeoutMs?: number;
  /** Name of the process in `pg_stat_activity` (default: postrider). */
  readonly applicationName?: string;
  /** Receives errors of idle connections. The pool replaces a broken connection by itself. */
  readonly onError?: (error: Error) => void;
}

interface TransactionOptions {
  /**
   * Longest run of one statement, in milliseconds (default: 4000); no longer than the pool's
   * `queryTimeoutMs` in any case.
   */
  readonly statementTimeoutMs?: number;
  /** Longest wait for one lock, in milliseconds (default: 2000). */
  readonly lockTimeoutMs?: number;
  /**
   * Tells the planner to look rows up by index, whatever it believes about table sizes. For
   * prepared statements that look a batch up by its keys: a plan made on empty tables, where
   * reading all of a table looks as cheap as a lookup, would be kept as the tables grow.
   */
  readonly forceIndexLookups?: boolean;
}

/** How much sooner the server ends a statement than its caller gives it up. */
const SOONER_MS = 100;

/**
 * The server ends a statement at its limit and says so. A connection that is silent for so much
 * longer leads nowhere: the server is gone without a word, and TCP would notice after 15 minutes,
 * or after hours where nothing was sent.
 */
const SILENCE_GRACE_MS = 1000;
const IDLE_MS = 30_000;

// Below the 3 s within which the API must answer while PostgreSQL is away.
const CONNECT_TIMEOUT_MS = 2000;

// The driver's parsers by type oid; its type declaration knows only some of PostgreSQL's oids.
const driverParser = types.getTypeParser as (oid: number, format?: string) => (text: string) => unknown;
const INT8_ARRAY = 1016;
const parseInt8Array = driverParser(INT8_ARRAY) as (text: string) => (string | null)[];

const parsers = new Map<number, (text: string) => unknown>([
  [types.builtins.INT8, BigInt],
  [INT8_ARRAY, (text) => parseInt8Array(text).map((item) => (item === null ? null : BigInt(item)))],
  // A calendar day has no time zone; a Date would shift it by the zone of the process.
  [types.builtins.DATE, (text) => text],
]);

/**
 * Creates a pool that reads `bigint` as BigInt, `numeric` and `date` as text, and `timestamptz` as
 * Date. The first query opens the first connection.
 */
export function createPool(url: string, options: PoolOptions = {}): Pool {
  const { queryTimeoutMs } = options;
  const statementTimeoutMs =
    options.statementTimeoutMs ?? (queryTimeoutMs === undefined ? undefined : queryTimeoutMs - SOONER_MS);
  const pool = new Pool({
    connectionString: url,
    max: options.max ?? 20,
    application_name: options.applicationName ?? 'postrider',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_MS,
    keepAlive: true,
    ...(queryTimeoutMs === undefined ? {} : { query_timeout: queryTimeoutMs }),
    ...(statementTimeoutMs === undefined ? {} : { statement_timeout: statementTimeoutMs }),
    // The client sends queries of one connection in order without waiting for earlier results.
    pipeline: true,
    types: {
      getTypeParser: ((oid: number, format?: string) =>
        parsers.get(oid) ?? driverParser(oid, format)) as typeof types.getTypeParser,
    },
  });
  pool.on('error', options.onError ?? (() => {}));
  // A connection that breaks while it is checked out reports to its query and also emits `error`,
  // which would end the process without a listener.
  pool.on('connect', (client) => {
    client.on('error', () => {});
    const stream = streamOf(client);
    stream.on('timeout', () => stream.destroy(new Error('PostgreSQL said nothing for too long')));
    endSilence(client);
  });
  return pool;
}

const streamOf = (client: PoolClient): Socket =>
  (client as unknown as { connection: { stream: Socket } }).connection.stream;

/**
 * Breaks the connection off when it is silent beyond the limit of a transaction's statements, or
 * without one beyond that of single statements; not while it is idle in the pool.
 */
function endSilence(client: PoolClient, statementTimeoutMs?: number): void {
  const { statement_timeout: single } = (client as unknown as { connectionParameters: PoolConfig })
    .connectionParameters;
  const outsideMs = single ? Math.max(single, IDLE_MS) + SILENCE_GRACE_MS : 0;
  streamOf(client).setTimeout(
    statementTimeoutMs === undefined ? outsideMs : statementTimeoutMs + SILENCE_GRACE_MS,
  );
}

// "material" and "bitmapscan" are off too: the planner estimates a tenant at a 200th of a table, so
// a full scan looks cheap until the table has a hundred times as many rows as the batch looks up.
const FORCE_INDEX_LOOKUPS = ['seqscan', 'hashjoin', 'mergejoin', 'material', 'bitmapscan']
  .map((name) => `; set local enable_${name} = off`)
  .join('');

/**
 * Runs `work` in one READ COMMITTED transaction and returns its result. Any exception rolls back
 * and is rethrown.
 * `work` must do nothing but SQL, since callers run it again after a conflict.
 */
export async function withTransaction<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
  { statementTimeoutMs = 4000, lockTimeoutMs = 2000, forceIndexLookups = false }: TransactionOptions = {},
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const { query_timeout: givenUpAfterMs = Infinity } = pool.options;
  const limitMs = Math.min(statementTimeoutMs, givenUpAfterMs - SOONER_MS);
  endSilence(client, limitMs);
  try {
    // Not awaited: the statement travels ahead of the first statement of `work`, and when it fails
    // that one fails too.
    const begun = client.query(
      `begin; set local statement_timeout = ${Math.trunc(limitMs)}` +
        `; set local lock_timeout = ${Math.trunc(lockTimeoutMs)}` +
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
    endSilence(client);
    client.release(broken);
  }
}
