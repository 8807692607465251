// Lists: the query of a page and its answer, newest first, with the cursor of the next page.
import type { RequestHandler } from 'express';
import { z } from 'zod';
import type { LookedPage } from '../../store/db/look-through.ts';
import type { Page } from '../../store/db/page.ts';
import { callerOf } from './auth.ts';
import { ID, id } from './fields.ts';
import { read } from './read.ts';

type PageQuery = { limit: number; cursor?: string | undefined };

/**
 * Rows of a page. Where the list looked through as many rows as it may before the page was full,
 * the next page begins where it ended.
 */
type Found<Row> = Row[] | LookedPage<Row>;

/** Handles the request of a list: reads its query by `form` and answers with a page of the rows. */
export function listOf<Query extends PageQuery, Row extends { id: string }>(
  form: z.ZodType<Query>,
  readRows: (operatorId: string, page: Page, query: Query) => Promise<Found<Row>>,
  view: (row: Row) => unknown,
): RequestHandler {
  return async (req, res) => {
    const caller = callerOf(res);
    const query = read(form, req.query, caller);
    const { operator } = caller;
    res.json(await answerPage(query, (page) => readRows(operator.id, page, query), view));
  };
}

/**
 * The answer of one page. Reads one row more than asked for, to know whether there is a next page.
 */
export async function answerPage<Row extends { id: string }, View>(
  query: PageQuery,
  readRows: (page: Page) => Promise<Found<Row>>,
  view: (row: Row) => View,
): Promise<{ data: View[]; next_cursor: string | null }> {
  const found = await readRows({ limit: query.limit + 1, before: query.cursor ?? null });
  const { rows, reached } = Array.isArray(found) ? { rows: found, reached: null } : found;
  const shown = rows.slice(0, query.limit);
  const last = shown.at(-1);
  return { data: shown.map(view), next_cursor: rows.length > shown.length && last ? last.id : reached };
}

/** `limit` and `cursor` of every list; the cursor is the id of the last row that was shown. */
export const page = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'must be 1 to 200')
    .transform(Number)
    .pipe(z.number().min(1).max(200))
    .default(50),
  cursor: z.string().regex(ID, 'is not a cursor of this list').optional(),
};

/** The query of a list without filters. */
export const plainPage = z.strictObject(page);

export const byAffiliate = z.strictObject({ ...page, affiliate_id: id.optional() });
