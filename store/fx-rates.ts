// The operators' own exchange rates, stored with their source and date, and never edited.
import { RATE_HOLDS_DAYS, type FxRate } from '../domain/fx.ts';
import type { Queryable } from './pool.ts';

/** Currencies that amounts are in or may be wanted in, and the time of what they are about (milliseconds since 1970). */
export type Exchanged = { bases: readonly string[]; quotes: readonly string[]; from: number; to: number };

/** The rates that may hold for what is to be exchanged; none where nothing is. */
export async function readRates(db: Queryable, operatorId: string, exchanged: Exchanged | null): Promise<FxRate[]> {
  if (exchanged === null) return [];
  const { bases, quotes, from, to } = exchanged;
  const { rows } = await db.query<Omit<FxRate, 'rateE12' | 'asOf'> & { rateE12: string; asOf: Date }>({
    name: 'read-fx-rates',
    text: `select id, base, quote, rate, (rate * 1000000000000)::numeric(38, 0) as "rateE12", source, as_of as "asOf" from fx_rates
     where operator_id = $1 and base = any($2) and quote = any($3) and as_of between $4::timestamptz - make_interval(days => $5) and $6`,
    values: [operatorId, bases, quotes, new Date(from), RATE_HOLDS_DAYS, new Date(to)],
  });
  return rows.map((row) => ({ ...row, rateE12: BigInt(row.rateE12), asOf: row.asOf.getTime() }));
}
