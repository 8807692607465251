// `Page`: limit and cursor of a list. Lists are ordered by id, newest first, since ids sort by
// creation time.

/** At most `limit` rows with ids below `before`, or the newest where that is null. */
export type Page = { limit: number; before: string | null };
