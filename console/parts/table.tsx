// Tables that become one card a row on a small screen.
import type { ReactNode } from 'react';

export type Column<Row> = {
  title: string;
  cell: (row: Row) => ReactNode;
  /** Aligns numbers at the end. */
  end?: boolean;
  /** Only read out, as of a column of buttons. */
  hidden?: boolean;
};

type TableProps<Row> = {
  /** Names the table for screen readers. */
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  empty: ReactNode;
};

/** The roles are written out: `display: block` takes them away. */
export function Table<Row>({ caption, columns, rows, keyOf, empty }: TableProps<Row>) {
  if (rows.length === 0) return empty;
  return (
    <div className="table-scroll">
      <table className="stacks" role="table" aria-label={caption}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map(({ title, end, hidden }) => (
              <th key={title} role="columnheader" className={end ? 'end' : undefined}>
                {hidden ? <span className="only-read">{title}</span> : title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={keyOf(row)} role="row">
              {columns.map(({ title, cell, end, hidden }) => (
                <td
                  key={title}
                  role="cell"
                  className={end ? 'end' : undefined}
                  data-label={hidden ? undefined : title}
                >
                  <div>{cell(row)}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
