// SQL for rows that are made from their numbers: ids, chances, and inserts of the operator.
import type { Pool } from '../../store/db/pool.ts';

/** Of whom rows are written, how many, and since when. */
export type Context = {
  pool: Pool;
  operatorId: string;
  events: number;
  affiliates: number;
  customers: number;
  startMs: number;
};

/** A table with columns, and the query of its rows; `$1` is the operator. */
export type Written = readonly [into: string, select: string];

/** A number from 0 to 1 for a row, always the same; `salt` makes independent ones. */
export const chance = (row: string, salt: number): string =>
  `((hashint8extended(${row}, ${salt}) & 1073741823) / 1073741824::float8)`;

/** An id as `newId` makes them, with a number in place of the random digits. */
export function idSql(prefix: string, ms: string, number: string): string {
  const digits = Array.from({ length: 10 }, (_, index) => {
    const shift = 45 - 5 * index;
    return `substr('0123456789abcdefghjkmnpqrstvwxyz', (((${ms}) >> ${shift}) & 31)::int + 1, 1)`;
  });
  return `('${prefix}_' || ${digits.join(' || ')} || lpad((${number})::text, 16, '0'))`;
}

/** The id of a row that is only numbered, as if it had been made in 1970. */
export const numberedId = (prefix: string, number: string): string =>
  `('${prefix}_' || lpad((${number})::text, 26, '0'))`;
export const numbered = (prefix: string, number: number): string =>
  `${prefix}_${String(number).padStart(26, '0')}`;

export async function insert({ pool, operatorId }: Context, [into, select]: Written): Promise<void> {
  const [table = '', columns = ''] = into.split(/ (.*)/s);
  await pool.query(
    `insert into ${table} (operator_id, ${columns}) ${select.replaceAll('$1', `'${operatorId}'`)}`,
  );
}
