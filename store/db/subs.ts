// SQL of the sub columns: their bulk-insert specification, and the array that reads them as `Subs`.
import { bySub, SUBS, type Subs } from '../../domain/types.ts';
import type { ColumnSpec } from './bulk.ts';

/** Columns of subs for a bulk insert. `subsOf` may return undefined for a row without subs. */
export function subColumns<Row>(subsOf: (row: Row) => Subs | undefined): ColumnSpec<Row> {
  return bySub((index) => ['text', (row: Row) => subsOf(row)?.[index]] as const);
}

/** `array[e.sub1, …]`: reads the subs of the table or alias as `Subs`. */
export function subArray(table: string): string {
  return `array[${SUBS.map((sub) => `${table}.${sub}`).join(', ')}]`;
}
