// Input and output of the audit's checks: the audited operator with its deals, and findings.
import { hasSymbols, mayHaveSymbols, type Traded } from '../../domain/commission/listening.ts';
import { storedTerms } from '../../domain/commission/component-lines.ts';
import type { WireTerms } from '../../domain/commission/terms.ts';
import { EVENT_TYPES, type DealVersion, type EventType, isConversion } from '../../domain/types.ts';
import type { PoolClient, Queryable } from '../db/pool.ts';
import type { ParentsOf } from '../../domain/settlement/slot-targets.ts';
import type { Zones } from '../../domain/ledger/periods.ts';
import { earningBy } from '../../domain/settlement/rating.ts';

/**
 * A difference between the ledger and its recomputation. `minor`: its amount in minor units, 0
 * where it is not an amount.
 */
export type Finding = { check: string; about: string; currency: string; minor: bigint; detail: string };

/**
 * An audited operator: a client in the snapshot, and its deals. `isMost`: most rows of the tables
 * are this operator's.
 */
export type Audited = {
  client: PoolClient;
  operatorId: string;
  currency: string;
  zones: Zones;
  /** Parents of an affiliate at a moment. */
  parentsOf: ParentsOf;
  isMost: boolean;
  deals: Deals;
};

/**
 * A statement whose rows are findings. `$1` is the operator, `$2`, where used, JSON: what `terms`
 * reads from its deals, or their `Promised`. Without such terms there is nothing to compare. A row
 * that answers another question than `check` names it in a column `check`.
 */
export type Comparison = { check: string; statement: string; terms?: (deals: Deals) => object[] };

export type Check = (audited: Audited) => AsyncGenerator<Finding>;

export type Deals = {
  /** Throws for an unknown version. */
  version(dealId: string, version: number): DealVersion;
  readonly all: readonly DealVersion[];
  readonly promised: readonly Promised[];
};

/**
 * In how many slots an event earns by a deal version. `is_computed`: the operator sent a payout
 * with it. `by_symbol`: the version has components for some symbols; each symbol and group that was
 * sent then has a row of its own, with empty text for none. `takers`: the components that take it,
 * of those kinds that may have symbols.
 */
type Promised = {
  deal_id: string;
  version: number;
  type: EventType;
  is_computed: boolean;
  by_symbol: boolean;
  symbol: string;
  symbol_group: string;
  slots: number;
  takers: string[];
};

type VersionRow = Omit<DealVersion, 'terms' | 'effectiveFrom'> & {
  terms: WireTerms;
  lines: string[] | null;
  effectiveFrom: Date;
};

/** Reads every version of an operator's deals. Throws where stored terms do not compile. */
export async function readDeals(db: Queryable, operatorId: string): Promise<Deals> {
  const { rows } = await db.query<VersionRow>(
    `select v.deal_id as "dealId", v.version, d.affiliate_id as "affiliateId",
       v.effective_from as "effectiveFrom", v.terms, v.lines
     from deal_versions v join deals d on d.operator_id = $1 and d.id = v.deal_id
     where v.operator_id = $1`,
    [operatorId],
  );
  const versions = new Map(rows.map((row) => [`${row.dealId} ${row.version}`, compiled(row)]));
  const isBySymbol = [...versions.values()].some(({ terms }) => hasSymbols(terms.components));
  const traded = isBySymbol ? await readTraded(db, operatorId) : ANY_TRADED;
  return {
    all: [...versions.values()],
    version(dealId, number) {
      const version = versions.get(`${dealId} ${number}`);
      if (!version) throw new Error(`there is no version ${number} of ${dealId}`);
      return version;
    },
    promised: [...versions.values()].flatMap((version) =>
      (hasSymbols(version.terms.components) ? traded : ANY_TRADED).flatMap((event) =>
        [false, true].map((isComputed) => promisedBy(version, event, isComputed)),
      ),
    ),
  };
}

/** Conversions without symbols, one of each type. */
const ANY_TRADED: readonly Traded[] = EVENT_TYPES.filter(isConversion).map((type) => {
  return { type, symbol: null, symbolGroup: null };
});

/** Every type of conversion with the symbols and groups that the operator sent with it. */
async function readTraded(db: Queryable, operatorId: string): Promise<Traded[]> {
  const { rows } = await db.query<Traded>(
    `select distinct type, symbol, symbol_group as "symbolGroup" from events where operator_id = $1`,
    [operatorId],
  );
  return rows.filter(({ type }) => isConversion(type));
}

function promisedBy({ dealId, version, terms }: DealVersion, event: Traded, isComputed: boolean): Promised {
  const { components, isCounted } = earningBy(terms, event, isComputed);
  return {
    deal_id: dealId,
    version,
    type: event.type,
    is_computed: isComputed,
    by_symbol: hasSymbols(terms.components),
    symbol: event.symbol ?? '',
    symbol_group: event.symbolGroup ?? '',
    slots: components.length + Number(isCounted),
    takers: components.filter(mayHaveSymbols).map(({ label }) => label),
  };
}

function compiled({ terms, lines, effectiveFrom, ...row }: VersionRow): DealVersion {
  return { ...row, effectiveFrom: effectiveFrom.getTime(), terms: storedTerms({ terms, lines }) };
}

/**
 * Methods switched off, so that whole tables are hashed. A check reads a whole tenant, but the
 * planner takes a tenant for 0.5 % of a table and prefers the first rows of a cursor: it would look
 * rows up one by one, or sort them.
 */
const HASHED = ['nestloop', 'mergejoin', 'sort'];

/**
 * Price of an index entry where most of a table is the operator's, 20,000 times the usual one: an
 * index is then read for rare rows (rated again, rejected, negative), and not in addition to nearly
 * all of a table.
 */
const DEAR_ENTRY = 100;

/**
 * Yields the rows of a query in chunks of a few thousand, by a cursor. Only inside a transaction,
 * which closes the cursor on failure.
 */
export async function* inChunks<Row extends object>(
  { client, isMost }: Audited,
  query: string,
  values: readonly unknown[],
  size = 5000,
) {
  const settings = HASHED.map((method) => `enable_${method} = off`);
  if (isMost) settings.push(`cpu_index_tuple_cost = ${DEAR_ENTRY}`);
  await client.query(settings.map((setting) => `set local ${setting}`).join('; '));
  await client.query(`declare audit no scroll cursor for ${query}`, [...values]);
  await client.query(settings.map((setting) => `set local ${setting.split(' ')[0]} to default`).join('; '));
  for (;;) {
    const { rows } = await client.query<Row>(`fetch ${size} from audit`);
    yield rows;
    if (rows.length < size) break;
  }
  await client.query('close audit');
}
