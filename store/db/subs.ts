// SQL of the sub columns: their bulk-insert specification, and the array that reads them as `Subs`.
import { bySub, SUBS, type Subs } from '../../domain/types.ts';
import type { ColumnSpec } from './bulk.ts';

/** Columns of subs for a bulk insert. `subsOf` may return undefined for a row without subs. */
export function subColumns<Row>(subsOf: (row: Row) => Subs | undefined): ColumnSpec<Row> {
  return bySub((index) => ['text', (row: Row) => subsOf(row)?.[index]] as const);
}

/**
 * `array[coalesce(e.sub1, c.sub1), …]`: reads subs as `Subs`, each from the first of the tables or
 * aliases that has it.
 */
export function subArray(...tables: [string, ...string[]]): string {
  const columns = SUBS.map((sub) => `coalesce(${tables.map((table) => `${table}.${sub}`).join(', ')})`);
  return `array[${columns.join(', ')}]`;
}
