// Callers: the operator, rights and settings that an API key, a session or a link to the portal
// stands for.
import type { AddedCurrencies } from '../../domain/ledger/currencies.ts';
import type { EventType } from '../../domain/types.ts';
import type { AffiliateState } from '../attribution/affiliates.ts';
import { currenciesColumn, knowCurrencies, type CurrenciesColumn } from '../db/currencies.ts';
import type { Queryable } from '../db/pool.ts';
import { OPERATOR_COLUMNS, type Operator } from '../setup/operators.ts';

/** API key of a request. Of a session, its rights and its end. */
type CallerKey = {
  id: string;
  scopes: readonly string[];
  expiresAt: Date | null;
  isRevoked: boolean;
  ratePerSecond: number | null;
};

/** Where the request was sent from: a program with its key, the console, or the portal. */
export type CallerBy = 'key' | 'session' | 'portal';

/**
 * Caller of a request: its operator, its key, and the event type aliases and currencies that the
 * operator added.
 */
export type Caller = {
  operator: Operator;
  key: CallerKey;
  by: CallerBy;
  /** The affiliate to whose own data the caller is confined; null: all of the operator's. */
  affiliate: { id: string; name: string; state: AffiliateState } | null;
  eventTypes: ReadonlyMap<string, EventType>;
  currencies: AddedCurrencies;
};

/** What of a caller decides how events are read. */
export type OperatorRules = Pick<Caller, 'operator' | 'eventTypes' | 'currencies'>;

export type Callers = ReturnType<typeof createCallers>;

const OF_KEY = {
  by: `'key'`,
  scopes: 'k.scopes',
  expiresAt: 'k.expires_at',
  affiliateId: 'k.affiliate_id',
  from: 'api_keys k',
  where: 'k.key_hash = $1',
};
/** A session has the scopes that it was made with, and ends with its key. */
const OF_SESSION = {
  by: `case when s.affiliate_id is null then 'session' else 'portal' end`,
  scopes: 's.scopes',
  expiresAt: 'least(s.expires_at, k.expires_at)',
  affiliateId: 'coalesce(s.affiliate_id, k.affiliate_id)',
  from: 'sessions s join api_keys k on (k.operator_id, k.id) = (s.operator_id, s.key_id)',
  where: 's.token_hash = $1',
};

/** Columns of an operator's own names of events and currencies, beside `OPERATOR_COLUMNS`. */
const RULES_COLUMNS = `(select json_object_agg(t.name, t.standard)
    from event_types t where t.operator_id = o.id) as "eventTypes",
  ${currenciesColumn('o.id')}`;

export function createCallers(db: Queryable) {
  async function find(of: typeof OF_KEY, hash: Buffer): Promise<Caller | null> {
    const { rows } = await db.query<Row>(
      `select ${OPERATOR_COLUMNS}, ${of.by} as by,
         json_build_object('id', k.id, 'scopes', ${of.scopes}, 'expiresAt', ${of.expiresAt},
           'isRevoked', k.revoked_at is not null, 'ratePerSecond', k.rate_per_second) as key,
         (select json_build_object('id', a.id, 'name', a.name, 'state', a.state)
          from affiliates a where a.operator_id = o.id and a.id = ${of.affiliateId}) as affiliate,
         ${RULES_COLUMNS}
       from ${of.from} join operators o on o.id = k.operator_id
       where ${of.where}`,
      [hash],
    );
    if (rows[0] === undefined) return null;
    const { key, by, affiliate, ...rules } = rows[0];
    const expiresAt = key.expiresAt === null ? null : new Date(key.expiresAt);
    return { ...rulesFrom(rules), key: { ...key, expiresAt }, by, affiliate };
  }

  return {
    /**
     * Finds the caller by the SHA-256 of the key; null for an unknown key. Revoked and expired keys
     * are found too, so that their use can be shown to the operator. The key itself identifies the
     * operator, whose added currencies are known to this process from then on.
     */
    findByKey: (hash: Buffer): Promise<Caller | null> => find(OF_KEY, hash),
    /** The same by the SHA-256 of a session's token. */
    findBySession: (hash: Buffer): Promise<Caller | null> => find(OF_SESSION, hash),
  };
}

/**
 * The rules of an operator in work that no request asks for; null for an unknown one. Its added
 * currencies are known to this process from then on.
 */
export async function findOperatorRules(db: Queryable, operatorId: string): Promise<OperatorRules | null> {
  const { rows } = await db.query<RulesRow>(
    `select ${OPERATOR_COLUMNS}, ${RULES_COLUMNS} from operators o where o.id = $1`,
    [operatorId],
  );
  return rows[0] === undefined ? null : rulesFrom(rows[0]);
}

function rulesFrom({ eventTypes, currencies, ...operator }: RulesRow): OperatorRules {
  return {
    operator,
    eventTypes: new Map(Object.entries(eventTypes ?? {})),
    currencies: knowCurrencies({ currencies }),
  };
}

type RulesRow = Operator & CurrenciesColumn & { eventTypes: Record<string, EventType> | null };
type Row = RulesRow & Pick<Caller, 'by' | 'affiliate'> & { key: CallerKeyRow };

/** JSON carries times as text. */
type CallerKeyRow = Omit<CallerKey, 'expiresAt'> & { expiresAt: string | null };
