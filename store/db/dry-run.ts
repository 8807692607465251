// A stage for rehearsals: everything that is done on it happens in one transaction that is rolled back at the end. Transactions begun on it
// become savepoints, so that the very code that serves real traffic runs, and nothing of it is kept.
import type { Pool, PoolClient } from './pool.ts';

const STATEMENT_TIMEOUT_MS = 2000;
const LOCK_TIMEOUT_MS = 1000;

type Query = (...args: unknown[]) => Promise<{ command: string }>;

/** Runs `work` on a stage and gives its result; nothing that it wrote is there afterwards. Rows it touched are locked until then. */
export async function withDryRun<T>(pool: Pool, work: (stage: Pool) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query(
      `begin; set local statement_timeout = ${STATEMENT_TIMEOUT_MS}; set local lock_timeout = ${LOCK_TIMEOUT_MS}`,
    );
    return await work(createDryRunPool(client));
  } finally {
    await client.query('rollback').catch((error: Error) => (broken = error));
    client.release(broken);
  }
}

/** What a pool is to those who use one: queries of their own, and clients for transactions. */
function createDryRunPool(client: PoolClient): Pool {
  const query = client.query.bind(client) as unknown as Query;
  let last: Promise<unknown> = Promise.resolve();

  /** A statement that fails must not take the whole rehearsal with it, so each has a savepoint, and so each waits for the one before. */
  const queryWithSavepoint: Query = (...args) => {
    const result = last.then(() => protectedQuery(query, args));
    last = result.catch(() => {});
    return result;
  };
  const transactionQuery: Query = async (...args) => {
    const [text] = args;
    if (typeof text === 'string' && /^begin\b/.test(text))
      return query(text.replace('begin', 'savepoint step'));
    if (text === 'rollback') return query('rollback to savepoint step');
    if (text !== 'commit') return query(...args);
    await query('release savepoint step');
    return { command: 'COMMIT' };
  };
  const stage = {
    query: queryWithSavepoint,
    connect: async () => ({ query: transactionQuery, release: () => {} }),
  };
  return stage as unknown as Pool;
}

async function protectedQuery(query: Query, args: unknown[]): Promise<{ command: string }> {
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

/** A postback that a batch planned, with the body that its endpoint would receive. */
export type PlannedPostback = { eventId: string | null; endpointId: string; type: string; body: string };

/** What a batch on the stage would have sent, in the order in which it would be told. */
export async function readPlannedPostbacks(
  stage: Pool,
  operatorId: string,
  batchId: string,
): Promise<PlannedPostback[]> {
  const { rows } = await stage.query<PlannedPostback>(
    `select event_id as "eventId", endpoint_id as "endpointId", type, body from deliveries
     where operator_id = $1 and batch_id = $2 and owner is not null order by id`,
    [operatorId, batchId],
  );
  return rows;
}
