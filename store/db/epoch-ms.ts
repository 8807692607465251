// Reads a time as whole milliseconds since 1970, which the rules count in.

/**
 * The milliseconds since 1970 of a `timestamptz` expression, rounded down as `Date` does; NULL
 * stays NULL. A number costs the driver far less than a Date made of text. `date_part` counts in
 * doubles, exact to a quarter of a microsecond in our times, so half a microsecond keeps whole
 * milliseconds whole.
 */
export function epochMs(expression: string): string {
  return `floor(date_part('epoch', ${expression}) * 1000 + 0.0005)`;
}
