// Operators: the tenants, with the settings that attribution, intake and authentication read.
import { comparedMoments, localTime } from '../../domain/setup/time-zones.ts';
import type { Page } from '../db/page.ts';
import { withTransaction, type Pool } from '../db/pool.ts';
import { insertApiKey, type NewApiKey } from './api-keys.ts';

export const CLICK_CHOICES = ['first', 'last'] as const;
/** What a click or coupon means for customers who were known before it. */
export const EXISTING_CUSTOMERS = ['bind', 'ignore'] as const;
/** What to do with an event without a transaction id. */
export const WITHOUT_TRANSACTION_ID = ['refuse', 'accept_each', 'same_content_is_repeat'] as const;

export type Operator = {
  id: string;
  name: string;
  currency: string;
  timezone: string;
  clickWindowDays: number;
  clickChoice: (typeof CLICK_CHOICES)[number];
  /** `ignore`: a click or coupon counts for no customer who was known before it. */
  existingCustomers: (typeof EXISTING_CUSTOMERS)[number];
  /** Null: the default of the intake channel. */
  withoutTransactionId: (typeof WITHOUT_TRANSACTION_ID)[number] | null;
  repeatWindowHours: number;
  /** Addresses and ranges that may send events; an empty list allows all. */
  allowedIps: string[];
  requireSignature: boolean;
  /** Requests per second of each key without a rate of its own; null: no limit. */
  ratePerSecond: number | null;
  /** Maps a parameter of /postback to a field of the event, or to null to ignore the parameter. */
  postbackAliases: Record<string, string | null>;
  /** Decimal text by currency: what a payout must come to, where its request says nothing else. */
  minimumPayouts: Record<string, string>;
  /** Whether affiliates see the ids of their customers. */
  shareCustomerIds: boolean;
  /** Origins of sites that may show the portal in a frame. */
  portalOrigins: string[];
  createdAt: Date;
};

/** An operator as the administrator sees it. */
export type OperatorSummary = Pick<Operator, 'id' | 'name' | 'currency' | 'timezone' | 'createdAt'>;

type Changeable = Exclude<keyof Operator, 'id' | 'currency' | 'createdAt'>;
type OperatorChange = { [Field in Changeable]?: Operator[Field] | undefined };

export type Operators = ReturnType<typeof createOperators>;

const COLUMN_OF: Record<Changeable, string> = {
  name: 'name',
  timezone: 'timezone',
  clickWindowDays: 'click_window_days',
  clickChoice: 'click_choice',
  existingCustomers: 'existing_customers',
  withoutTransactionId: 'without_transaction_id',
  repeatWindowHours: 'repeat_window_hours',
  allowedIps: 'allowed_ips',
  requireSignature: 'require_signature',
  ratePerSecond: 'rate_per_second',
  postbackAliases: 'postback_aliases',
  minimumPayouts: 'minimum_payouts',
  shareCustomerIds: 'share_customer_ids',
  portalOrigins: 'portal_origins',
};

/** Columns of an `Operator`, in a query that calls the table `o`. */
export const OPERATOR_COLUMNS = Object.entries({
  id: 'id',
  currency: 'currency',
  createdAt: 'created_at',
  ...COLUMN_OF,
})
  .map(([field, column]) => `o.${column} as "${field}"`)
  .join(', ');

export function createOperators(pool: Pool) {
  return {
    /**
     * Inserts an operator together with its first key, since neither is usable without the other.
     */
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

    /** Whether PostgreSQL knows a time zone that Node knows, and gives it the same local times. */
    async knowsTimezone(timezone: string): Promise<boolean> {
      const moments = comparedMoments(Date.now());
      const { rows } = await pool.query<{ local: string }>(
        `select to_char(moment at time zone n.name, 'YYYY-MM-DD HH24:MI') as local
         from pg_timezone_names n, unnest($2::timestamptz[]) with ordinality as m (moment, place)
         where n.name = $1 order by place`,
        [timezone, moments.map((moment) => new Date(moment))],
      );
      return (
        rows.length > 0 && rows.every(({ local }, index) => local === localTime(moments[index]!, timezone))
      );
    },

    async find(operatorId: string): Promise<Operator | null> {
      const { rows } = await pool.query<Operator>(
        `select ${OPERATOR_COLUMNS} from operators o where o.id = $1`,
        [operatorId],
      );
      return rows[0] ?? null;
    },

    /** `search` null: all of them. Otherwise a part of the name, in any case, or the id. */
    async list(search: string | null, page: Page): Promise<OperatorSummary[]> {
      const { rows } = await pool.query<OperatorSummary>(
        `select id, name, currency, timezone, created_at as "createdAt" from operators
         where ($1::text is null or strpos(lower(name), lower($1)) > 0 or id = $1)
           and ($2::text is null or id < $2)
         order by id desc limit $3`,
        [search, page.before, page.limit],
      );
      return rows;
    },

    /**
     * Changes the given fields. Null for an unknown operator. A trigger dates a new time zone in
     * `operator_zones`, and waits for transactions that settle.
     */
    async update(operatorId: string, change: OperatorChange): Promise<Operator | null> {
      const given = (Object.keys(COLUMN_OF) as Changeable[]).filter((field) => change[field] !== undefined);
      // An update needs at least one assignment, even when no field is given.
      const assignments = [
        'created_at = created_at',
        ...given.map((field, index) => `${COLUMN_OF[field]} = $${index + 2}`),
      ];
      const { rows } = await pool.query<Operator>(
        `update operators o set ${assignments.join(', ')} where id = $1 returning ${OPERATOR_COLUMNS}`,
        [operatorId, ...given.map((field) => change[field])],
      );
      return rows[0] ?? null;
    },
  };
}
