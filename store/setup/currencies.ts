// Currencies that operators add to those of ISO 4217, such as USDT. A code has one number of
// decimals in an installation; which operators use it is kept apart.
import { registerCurrencies } from '../../domain/ledger/currencies.ts';
import type { Page } from '../db/page.ts';
import { withTransaction, type Pool } from '../db/pool.ts';

export type AddedCurrency = { id: string; code: string; exponent: number; createdAt: Date };

/** `other_exponent`: the installation knows the code with other decimals. */
type Added =
  { kind: 'added' | 'known'; currency: AddedCurrency } | { kind: 'other_exponent'; exponent: number };

const CURRENCIES = `
  select u.id, u.code, c.exponent, u.created_at as "createdAt"
  from operator_currencies u join currencies c on c.code = u.code
  where u.operator_id = $1`;

export function createCurrencies(pool: Pool) {
  return {
    /** Adds a currency to an operator, and to the installation where it is new there. */
    async insert(
      operatorId: string,
      { id, code, exponent }: Omit<AddedCurrency, 'createdAt'>,
    ): Promise<Added> {
      const added = await withTransaction(pool, async (client): Promise<Added> => {
        await client.query(
          `insert into currencies (code, exponent) values ($1, $2) on conflict (code) do nothing`,
          [code, exponent],
        );
        // A statement of its own: it sees the row of a transaction that won the code meanwhile.
        const known = await client.query<{ exponent: number }>(
          `select exponent from currencies where code = $1`,
          [code],
        );
        if (known.rows[0]!.exponent !== exponent)
          return { kind: 'other_exponent', exponent: known.rows[0]!.exponent };
        await client.query(
          `insert into operator_currencies (operator_id, id, code) values ($1, $2, $3)
           on conflict (operator_id, code) do nothing`,
          [operatorId, id, code],
        );
        const { rows } = await client.query<AddedCurrency>(`${CURRENCIES} and u.code = $2`, [
          operatorId,
          code,
        ]);
        return { kind: rows[0]!.id === id ? 'added' : 'known', currency: rows[0]! };
      });
      if (added.kind !== 'other_exponent') registerCurrencies(new Map([[code, exponent]]));
      return added;
    },

    async count(operatorId: string): Promise<number> {
      const { rows } = await pool.query<{ count: number }>(
        `select count(*)::int as count from operator_currencies where operator_id = $1`,
        [operatorId],
      );
      return rows[0]!.count;
    },

    async list(operatorId: string, page: Page): Promise<AddedCurrency[]> {
      const { rows } = await pool.query<AddedCurrency>(
        `${CURRENCIES} and ($2::text is null or u.id < $2) order by u.id desc limit $3`,
        [operatorId, page.before, page.limit],
      );
      return rows;
    },
  };
}
