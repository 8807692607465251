// How lists are cut into pages and answered: newest first, with the cursor of the next page.
import type { Page } from '../../store/db/page.ts';

/** The rows of a page: one more than wanted is asked for, to know whether there is a next page. */
export async function answerPage<Row extends { id: string }, View>(
  query: { limit: number; cursor?: string | undefined },
  readRows: (page: Page) => Promise<Row[]>,
  view: (row: Row) => View,
): Promise<{ data: View[]; next_cursor: string | null }> {
  const rows = await readRows({ limit: query.limit + 1, before: query.cursor ?? null });
  const shown = rows.slice(0, query.limit);
  const last = shown.at(-1);
  return { data: shown.map(view), next_cursor: rows.length > shown.length && last ? last.id : null };
}
