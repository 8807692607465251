// A page of a list: newest first by id, since ids sort by the time they were made.

/** At most `limit` rows with ids below `before`, or the newest where that is null. */
export type Page = { limit: number; before: string | null };
