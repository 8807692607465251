// Options of `api.useInfiniteQuery` for every list of the API: the next page begins at its cursor.
import type { InfiniteData } from '@tanstack/react-query';

type ListPage = { next_cursor: string | null };

export const paged = {
  // Not undefined, which the client replaces by 0.
  initialPageParam: null as string | null,
  getNextPageParam: ({ next_cursor: next }: ListPage) => next ?? undefined,
};

/** `select` of a list whose rows are the `results` of something. */
export function rowsOfResults<Row>({ pages, pageParams }: InfiniteData<{ results: Row[] }>) {
  return { pageParams, pages: pages.map(({ results }) => ({ data: results })) };
}
