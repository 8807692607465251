// Dry-run connection: runs code inside one transaction that is always rolled back. Transactions
// that the code begins become savepoints, so the code that serves real traffic runs unchanged.
import type { Pool, PoolClient } from './pool.ts';
import { withSavepoints } from './savepoints.ts';

const STATEMENT_TIMEOUT_MS = 2000;
const LOCK_TIMEOUT_MS = 1000;

type Query = (...args: unknown[]) => Promise<{ command: string }>;

/**
 * Runs `work` on a dry-run connection and returns its result, or throws its exception; both ways
 * everything it wrote is rolled back. Rows it changed stay locked until then.
 */
export async function withDryRun<T>(pool: Pool, work: (dryRun: Pool) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query(
      `begin; set local statement_timeout = ${STATEMENT_TIMEOUT_MS}` +
        `; set local lock_timeout = ${LOCK_TIMEOUT_MS}`,
    );
    return await work(createDryRunPool(client));
  } finally {
    await client.query('rollback').catch((error: Error) => (broken = error));
    client.release(broken);
  }
}

/** A pool whose queries and transactions all run on the one connection of the dry run. */
function createDryRunPool(client: PoolClient): Pool {
  const query = client.query.bind(client) as unknown as Query;
  const transactionQuery: Query = async (...args) => {
    const [text] = args;
    if (typeof text === 'string' && /^begin\b/.test(text))
      return query(text.replace('begin', 'savepoint step'));
    if (text === 'rollback') return query('rollback to savepoint step');
    if (text !== 'commit') return query(...args);
    await query('release savepoint step');
    return { command: 'COMMIT' };
  };
  const dryRun = {
    options: {},
    // A failing statement must not abort the whole dry run.
    ...withSavepoints(client),
    connect: async () =>
      Object.assign(Object.create(client) as PoolClient, { query: transactionQuery, release: () => {} }),
  };
  return dryRun as unknown as Pool;
}

/** A postback that a batch planned, with the body that its endpoint would receive. */
export type PlannedPostback = { eventId: string | null; endpointId: string; type: string; body: string };

/**
 * Postbacks that a batch planned on the dry-run connection, in the order in which they would be
 * sent. By when they were made, since only deliveries that are being sent have an index by batch;
 * the hour is for clocks.
 */
export async function readPlannedPostbacks(
  dryRun: Pool,
  operatorId: string,
  batchId: string,
): Promise<PlannedPostback[]> {
  const { rows } = await dryRun.query<PlannedPostback>(
    `select event_id as "eventId", endpoint_id as "endpointId", type, body from deliveries
     where operator_id = $1 and id >= id_bound('dlv', now() - interval '1 hour') and created_at >= now()
       and batch_id = $2 and owner is not null order by id`,
    [operatorId, batchId],
  );
  return rows;
}
