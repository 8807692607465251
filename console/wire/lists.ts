// Options of `api.useInfiniteQuery` for every list of the API: the next page begins at its cursor.

type ListPage<Row> = { data: Row[]; next_cursor: string | null };

export const paged = {
  // Not undefined, which the client replaces by 0.
  initialPageParam: null as string | null,
  getNextPageParam: ({ next_cursor: next }: ListPage<unknown>) => next ?? undefined,
};

/** The rows of all pages read so far. */
export function allRows<Row>({ pages }: { pages: ListPage<Row>[] }): Row[] {
  return pages.flatMap(({ data }) => data);
}
