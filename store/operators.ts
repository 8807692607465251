// Operators: the tenants, with the settings that attribution and intake read.
import { withTransaction, type Pool } from './pool.ts';
import { insertApiKey, type NewApiKey } from './api-keys.ts';

export type Operator = {
  id: string;
  name: string;
  currency: string;
  timezone: string;
  clickWindowDays: number;
  clickChoice: 'first' | 'last';
  /** Null: the default of the way an event came in by. */
  withoutTransactionId: 'refuse' | 'accept_each' | 'same_content_is_repeat' | null;
  repeatWindowHours: number;
  createdAt: Date;
};

export type OperatorChange = {
  [Field in 'name' | 'timezone' | 'clickWindowDays' | 'clickChoice' | 'withoutTransactionId' | 'repeatWindowHours']?:
    Operator[Field] | undefined;
};

/** Whose key it is and what it may do. */
export type Caller = { operator: Operator; key: { id: string; scopes: readonly string[] } };

export type Operators = ReturnType<typeof createOperators>;

const COLUMNS = `o.id, o.name, o.currency, o.timezone, o.click_window_days as "clickWindowDays", o.click_choice as "clickChoice",
  o.without_transaction_id as "withoutTransactionId", o.repeat_window_hours as "repeatWindowHours", o.created_at as "createdAt"`;

export function createOperators(pool: Pool) {
  return {
    /** Adds an operator together with its first key, since nobody could use one without the other. */
    async insert(operator: Pick<Operator, 'id' | 'name' | 'currency' | 'timezone'>, key: NewApiKey): Promise<void> {
      await withTransaction(pool, async (client) => {
        await client.query(`insert into operators (id, name, currency, timezone) values ($1, $2, $3, $4)`, [
          operator.id,
          operator.name,
          operator.currency,
          operator.timezone,
        ]);
        await insertApiKey(client, operator.id, key);
      });
    },

    async find(operatorId: string): Promise<Operator | null> {
      const { rows } = await pool.query<Operator>(`select ${COLUMNS} from operators o where o.id = $1`, [operatorId]);
      return rows[0] ?? null;
    },

    /** Whose key has this SHA-256; null for one that never was, was revoked, or has ended. Keys are looked up without their operator. */
    async findByKey(hash: Buffer): Promise<Caller | null> {
      const { rows } = await pool.query<Operator & { keyId: string; scopes: string[] }>(
        `select ${COLUMNS}, k.id as "keyId", k.scopes from api_keys k join operators o on o.id = k.operator_id
         where k.key_hash = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())`,
        [hash],
      );
      if (rows[0] === undefined) return null;
      const { keyId, scopes, ...operator } = rows[0];
      return { operator, key: { id: keyId, scopes } };
    },

    /** Changes what is given and leaves the rest. Null when there is no such operator. */
    async update(operatorId: string, change: OperatorChange): Promise<Operator | null> {
      const { rows } = await pool.query<Operator>(
        `update operators o set name = coalesce($2, name), timezone = coalesce($3, timezone),
           click_window_days = coalesce($4, click_window_days), click_choice = coalesce($5, click_choice),
           without_transaction_id = coalesce($6, without_transaction_id), repeat_window_hours = coalesce($7, repeat_window_hours)
         where id = $1 returning ${COLUMNS}`,
        [
          operatorId,
          change.name,
          change.timezone,
          change.clickWindowDays,
          change.clickChoice,
          change.withoutTransactionId,
          change.repeatWindowHours,
        ],
      );
      return rows[0] ?? null;
    },
  };
}
