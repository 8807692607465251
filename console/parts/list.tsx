// Lists of several pages as one table: the rows read so far, and a button for more.
import type { UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Button } from './button.tsx';
import { NoneFits, type Filters } from './filters.tsx';
import { Loaded } from './layout.tsx';
import { Table, type Column } from './table.tsx';

type Pages<Row> = UseInfiniteQueryResult<{ pages: { data: Row[] }[] }, unknown>;

type ListProps<Row> = {
  caption: string;
  /** A row in one word: `postback`. */
  one: string;
  pages: Pages<Row>;
  columns: readonly Column<Row>[];
  /** By its `id`, unless rows have none. */
  keyOf?: (row: Row) => string;
  /** In place of rows where there are none at all. */
  empty: ReactNode;
  filters?: Filters;
};

export function List<Row extends object>(props: ListProps<Row>) {
  const { caption, one, pages, columns, keyOf = idOf, empty, filters } = props;
  return (
    <>
      <Loaded query={pages} of={`${one}s`}>
        {(read) => (
          <Table
            caption={caption}
            columns={columns}
            rows={read.pages.flatMap(({ data }) => data)}
            keyOf={keyOf}
            empty={filters?.areSet ? <NoneFits one={one} /> : empty}
          />
        )}
      </Loaded>
      {pages.hasNextPage && (
        <div className="panel-body">
          <Button disabled={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
            {pages.isFetchingNextPage ? 'Loading…' : 'Show more'}
          </Button>
        </div>
      )}
    </>
  );
}

function idOf(row: object): string {
  return (row as { id: string }).id;
}
