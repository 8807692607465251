// Options of `api.useInfiniteQuery` for every list of the API: the next page begins at its cursor.

type ListPage = { next_cursor: string | null };

export const paged = {
  // Not undefined, which the client replaces by 0.
  initialPageParam: null as string | null,
  getNextPageParam: ({ next_cursor: next }: ListPage) => next ?? undefined,
};
