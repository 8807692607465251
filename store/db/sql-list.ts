// Lists of the domain as text for SQL, so that a statement and a type follow from one list.

/** `('a', 'b')`. For values of the code, never of a caller: quotes are not escaped. */
export function sqlList(values: readonly string[]): string {
  return `(${values.map((value) => `'${value}'`).join(', ')})`;
}
