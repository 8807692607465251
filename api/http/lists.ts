// Lists: the query of a page and its answer, newest first, with the cursor of the next page; as
// JSON a page, as CSV many pages in one.
import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import type { LookedPage } from '../../store/db/look-through.ts';
import type { Page } from '../../store/db/page.ts';
import { callerOf } from './auth.ts';
import { columnsOf, headerOf, rowsOf } from './csv.ts';
import { ID, id } from './fields.ts';
import { shownTo } from './own-answers.ts';
import { read } from './read.ts';

type PageQuery = { limit: number; cursor?: string | undefined };

/**
 * Rows of a page. Where the list looked through as many rows as it may before the page was full,
 * the next page begins where it ended.
 */
type Found<Row> = Row[] | LookedPage<Row>;

/** A list: its rows, what is shown of one, and the schema of that. */
type Listed<Row, View> = {
  rows: (page: Page) => Promise<Found<Row>>;
  view: (row: Row) => View;
  schema: z.ZodObject;
  /** What the rows are called in JSON: `data`, unless they are a part of something else. */
  as?: string;
};

export const LIMIT_AT_MOST = 200;
/** CSV without a `limit` holds so many pages: with the longest ones 5,000 rows. */
const PAGES_AT_MOST = 25;

/** Handles the request of a list: reads its query by `form` and answers with a page of the rows. */
export function listOf<Query extends PageQuery, Row extends { id: string }>(
  form: z.ZodType<Query>,
  readRows: (operatorId: string, page: Page, query: Query) => Promise<Found<Row>>,
  view: (row: Row) => unknown,
  schema: z.ZodObject,
): RequestHandler {
  return async (req, res) => {
    const caller = callerOf(res);
    const query = read(form, req.query, caller);
    const rows = (page: Page) => readRows(caller.operator.id, page, query);
    await answerList(req, res, query, { rows, view, schema });
  };
}

/**
 * Answers with a page of a list as JSON, with what `more` gives beside it; or as CSV, where
 * `Accept` asks for it.
 */
export async function answerList<Row extends { id: string }, View>(
  req: Request,
  res: Response,
  query: PageQuery,
  list: Listed<Row, View>,
  more: () => Promise<object> = () => Promise.resolve({}),
): Promise<void> {
  res.vary('accept');
  if (wantsCsv(req)) return answerCsv(req, res, query, list);
  const [{ data, next_cursor: next }, beside] = await Promise.all([pageOf(query, list), more()]);
  linkNext(req, res, next);
  res.json({ ...beside, [list.as ?? 'data']: data, next_cursor: next });
}

/** A list without pages: its rows as they are shown, and what stands beside them in JSON. */
type Whole = { schema: z.ZodObject; rows: readonly object[]; as?: string; beside?: object };

/** Answers with a list that has no pages; as CSV, where `Accept` asks for it. */
export function answerWhole(
  req: Request,
  res: Response,
  { schema, rows, as = 'data', beside = {} }: Whole,
): void {
  res.vary('accept');
  const columns = columnsOf(schema);
  if (wantsCsv(req)) sendCsv(req, res, headerOf(columns) + rowsOf(columns, shownTo(res, rows)));
  else res.json({ [as]: rows, ...beside });
}

/** Whether `Accept` prefers CSV to JSON. */
export function wantsCsv(req: Request): boolean {
  return req.accepts(['application/json', 'text/csv']) === 'text/csv';
}

async function answerCsv<Row extends { id: string }, View>(
  req: Request,
  res: Response,
  query: PageQuery,
  list: Listed<Row, View>,
): Promise<void> {
  const columns = columnsOf(list.schema);
  const isOnePage = req.query['limit'] !== undefined;
  const limit = isOnePage ? query.limit : LIMIT_AT_MOST;
  let text = headerOf(columns);
  let { cursor } = query;
  for (let pages = 1; ; pages++) {
    const { data, next_cursor: next } = await pageOf({ limit, cursor }, list);
    text += rowsOf(columns, shownTo(res, data));
    if (next === null || isOnePage || pages === PAGES_AT_MOST) {
      linkNext(req, res, next);
      break;
    }
    cursor = next;
  }
  sendCsv(req, res, text);
}

/** As a file that is named after the list. */
function sendCsv(req: Request, res: Response, text: string): void {
  res
    .attachment(`${req.path.split('/').at(-1)}.csv`)
    .type('text/csv')
    .send(text);
}

/** `Link: <…>; rel="next"`, as RFC 8288 has it. */
function linkNext(req: Request, res: Response, cursor: string | null): void {
  if (cursor === null) return;
  const url = new URL(req.originalUrl, 'http://any.example');
  url.searchParams.set('cursor', cursor);
  res.setHeader('link', `<${url.pathname}${url.search}>; rel="next"`);
}

/** A page of a list. Reads one row more than asked for, to know whether there is a next page. */
async function pageOf<Row extends { id: string }, View>(
  query: PageQuery,
  { rows: readRows, view }: Listed<Row, View>,
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
    .pipe(z.number().min(1).max(LIMIT_AT_MOST))
    .default(50),
  cursor: z.string().regex(ID, 'is not a cursor of this list').optional(),
};

/** The query of a list without filters. */
export const plainPage = z.strictObject(page);

export const byAffiliate = z.strictObject({ ...page, affiliate_id: id.optional() });
