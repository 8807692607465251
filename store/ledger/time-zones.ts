// Reads the dated time zones of an operator.
import type { Zones } from '../../domain/ledger/periods.ts';
import type { Queryable } from '../db/pool.ts';

/** Zones as JSON carries them: each with its beginning in milliseconds, as text where infinite. */
export type StoredZones = readonly [zone: string, since: number | string][];

/** The `StoredZones` of an operator `o`, oldest first. */
export const ZONES = `(select json_agg(json_build_array(z.zone, extract(epoch from z.since) * 1000) order by z.since)
  from operator_zones z where z.operator_id = o.id)`;

export function zonesFrom(stored: StoredZones): Zones {
  return stored.map(([zone, since]) => ({ zone, since: Number(since) }));
}

/** The zones of an operator; none for an unknown one. */
export async function readZones(db: Queryable, operatorId: string): Promise<Zones> {
  const { rows } = await db.query<{ zones: StoredZones | null }>(
    `select ${ZONES} as zones from operators o where o.id = $1`,
    [operatorId],
  );
  return zonesFrom(rows[0]?.zones ?? []);
}
