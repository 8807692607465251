// Answers to affiliates: what an operator's answer holds that is not for them is left out.
import type { Response } from 'express';

/** Who the customers are. Left out unless the operator shares it. */
const OF_PERSONS: ReadonlySet<string> = new Set(['customer_id', 'metadata']);
/** Other affiliates, and the operator's own tools: null for affiliates. */
const OF_THE_OPERATOR: ReadonlySet<string> = new Set([
  'parent_id',
  'parent_since',
  'sent_by',
  'workflow_id',
  'workflow_url',
]);
/** Whose a row is. Rows of others, and of the operator itself, are left out. */
const OWNER = ['affiliate_id', 'recipient_id'] as const;
/** A key, by which a person of the operator acted. */
const KEY = /^key_[0-9a-z]{26}$/;

type Viewer = { affiliateId: string; sharesPersons: boolean };

/** Has `res.json` and `shownTo` leave out what is not for the affiliate. */
export function answerAffiliate(res: Response, viewer: Viewer): void {
  const shown = (body: unknown): unknown => shownToViewer(body, viewer);
  const json = res.json.bind(res);
  res.json = (body: unknown) => json(shown(body));
  res.locals['shown'] = shown;
}

/** What the caller may see of a part of an answer that is not sent by `res.json`. */
export function shownTo<T>(res: Response, part: T): T {
  const shown = res.locals['shown'] as ((body: T) => T) | undefined;
  return shown === undefined ? part : shown(part);
}

function shownToViewer(value: unknown, viewer: Viewer): unknown {
  if (Array.isArray(value))
    return value.filter((item) => !isAnothers(item, viewer)).map((item) => shownToViewer(item, viewer));
  if (typeof value === 'string') return KEY.test(value) ? 'operator' : value;
  if (!isPlain(value)) return value;
  const entries = Object.entries(value).flatMap(([name, inner]): [string, unknown][] => {
    if (OF_PERSONS.has(name) && !viewer.sharesPersons) return [];
    return [[name, OF_THE_OPERATOR.has(name) ? null : shownToViewer(inner, viewer)]];
  });
  return Object.fromEntries(entries);
}

function isAnothers(item: unknown, { affiliateId }: Viewer): boolean {
  return isPlain(item) && OWNER.some((name) => item[name] !== undefined && item[name] !== affiliateId);
}

/** Whether it is an object of an answer; a Date is not. */
function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
