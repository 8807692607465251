// What every check of the audit is given, and what it says.
import { earningBy } from '../../domain/settlement/settlement.ts';
import { compileTerms, type WireTerms } from '../../domain/commission/terms.ts';
import { EVENT_TYPES, type DealVersion, type EventType, earns } from '../../domain/types.ts';
import type { PoolClient, Queryable } from '../db/pool.ts';

/** Something the books do not explain. `minor` is how far off they are, in minor units of the currency; 0 where it is not about an amount. */
export type Finding = { check: string; about: string; currency: string; minor: bigint; detail: string };

/** The snapshot, whose books, and the operator's deals. `isMost`: most of what the tables hold is this operator's. */
export type Audited = {
  client: PoolClient;
  operatorId: string;
  currency: string;
  timezone: string;
  isMost: boolean;
  deals: Deals;
};

/** A statement whose every row is a finding; `$1` is the operator, and `$2`, where used, in how many slots its deals let events earn (`Promised`). */
export type Comparison = { check: string; statement: string };

export type Check = (audited: Audited) => AsyncGenerator<Finding>;

export type Deals = {
  /** Throws for a version there is not. */
  version(dealId: string, version: number): DealVersion;
  readonly all: readonly DealVersion[];
  readonly promised: readonly Promised[];
};

/** In how many slots an event of a type earns by a deal version; otherwise where the operator sent what it pays (`is_computed`). */
type Promised = { deal_id: string; version: number; type: EventType; is_computed: boolean; slots: number };

type VersionRow = Omit<DealVersion, 'terms' | 'effectiveFrom'> & { terms: WireTerms; effectiveFrom: Date };

/** Every version of an operator's deals. Throws where stored terms do not compile. */
export async function readDeals(db: Queryable, operatorId: string): Promise<Deals> {
  const { rows } = await db.query<VersionRow>(
    `select v.deal_id as "dealId", v.version, d.affiliate_id as "affiliateId", v.effective_from as "effectiveFrom", v.terms
     from deal_versions v join deals d on d.operator_id = $1 and d.id = v.deal_id where v.operator_id = $1`,
    [operatorId],
  );
  const versions = new Map(rows.map((row) => [`${row.dealId} ${row.version}`, compiled(row)]));
  return {
    all: [...versions.values()],
    version(dealId, number) {
      const version = versions.get(`${dealId} ${number}`);
      if (!version) throw new Error(`there is no version ${number} of ${dealId}`);
      return version;
    },
    promised: [...versions.values()].flatMap(({ dealId, version, terms }) =>
      EVENT_TYPES.filter(earns).flatMap((type) =>
        [false, true].map((isComputed) => {
          const { components, isCounted } = earningBy(terms, type, isComputed);
          return {
            deal_id: dealId,
            version,
            type,
            is_computed: isComputed,
            slots: components.length + Number(isCounted),
          };
        }),
      ),
    ),
  };
}

function compiled({ terms: wire, effectiveFrom, ...row }: VersionRow): DealVersion {
  const result = compileTerms(wire);
  if (result.kind === 'invalid')
    throw new Error(`the stored terms of ${row.dealId}, version ${row.version}, do not compile`);
  return { ...row, effectiveFrom: effectiveFrom.getTime(), terms: result.terms };
}

/**
 * A check reads a whole tenant, but the planner takes every tenant for 0.5 % of a table and a cursor for one whose first rows matter: it would look
 * rows up one by one, or sort them, where whole tables must be hashed.
 */
const HASHED = ['nestloop', 'mergejoin', 'sort'];

/** Found by an index, most of a table is read in the order of the table all the same, after all of the index. */
const SCANNED = ['indexscan', 'bitmapscan'];

/** The rows of a query, a few thousand in memory at a time. Only inside a transaction, which also closes the cursor in the end. */
export async function* inChunks<Row extends object>(
  { client, isMost }: Audited,
  query: string,
  values: readonly unknown[],
  size = 5000,
) {
  const methods = isMost ? [...HASHED, ...SCANNED] : HASHED;
  const allow = (isOn: 'on' | 'off') =>
    client.query(methods.map((method) => `set local enable_${method} = ${isOn}`).join('; '));
  await allow('off');
  await client.query(`declare audit no scroll cursor for ${query}`, [...values]);
  await allow('on');
  for (;;) {
    const { rows } = await client.query<Row>(`fetch ${size} from audit`);
    yield rows;
    if (rows.length < size) break;
  }
  await client.query('close audit');
}
