// Transactions that post outside settling: the posting lock, the month of posting, and retries
// after conflicts.
import { postingPeriod } from '../../domain/ledger/periods.ts';
import { currenciesColumn, knowCurrencies, type CurrenciesColumn } from '../db/currencies.ts';
import { isConflict, RETRIES_AFTER_CONFLICT } from '../db/conflict.ts';
import { lockLedgerShared } from '../db/locks.ts';
import { withTransaction, type Pool, type PoolClient } from '../db/pool.ts';

/**
 * A transaction that posts for one operator: its moment, and the month of the statement that will
 * show it.
 */
export type Ledger = { client: PoolClient; operatorId: string; now: Date; period: string };

/**
 * Runs `work` in a transaction that may post, and runs it again after a conflict, so it must do
 * nothing but SQL. It takes its locks in the order in which settling takes them: reversal lock,
 * slots by id, outcomes, balances by affiliate, deliveries. Throws for an unknown operator.
 */
export async function inLedger<T>(
  pool: Pool,
  operatorId: string,
  work: (ledger: Ledger) => Promise<T>,
): Promise<T> {
  for (let conflicts = 0; ;) {
    try {
      return await withTransaction(pool, async (client) => work(await open(client, operatorId)), {
        forceIndexLookups: true,
      });
    } catch (error) {
      if (!isConflict(error) || ++conflicts > RETRIES_AFTER_CONFLICT) throw error;
    }
  }
}

async function open(client: PoolClient, operatorId: string): Promise<Ledger> {
  const closedThrough = await lockLedgerShared(client, operatorId);
  const { rows } = await client.query<{ timezone: string } & CurrenciesColumn>(
    `select timezone, ${currenciesColumn('operators.id')} from operators where id = $1`,
    [operatorId],
  );
  if (rows[0] === undefined) throw new Error(`there is no operator ${operatorId}`);
  knowCurrencies(rows[0]);
  const now = new Date();
  return { client, operatorId, now, period: postingPeriod(now.getTime(), rows[0].timezone, closedThrough) };
}
