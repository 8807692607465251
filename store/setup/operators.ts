// Operators: the tenants, with the settings that attribution, intake and the front door read.
import type { EventType } from '../../domain/types.ts';
import { withTransaction, type Pool } from '../db/pool.ts';
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
  /** Addresses and ranges that events may come from; any where there is none. */
  allowedIps: string[];
  requireSignature: boolean;
  /** Requests per second of each key that has no rate of its own; null: no limit. */
  ratePerSecond: number | null;
  /** From a parameter of /postback to one of our fields, or to null where it is to be ignored. */
  postbackAliases: Record<string, string | null>;
  createdAt: Date;
};

type Changeable = Exclude<keyof Operator, 'id' | 'currency' | 'createdAt'>;
export type OperatorChange = { [Field in Changeable]?: Operator[Field] | undefined };

/** The key a request came with. */
export type CallerKey = {
  id: string;
  scopes: readonly string[];
  expiresAt: Date | null;
  isRevoked: boolean;
  ratePerSecond: number | null;
};

/** Whose key it is, what it may do, and the operator's own names of events. */
export type Caller = { operator: Operator; key: CallerKey; eventTypes: ReadonlyMap<string, EventType> };

export type Operators = ReturnType<typeof createOperators>;

const COLUMN_OF: Record<Changeable, string> = {
  name: 'name',
  timezone: 'timezone',
  clickWindowDays: 'click_window_days',
  clickChoice: 'click_choice',
  withoutTransactionId: 'without_transaction_id',
  repeatWindowHours: 'repeat_window_hours',
  allowedIps: 'allowed_ips',
  requireSignature: 'require_signature',
  ratePerSecond: 'rate_per_second',
  postbackAliases: 'postback_aliases',
};

const COLUMNS = Object.entries({ id: 'id', currency: 'currency', createdAt: 'created_at', ...COLUMN_OF })
  .map(([field, column]) => `o.${column} as "${field}"`)
  .join(', ');

export function createOperators(pool: Pool) {
  return {
    /** Adds an operator together with its first key, since nobody could use one without the other. */
    async insert(
      operator: Pick<Operator, 'id' | 'name' | 'currency' | 'timezone'>,
      key: NewApiKey,
    ): Promise<void> {
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
      const { rows } = await pool.query<Operator>(`select ${COLUMNS} from operators o where o.id = $1`, [
        operatorId,
      ]);
      return rows[0] ?? null;
    },

    /**
     * Whose key has this SHA-256; null for one that never was. Revoked and ended keys are found too, so that their use can be shown to
     * their operator. Keys are looked up without their operator.
     */
    async findByKey(hash: Buffer): Promise<Caller | null> {
      const { rows } = await pool.query<
        Operator & { key: CallerKeyRow; eventTypes: Record<string, EventType> | null }
      >(
        `select ${COLUMNS},
           json_build_object('id', k.id, 'scopes', k.scopes, 'expiresAt', k.expires_at, 'isRevoked', k.revoked_at is not null,
             'ratePerSecond', k.rate_per_second) as key,
           (select json_object_agg(t.name, t.standard) from event_types t where t.operator_id = o.id) as "eventTypes"
         from api_keys k join operators o on o.id = k.operator_id
         where k.key_hash = $1`,
        [hash],
      );
      if (rows[0] === undefined) return null;
      const { key, eventTypes, ...operator } = rows[0];
      return {
        operator,
        key: { ...key, expiresAt: key.expiresAt === null ? null : new Date(key.expiresAt) },
        eventTypes: new Map(Object.entries(eventTypes ?? {})),
      };
    },

    /** Changes what is given and leaves the rest. Null when there is no such operator. */
    async update(operatorId: string, change: OperatorChange): Promise<Operator | null> {
      const given = (Object.keys(COLUMN_OF) as Changeable[]).filter((field) => change[field] !== undefined);
      // Something must be set, also where nothing is given.
      const assignments = [
        'created_at = created_at',
        ...given.map((field, index) => `${COLUMN_OF[field]} = $${index + 2}`),
      ];
      const { rows } = await pool.query<Operator>(
        `update operators o set ${assignments.join(', ')} where id = $1 returning ${COLUMNS}`,
        [operatorId, ...given.map((field) => change[field])],
      );
      return rows[0] ?? null;
    },
  };
}

/** JSON has no times. */
type CallerKeyRow = Omit<CallerKey, 'expiresAt'> & { expiresAt: string | null };
