// Statements with savepoints: one that fails does not abort the transaction that it is part of.
import type { PoolClient, Queryable } from './pool.ts';

type Query = (...args: unknown[]) => Promise<{ command: string }>;

/**
 * Runs each statement on a client with a savepoint of its own. Savepoints nest, so each statement
 * waits for the one before it.
 */
export function withSavepoints(client: PoolClient): Queryable {
  const query = client.query.bind(client) as unknown as Query;
  let last: Promise<unknown> = Promise.resolve();
  const protectedQuery: Query = (...args) => {
    const result = last.then(() => runProtected(query, args));
    last = result.catch(() => {});
    return result;
  };
  return { query: protectedQuery } as unknown as Queryable;
}

async function runProtected(query: Query, args: unknown[]): Promise<{ command: string }> {
  await query('savepoint statement');
  try {
    const result = await query(...args);
    await query('release savepoint statement');
    return result;
  } catch (error) {
    await query('rollback to savepoint statement');
    throw error;
  }
}
