// Parameters of a statement that is put together by what is asked for.

/** Adds a value to the statement's parameters and returns its place there, such as `$3`. */
export type Parameter = (value: unknown) => string;

/** `values` begins with those given, and gains one with each call of `parameter`. */
export function parametersOf(...given: unknown[]): { values: unknown[]; parameter: Parameter } {
  const values = [...given];
  return { values, parameter: (value) => `$${values.push(value)}` };
}

/** A condition that always holds. */
export const ALL = 'true';

/** SQL that holds where all conditions hold. */
export function allOf(conditions: readonly string[]): string {
  return conditions.filter((condition) => condition !== ALL).join(' and ') || ALL;
}
