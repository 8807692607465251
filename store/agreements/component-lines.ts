// Reads the versions of a deal with the lines of their components, which a new version continues.
import { storedTerms } from '../../domain/commission/component-lines.ts';
import type { WireTerms } from '../../domain/commission/terms.ts';
import type { DealVersion } from '../../domain/types.ts';
import type { Queryable } from '../db/pool.ts';

/** The versions of a deal, in the order in which they were saved. */
export async function readEarlier(
  db: Queryable,
  operatorId: string,
  dealId: string,
): Promise<Pick<DealVersion, 'effectiveFrom' | 'terms'>[]> {
  const { rows } = await db.query<{ effectiveFrom: Date; terms: WireTerms; lines: string[] | null }>(
    `select effective_from as "effectiveFrom", terms, lines from deal_versions
     where operator_id = $1 and deal_id = $2 order by version`,
    [operatorId, dealId],
  );
  return rows.map((row) => ({ effectiveFrom: row.effectiveFrom.getTime(), terms: storedTerms(row) }));
}
