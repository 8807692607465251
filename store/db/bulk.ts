// Rows on their way into a statement, as one array per column that `unnest` turns back into rows. Beside one JSON document that
// `json_to_recordset` reads, this costs PostgreSQL half (27 columns: 7.7 in place of 13.4 µs a row), and the Node process makes no row objects.

/** What a column can carry: text as it is, whole numbers exactly, times in UTC, bytes. Undefined is NULL. */
export type Value = string | number | bigint | boolean | Date | Uint8Array | null | undefined;

/** How rows of one kind travel. */
export type Columns<Row> = {
  /** `a, b`: in the order in which `from` gives them. */
  names(): string;
  /** `a = t.a, b = t.b`, but not for the columns that say which row it is. */
  changes(from: string, keys: readonly string[]): string;
  /** The rows as a table for a FROM clause; its parameters are the values, the first of them with this number. */
  from(firstParameter: number, alias: string): string;
  /** The same beside the operator, as in `named`, in the order of the first column, an id: that is how rows are locked. */
  ofOperator(firstParameter: number, alias: string): string;
  values(rows: readonly Row[]): string[];
};

/** Each column with its type in PostgreSQL and its value in a row. Statements hold these names as they are: never a caller's. */
export type ColumnSpec<Row> = Readonly<Record<string, readonly [type: string, value: (row: Row) => Value]>>;

export function columns<Row>(spec: ColumnSpec<Row>): Columns<Row> {
  const names = Object.keys(spec);
  const all = Object.values(spec);
  const unnested = (first: number, alias: string): string => {
    const arrays = all.map(([type], index) => `$${first + index}::${type}[]`);
    return `unnest(${arrays.join(', ')}) as ${alias} (${names.join(', ')})`;
  };
  return {
    names: () => names.join(', '),
    changes: (from, keys) =>
      names
        .filter((name) => !keys.includes(name))
        .map((name) => `${name} = ${from}.${name}`)
        .join(', '),
    from: unnested,
    ofOperator: (first, alias) =>
      `(select $1 as operator_id, r.* from ${unnested(first, 'r')} order by r.${names[0]} collate "C" offset 0) as ${alias}`,
    values: (rows) => all.map(([, value]) => arrayOf(rows, value)),
  };
}

/**
 * The operator (`$1`) beside each value of a list, for a FROM clause: rows that are looked up are joined by `operator_id` and the value. With
 * `operator_id = $1` in its place the planner, which takes a tenant for a small part of a table that it remembers as small, would read all of
 * the tenant's rows and compare each with the list.
 */
export function named(parameter: number, alias = 'named'): string {
  return `(select $1 as operator_id, unnest($${parameter}::text[]) as item offset 0) as ${alias}`;
}

/** An array as PostgreSQL reads it (manual, "Array Input and Output Syntax"). */
function arrayOf<Row>(rows: readonly Row[], value: (row: Row) => Value): string {
  let text = '{';
  for (const row of rows) text += (text.length === 1 ? '' : ',') + elementOf(value(row));
  return `${text}}`;
}

const SPECIAL = /["\\]/g;
const CONTROLS = /\\[^"\\]/;

function elementOf(value: Value): string {
  if (value === null || value === undefined) return 'NULL';
  // Looking for the two costs half of asking a pattern, and few texts have one of them.
  if (typeof value === 'string')
    return value.includes('"') || value.includes('\\') ? escaped(value) : `"${value}"`;
  if (value instanceof Date) return `"${value.toISOString()}"`;
  if (value instanceof Uint8Array) return `"\\\\x${Buffer.from(value).toString('hex')}"`;
  return String(value);
}

/** As in JSON, which is written sooner, but that control characters stay as they are. */
function escaped(text: string): string {
  const json = JSON.stringify(text);
  return CONTROLS.test(json) ? `"${text.replace(SPECIAL, String.raw`\$&`)}"` : json;
}
