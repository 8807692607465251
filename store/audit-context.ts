// What every check of the audit is given, and what it says.
import { earns } from '../domain/clawback.ts';
import { earningBy } from '../domain/settlement.ts';
import { compileTerms, type WireTerms } from '../domain/terms.ts';
import { EVENT_TYPES, type DealVersion } from '../domain/types.ts';
import type { PoolClient, Queryable } from './pool.ts';

/** Something the books do not explain. `minor` is how far off they are, in minor units of the currency; 0 where it is not about an amount. */
export type Finding = { check: string; about: string; currency: string; minor: bigint; detail: string };

/** The snapshot, whose books, and the operator's deals. */
export type Audited = { client: PoolClient; operatorId: string; currency: string; timezone: string; deals: Deals };

/** A statement whose every row is a finding; `$1` is the operator, and `$2`, where used, what each deal version pays for. */
export type Comparison = { check: string; statement: string };

export type Check = (audited: Audited) => AsyncGenerator<Finding>;

export type Deals = {
  /** Throws for a version there is not. */
  version(dealId: string, version: number): DealVersion;
  readonly all: readonly DealVersion[];
  /** In how many slots an event earns, by `deal version type`, or `deal version computed type` where the operator sent what it pays. */
  readonly earning: Readonly<Record<string, number>>;
};

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
    earning: Object.fromEntries(
      [...versions.values()].flatMap(({ dealId, version, terms }) =>
        EVENT_TYPES.filter(earns).flatMap((type) => {
          const slots = (isComputed: boolean): number => {
            const { components, isCounted } = earningBy(terms, type, isComputed);
            return components.length + Number(isCounted);
          };
          return [
            [`${dealId} ${version} ${type}`, slots(false)],
            [`${dealId} ${version} computed ${type}`, slots(true)],
          ] as const;
        }),
      ),
    ),
  };
}

function compiled({ terms: wire, effectiveFrom, ...row }: VersionRow): DealVersion {
  const result = compileTerms(wire);
  if (result.kind === 'invalid') throw new Error(`the stored terms of ${row.dealId}, version ${row.version}, do not compile`);
  return { ...row, effectiveFrom: effectiveFrom.getTime(), terms: result.terms };
}

/** The rows of a query, a few thousand in memory at a time. Only inside a transaction, which also closes the cursor in the end. */
export async function* inChunks<Row extends object>(client: PoolClient, query: string, values: readonly unknown[], size = 5000) {
  await client.query(`declare audit no scroll cursor for ${query}`, [...values]);
  for (;;) {
    const { rows } = await client.query<Row>(`fetch ${size} from audit`);
    yield rows;
    if (rows.length < size) break;
  }
  await client.query('close audit');
}
